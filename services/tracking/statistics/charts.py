"""Bars as SVG: no script, a title and a description for those who cannot see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH, HEIGHT, FOOT, TOP, LEFT = 680, 240, 34, 14, 44
TICKS: Final = 4
FLAT: Final = 16.0
"""Of an outline whose height would say too much."""
SAID: Final = "Số liệu của biểu đồ nằm trong bảng ngay bên dưới."


@dataclass(frozen=True)
class Series:
    """One part of every bar."""

    name: str
    colour: str


@dataclass(frozen=True)
class Bar:
    """`parts`, one a series; where one is withheld the bar is an outline, as high as `whole` if that is known."""

    parts: Sequence[int | None]
    whole: int | None


def bars(name: str, title: str, columns: Mapping[str, Bar], series: Sequence[Series]) -> str:
    """Stacked bars, one a column. The page has the numbers in a table too."""
    most = max((bar.whole or 0 for bar in columns.values()), default=0)
    step = _step(most)
    scale = (HEIGHT - FOOT - TOP) / (step * TICKS)
    place = (WIDTH - LEFT) / max(1, len(columns))
    parts = [_grid(step, scale)]
    for index, (label, bar) in enumerate(columns.items()):
        x = LEFT + index * place + place * 0.18
        parts.append(_bar(x, place * 0.64, bar, series, scale))
        parts.append(f'<text x="{x + place * 0.32:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(label)}</text>')
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="{escape(title)}">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{SAID}</desc>{"".join(parts)}</svg></div>'
        f"{_legend(series)}"
    )


def _step(most: int) -> int:
    """A round distance between lines, so that `TICKS` of them hold the highest bar."""
    unit = 1
    while True:
        for times in (1, 2, 5):
            if unit * times * TICKS >= most:
                return unit * times
        unit *= 10


def _grid(step: int, scale: float) -> str:
    lines = []
    for tick in range(TICKS + 1):
        y = HEIGHT - FOOT - tick * step * scale
        lines.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH}" class="line"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick * step}</text>')
    return "".join(lines)


def _bar(x: float, width: float, bar: Bar, series: Sequence[Series], scale: float) -> str:
    base: float = HEIGHT - FOOT
    if None in bar.parts:
        high = max(FLAT, (bar.whole or 0) * scale)
        return f'<rect x="{x:.1f}" y="{base - high:.1f}" width="{width:.1f}" height="{high:.1f}" class="few"/>'
    drawn = []
    for number, part in zip(bar.parts, series, strict=True):
        height = (number or 0) * scale
        base -= height
        drawn.append(
            f'<rect x="{x:.1f}" y="{base:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{part.colour}"/>'
        )
    return "".join(drawn)


def _legend(series: Sequence[Series]) -> str:
    keys = "".join(f'<li><i style="background:{s.colour}"></i>{escape(s.name)}</li>' for s in series)
    return f'<ul class="legend">{keys}<li><i class="few"></i>có số dưới 5, không công bố từng phần</li></ul>'

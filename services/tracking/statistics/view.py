"""The totals as people get them: the running ones, or while they are being counted again the last good ones."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from chassis.rereading import Place
from schemas.event import format_instant
from services.tracking.domain.counted import Cell, Counted, cells
from services.tracking.statistics.log import PLACES, Positions, totals

FORM: Final = 1


@dataclass(frozen=True)
class Shown:
    """Totals at an instant. `live`: they follow the log; else they are the last good ones."""

    totals: Mapping[Cell, int] = field(default_factory=dict)
    at: datetime | None = None
    live: bool = False


class View:
    """Totals of one generation, and of the one before until this one has caught up.

    Invariants:
        - `totals` is the sum of the cells of all dossiers counted, and `positions` says up to which records.
        - It is live only when all partitions are held and what was in the log at the last recovery is counted.
    """

    def __init__(self, last_good: Shown) -> None:
        self.totals: Counter[Cell] = Counter()
        self.positions: dict[Place, int] = {}
        self.revision = 0
        self._wanted: Positions | None = None
        self._good = last_good
        self._live = False

    def begin(self, dossiers: Iterable[Counted]) -> None:
        """The table was recovered: these are all dossiers in it."""
        self.totals = totals(dossiers)
        self.revision += 1

    def catch_up(self, committed: Positions, wanted: Positions) -> None:
        """Where the recovered table stood at least, and what was in the log then."""
        self.positions = {p: max(committed.get(p, 0), self.positions.get(p, 0)) for p in PLACES}
        self._wanted = wanted

    def counted(self, changed: Iterable[tuple[Counted, Counted]], positions: Positions) -> None:
        """Dossiers as they were and as they are; the next offsets after what was counted."""
        for before, after in changed:
            self.totals.update(cells(after))
            self.totals.subtract(cells(before))
            self.revision += 1
        for place, offset in positions.items():
            self.positions[place] = max(offset, self.positions.get(place, 0))

    def interrupted(self, now: datetime) -> None:
        """Partitions were taken away: what is shown is what was good until now."""
        self._good = self.copy(now)
        self._wanted, self._live = None, False

    @property
    def live(self) -> bool:
        """Whether the totals follow the log."""
        if not self._live and self._wanted is not None:
            self._live = all(self.positions.get(place, 0) >= end for place, end in self._wanted.items())
        return self._live

    def shown(self, now: datetime) -> Shown:
        """What people get at this instant; it may change with the next record."""
        return Shown(self.totals, now, live=True) if self.live else self._good

    def copy(self, now: datetime) -> Shown:
        """As `shown`, and it stays so."""
        found = self.shown(now)
        return Shown(dict(found.totals), found.at)


def save(path: Path, shown: Shown) -> None:
    """Whole or not at all: a reader never sees half of it."""
    form = {
        "v": FORM,
        "at": format_instant(shown.at) if shown.at else None,
        "cells": [[*cell, number] for cell, number in shown.totals.items() if number],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    with gzip.open(half, "wt", encoding="utf-8", compresslevel=3) as file:
        json.dump(form, file, ensure_ascii=False)
    os.replace(half, path)  # noqa: PTH105 - the atomic one


def load(path: Path) -> Shown:
    """The last good totals; none where there are none that can be read: they are only a copy."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            form = json.load(file)
    except (OSError, EOFError, ValueError):
        return Shown()
    if form.get("v") != FORM or form["at"] is None:
        return Shown()
    found = {Cell(*cell): number for *cell, number in form["cells"]}
    return Shown(found, datetime.fromisoformat(form["at"]))

"""The public page: Vietnamese with English, charts without scripts, every number also in a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

from law.clock.hours import local
from services.tracking.domain.disclosure import FEWEST
from services.tracking.domain.figures import USUAL_DAYS, Usual
from services.tracking.domain.open_data import GROUPS, MONTHS, Month, OpenData
from services.tracking.statistics.charts import Bar, Series, bars

STYLE: Final = """
:root{color-scheme:light}*{box-sizing:border-box}
body{font:1.06rem/1.55 system-ui,sans-serif;margin:0;color:#1b1f24;background:#f4f5f7}
header{background:#8f1d21;color:#fff;padding:1rem 1.25rem}header p{margin:0;font-size:.95rem}
main{max-width:52rem;margin:1.25rem auto;padding:1.25rem;background:#fff;border-radius:.5rem;border:1px solid #d5d9de}
h1{font-size:1.35rem;margin:.2rem 0 .6rem}h2{font-size:1.12rem;margin:2rem 0 .5rem}
[lang=en]{color:#4a525c}p.note{border-left:.5rem solid #8a5a00;background:#fdf6e7;padding:.75rem 1rem}
ul.main{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;padding:0;list-style:none}
ul.main li{border:1px solid #d5d9de;border-radius:.4rem;padding:.7rem .9rem}
ul.main strong{display:block;font-size:1.5rem;line-height:1.3}
svg{width:100%;min-width:34rem;height:auto;font-size:12px}svg text{fill:#3b434c}
.line{stroke:#d5d9de;fill:none}.few{fill:none;stroke:#6b7480;stroke-dasharray:3 3}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;padding:0;margin:.4rem 0;font-size:.95rem}
.legend i{display:inline-block;width:.95rem;height:.95rem;margin-right:.4rem;vertical-align:-.12rem}
.legend i.few{border:1px dashed #6b7480}
table{border-collapse:collapse;width:100%;font-size:.97rem}caption{text-align:left;color:#4a525c}
th,td{padding:.35rem .5rem;border-bottom:1px solid #d5d9de;text-align:right}th:first-child{text-align:left}
.wide{overflow-x:auto}summary{cursor:pointer;color:#8f1d21;font-weight:600}a{color:#8f1d21}
:focus-visible{outline:3px solid #1a5fb4;outline-offset:2px}
@media(max-width:32rem){main{margin:0;border-radius:0;border-left:0;border-right:0}}
"""
SERIES: Final[Mapping[str, Sequence[Series]]] = {
    "resolved": (Series("Trước hạn", "#14713b"), Series("Đúng hạn", "#1a5fb4"), Series("Quá hạn", "#a4161a")),
    "delivered": (
        Series("Trực tuyến", "#1a5fb4"),
        Series("Bưu chính", "#8a5a00"),
        Series("Tại bộ phận một cửa", "#5b3a8e"),
    ),
}
TITLES: Final = {
    "resolved": ("Hồ sơ đã giải quyết theo tháng", "Dossiers resolved by month"),
    "delivered": ("Kết quả đã trả theo hình thức", "Results by way of delivery"),
}
FEW: Final = f"dưới {FEWEST}"


def page(found: OpenData, names: Mapping[str, str], at: datetime, *, live: bool) -> str:
    """Open data for people to read; `names` of procedures by code."""
    head = (
        f'<p>Số liệu đến {_moment(at)}. <span lang="en">Statistics of public services, '
        f"the last {MONTHS} months; figures from 1 to {FEWEST - 1} are withheld.</span></p>"
    )
    charts = "".join(_chart(group, found.months) for group in SERIES)
    return _page(f"{head}{'' if live else NOTE}{_main(found)}{charts}{_times(found.usual, names)}{LINKS}")


def empty() -> str:
    """Nothing was ever counted here yet."""
    return _page(
        "<p>Chưa có số liệu; vui lòng quay lại sau ít phút. "
        '<span lang="en">There are no figures yet; please come back in a few minutes.</span></p>'
    )


def _page(main: str) -> str:
    title = "Thống kê giải quyết thủ tục hành chính"
    return (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body>'
        "<header><p>UBND tỉnh Điện Biên</p><strong>Sở Văn hóa, Thể thao và Du lịch</strong></header>"
        f"<main><h1>{title}</h1>{main}</main></body></html>"
    )


NOTE: Final = (
    '<p class="note" role="status">Số liệu đang được tính lại; trang này hiển thị số liệu gần nhất đã kiểm tra. '
    '<span lang="en">Figures are being counted again; these are the last good ones.</span></p>'
)
LINKS: Final = (
    "<h2>Dữ liệu mở</h2><p>Cùng số liệu này để tải về: "
    '<a href="/open-data/statistics.csv">CSV</a>, <a href="/open-data/statistics.json">JSON</a>. '
    '<span lang="en">The same figures as open data.</span></p>'
)


def _main(found: OpenData) -> str:
    received = sum(month.sums["received"] or 0 for month in found.months)
    resolved = sum(month.sums["resolved"] or 0 for month in found.months)
    shown = (
        ("Đã tiếp nhận", str(received), "Received"),
        ("Đã giải quyết", str(resolved), "Resolved"),
        ("Đúng và trước hạn", _per_cent(found.in_time), "In time"),
        ("Hồ sơ mức độ 4", _per_cent(found.level4), "Dossiers at level 4"),
    )
    items = (f'<li>{vi}<strong>{value}</strong><span lang="en">{en}</span></li>' for vi, value, en in shown)
    return f'<ul class="main">{"".join(items)}</ul>'


def _chart(group: str, months: Iterable[Month]) -> str:
    series, (vi, en) = SERIES[group], TITLES[group]
    columns = {
        f"{m.month[5:]}/{m.month[2:4]}": Bar([m.columns[group][word] for word in GROUPS[group]], m.sums[group])
        for m in months
    }
    head = "".join(f'<th scope="col">{s.name}</th>' for s in series)
    rows = "".join(
        f'<tr><th scope="row">{label}</th>{"".join(f"<td>{_number(n)}</td>" for n in bar.parts)}</tr>'
        for label, bar in columns.items()
    )
    return (
        f'<section><h2>{vi} <span lang="en">{en}</span></h2>{bars(group, vi, columns, series)}'
        f'<details><summary>Bảng số liệu: {vi.lower()}</summary><div class="wide" tabindex="0" role="group" '
        f'aria-label="{vi}"><table><caption>{vi}</caption>'
        f'<thead><tr><th scope="col">Tháng</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'
        "</section>"
    )


def _times(found: Mapping[str, Usual], names: Mapping[str, str]) -> str:
    title = '<h2>Thời gian giải quyết thường gặp <span lang="en">Usual times</span></h2>'
    if not found:
        return f"{title}<p>Chưa đủ hồ sơ trong {USUAL_DAYS} ngày qua để công bố.</p>"
    rows = "".join(
        f'<tr><th scope="row">{escape(names.get(code, code))}</th><td>{_days(one.median)}</td><td>{_days(one.p90)}</td>'
        f"<td>{one.decided}</td></tr>"
        for code, one in found.items()
    )
    return (
        f'{title}<div class="wide" tabindex="0" role="group" aria-label="Thời gian giải quyết"><table>'
        f"<caption>Từ khi tiếp nhận đến khi có quyết định, {USUAL_DAYS} ngày gần nhất</caption><thead><tr>"
        '<th scope="col">Thủ tục</th><th scope="col">Một nửa số hồ sơ</th><th scope="col">Chín phần mười số hồ sơ</th>'
        f'<th scope="col">Số hồ sơ</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _number(number: int | None) -> str:
    return FEW if number is None else str(number)


def _days(days: int | None) -> str:
    return "trên 180 ngày" if days is None else f"không quá {days} ngày"


def _per_cent(per_mille: int | None) -> str:
    return "–" if per_mille is None else f"{per_mille // 10},{per_mille % 10} %"


def _moment(at: datetime) -> str:
    return local(at).strftime("%H:%M ngày %d/%m/%Y")

"""The few forms of a panel that the dashboards are made of, on Grafana's own builders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.dashboard import Dashboard, DataSourceRef

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
"""As deploy/grafana/provisioning names it."""
HEIGHT: Final = 8


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph, or with `now` one number. `queries`: (expression, legend); `unit` is Grafana's word for it.

    `what` tells a reader in a sentence what is shown and what would be wrong. `width` of 24.
    """

    title: str
    what: str
    unit: str
    queries: Sequence[tuple[str, str]]
    now: bool = False
    width: int = 12


def said(kind: str, window: str = "1h") -> str:
    """How many events of a type were said in the last `window`."""
    return f'sum(increase(hoso_events_published_total{{type=~"{kind}.v.+"}}[{window}]))'


def quantile(share: float, metric: str, by: str, selector: str = "") -> str:
    """A quantile of a histogram over five minutes."""
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({metric}_bucket{selector}[5m])))"


def counted(width: int, *kinds: tuple[str, str]) -> list[Panel]:
    """Numbers of the last 24 hours, by title and type of event."""
    return [
        Panel(
            title, f"Events {kind} in the last 24 hours.", "short", [(said(kind, "1d"), title)], now=True, width=width
        )
        for title, kind in kinds
    ]


def ratio(part: str, whole: str) -> str:
    """Rates of two counters, by service, divided."""
    return f"sum by (service) (rate({part}[5m])) / sum by (service) (rate({whole}[5m]))"


def board(uid: str, title: str, panels: Sequence[Panel]) -> Dashboard:
    """A dashboard of these panels, left to right and down, over the last six hours."""
    built = dashboard.Dashboard(title).uid(uid).tags(["hoso"]).refresh("30s").time("now-6h", "now").readonly()
    for number, panel in enumerate(panels, 1):
        built = built.with_panel(_number(panel, number) if panel.now else _graph(panel, number))
    return built.build()


def _number(panel: Panel, number: int) -> stat.Panel:
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    built = stat.Panel().id(number).title(panel.title).description(panel.what).unit(panel.unit).datasource(SOURCE)
    built = built.span(panel.width).height(HEIGHT // 2).reduce_options(last)
    for query in _queries(panel):
        built = built.with_target(query)
    return built


def _graph(panel: Panel, number: int) -> timeseries.Panel:
    built = timeseries.Panel().id(number).title(panel.title).description(panel.what).unit(panel.unit)
    built = built.datasource(SOURCE).span(panel.width).height(HEIGHT).min(0)
    for query in _queries(panel):
        built = built.with_target(query)
    return built


def _queries(panel: Panel) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(chr(ord("A") + at))
        for at, (expression, legend) in enumerate(panel.queries)
    ]

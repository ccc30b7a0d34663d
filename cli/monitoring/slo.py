"""Service level objectives, and what follows from each: recording rules and alerts on how fast its budget burns.

Windows and factors are those of the Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts": a
budget is for 30 days; at 14.4 times its pace an hour takes 2 % of it, at 6 times six hours 5 %, at its pace three days
10 %.
The short window ends an alert soon after its cause has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.local.paths import ROOT

FILE: Final = ROOT / "deploy/prometheus/rules/slo.yml"
WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
HEADER: Final = "# Written by `make generate` from cli/monitoring/slo.py.\n"
Burn = tuple[str, str, float]
"""Long window, short window, factor."""
PAGE: Final[Sequence[Burn]] = (("1h", "5m", 14.4), ("6h", "30m", 6))
TICKET: Final[Sequence[Burn]] = (("1d", "2h", 3), ("3d", "6h", 1))


@dataclass(frozen=True, slots=True)
class Objective:
    """`share` of what is counted must be good; `bad` and `total` are rates over a window. `pages`: it cannot wait."""

    name: str
    alert: str
    share: float
    what: str
    next: str
    bad: Callable[[str], str]
    total: Callable[[str], str]
    pages: bool = True

    @property
    def recorded(self) -> str:
        """Name of the recorded share of what is bad, without its window."""
        return f"hoso:{self.name}_bad:ratio"


def _answered(selector: str, seconds: str) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """Bad: answered with 5xx, or later than `seconds`, a bucket of hoso_http_seconds."""

    def total(window: str) -> str:
        return f"sum(rate(hoso_http_seconds_count{{{selector}}}[{window}]))"

    def bad(window: str) -> str:
        good = f'hoso_http_seconds_bucket{{{selector},status!~"5..",le="{seconds}"}}[{window}]'
        return f"{total(window)} - (sum(rate({good})) or vector(0))"

    return bad, total


def _effects(selector: str) -> tuple[Callable[[str], str], Callable[[str], str]]:
    def rate(window: str, results: str = "") -> str:
        return f"sum(rate(hoso_effects_total{{{selector}{results}}}[{window}]))"

    return lambda window: rate(window, ',result!="done"'), rate


def _said(kind: str) -> Callable[[str], str]:
    return lambda window: f'sum(rate(hoso_events_published_total{{type=~"{kind}.v.+"}}[{window}]))'


OBJECTIVES: Final = (
    Objective(
        "submissions",
        "HosoSubmissionsSlo",
        0.995,
        "filings are refused by our fault, or acknowledged later than 2.5 s",
        "HosoStoreAway first; then the slowest route and the load of submission",
        *_answered('service="submission",method="POST",route="/dossiers"', "2.5"),
    ),
    Objective(
        "ipn",
        "HosoIpnSlo",
        0.999,
        "payment notices are not answered, or later than 2.5 s: the gateway sends them again, the citizen waits",
        "HosoStoreAway first; then the log of payment; hoso payment reconcile tells what is missing",
        *_answered('service="payment",route=~"/payments/(vnpay/ipn|paygov/result)"', "2.5"),
    ),
    Objective(
        "messages",
        "HosoMessagesSlo",
        0.99,
        "attempts to hand over a message did not succeed before their lease ended",
        "HosoPartnerAway first; then hoso notify providers and hoso notify attention",
        *_effects('effect=~"sms.(send|inform|code)|email.(send|officers)"'),
    ),
    Objective(
        "terms",
        "HosoTermsSlo",
        0.98,
        "dossiers go over their statutory terms",
        "which unit and which step? More hands, or an extension where the law allows one",
        _said("dossier.overdue"),
        _said("dossier.accepted"),
        pages=False,
    ),
)


def rules() -> dict[str, Any]:
    """The rule file, as Prometheus reads it."""
    recording = [
        {"record": f"{one.recorded}_rate{window}", "expr": f"({one.bad(window)}) / {one.total(window)}"}
        for one in OBJECTIVES
        for window in WINDOWS
    ]
    alerts = [
        _alert(one, severity, burns)
        for one in OBJECTIVES
        for severity, burns in (("page", PAGE), ("ticket", TICKET))
        if one.pages or severity == "ticket"
    ]
    return {"groups": [{"name": "slo", "rules": [*recording, *alerts]}]}  # one group: in this order


def _alert(one: Objective, severity: str, burns: Sequence[Burn]) -> dict[str, Any]:
    budget = 1 - one.share
    pairs = (
        " and ".join(f"{one.recorded}_rate{window} > {factor * budget:.4g}" for window in (long, short))
        for long, short, factor in burns
    )
    return {
        "alert": one.alert,
        "expr": " or ".join(f"({pair})" for pair in pairs),
        "labels": {"severity": severity, "slo": one.name},
        "annotations": {
            "summary": f"{{{{ $value | humanizePercentage }}}} of late: {one.what}; {one.share:.1%} is the objective",
            "next": one.next,
            "runbook_url": f"docs/runbooks/{one.alert}.md",
        },
    }


def documents() -> dict[Path, str]:
    """The file and its text."""
    return {FILE: HEADER + yaml.safe_dump(rules(), sort_keys=False, width=1_000)}

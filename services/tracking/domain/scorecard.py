"""The scorecard of Decision 766/QĐ-TTg (23/6/2022), as far as this system knows its inputs. Pure.

The weights of the six groups are known (three verified, three remembered; domain facts 2.6); those of the indicators
within a group are not, so only a group with one indicator gets a score. What is missing is named, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from law.report06a import Row
from services.tracking.domain.figures import family, share

ONLINE_PAYMENT: Final = ("vnpay", "paygov", "vietqr")


@dataclass(frozen=True)
class Group:
    """`score`: hundredths of a point, None where inputs are missing. `indicators`: per mille, by name."""

    code: str
    vi: str
    en: str
    points: int
    mark: Literal["V", "R"]
    score: int | None = None
    indicators: Mapping[str, int | None] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def scorecard(row: Row, found: Mapping[str, int], services: tuple[int, int]) -> tuple[Group, ...]:
    """From the row of all of report II.06a, the sums of the same period, and services at level 4 of how many.

    Progress is what ended in time of all that ended or is overdue. Complaints are answered in time as PAKN are.
    """
    in_time = share(row.early + row.on_time, row.resolved_total + row.overdue)
    complaints = family(found, "complaint")
    answered = complaints.get("on_time", 0) + complaints.get("late", 0)
    rated = {int(score): number for score, number in family(found, "rated").items()}
    paid = family(found, "paid")
    paid_online = share(sum(paid.get(way, 0) for way in ONLINE_PAYMENT), sum(paid.values()))
    decided = family(found, "level4")
    return (
        Group(
            "openness", "Công khai, minh bạch", "Openness", 18, "V",
            missing=("procedures published against the national database", "dossiers that reached the national portal"),
        ),
        Group("progress", "Tiến độ giải quyết", "Progress", 20, "V", _score(20, in_time), {"in_time": in_time}),
        Group(
            "satisfaction", "Mức độ hài lòng", "Satisfaction", 18, "V",
            indicators={
                "complaints_answered_in_time": share(complaints.get("on_time", 0), answered),
                "ratings_4_or_5": share(rated.get(4, 0) + rated.get(5, 0), sum(rated.values())),
            },
            missing=("whether those who complained were content with the answer", "weights of the two indicators"),
        ),
        Group(
            "digitisation", "Số hóa hồ sơ", "Digitisation", 22, "R",
            missing=("papers digitised at the desk", "results reused as data", "weights of the indicators"),
        ),
        Group(
            "online_services", "Cung cấp dịch vụ trực tuyến", "Online services", 12, "R",
            indicators={
                "services_at_level_4": share(*services),
                "dossiers_at_level_4": share(decided.get("yes", 0), sum(decided.values())),
                "dossiers_filed_online": share(row.received_online, row.received_online + row.received_otherwise),
            },
            missing=("weights of the indicators",),
        ),
        Group(
            "online_payment", "Thanh toán trực tuyến", "Online payment", 10, "R",
            _score(10, paid_online), {"paid_online": paid_online},
        ),
    )  # fmt: skip


def _score(points: int, per_mille: int | None) -> int | None:
    return None if per_mille is None else points * per_mille // 10

"""Orders, consignments and their way through the post."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from simulators.journal import Journal

ZONE: Final = timezone(timedelta(hours=7))
OUT: Final = (1, 2, 6, 7, 10, 11, 12)
"""From the order to the postman at the door."""
FATES: Final[Mapping[str, tuple[int, ...]]] = {
    "delivered": (14,),
    "redelivered": (15, 12, 14),
    "returned": (15, 12, 15, 16, 17, 18, 24, 28, 19),
    "forwarded": (13, 10, 11, 12, 14),
    "partial": (23, 20),
    "cancelled": (22, 29),
    "lost": (),
    "contradictory": (14, 15, 19),
    "found": (19, 14),
    "paid": (14, 21),
}
"""What may follow once it is out for delivery, in codes of MyVNPost. `contradictory`: delivered, then returned."""
STARTS: Final[Mapping[str, tuple[int, ...]]] = {
    "hesitant": (0, 1, 3, 2, 4, 5, 4, 6, 7, 10, 11, 12, 14),
    "unfetched": (1, 3, 4, 5, 4, 8),
    "called_off": (1, 2, 9),
    "called_off_and_fetched": (1, 9, 4, 6, 7, 10, 11, 12, 14),
}
"""What may become of an order from its beginning. The last contradicts itself: called off, and fetched all the same."""
PLANS: Final[Mapping[str, tuple[int, ...]]] = {**{name: (*OUT, *end) for name, end in FATES.items()}, **STARTS}
FETCHED: Final = frozenset({6, 7, *range(10, 20), 23, 24})
_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
KEPT: Final = 20_000


def s10(number: int) -> str:
    """An item number of UPU S10 with its check digit: ``RA473124829VN``."""
    digits = f"{number:08d}"
    rest = 11 - sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True)) % 11
    check = {10: 0, 11: 5}.get(rest, rest)
    return f"RA{digits}{check}VN"


class Order(BaseModel):
    """An order to collect at the sender's and deliver; names as in `postDieuTin`. Money in đồng, weight in grams."""

    model_config = ConfigDict(extra="forbid")

    SoDonHang: Annotated[str, Field(min_length=1, max_length=100)]
    MaKhachHang: Annotated[str, Field(min_length=1, max_length=30)]
    TenNguoiGui: Annotated[str, Field(min_length=1, max_length=255)]
    DiaChiNguoiGui: Annotated[str, Field(min_length=1, max_length=500)]
    TenNguoiNhan: Annotated[str, Field(min_length=1, max_length=255)]
    DiaChiNguoiNhan: Annotated[str, Field(min_length=1, max_length=500)]
    DienThoaiNguoiNhan: Annotated[str, Field(pattern=r"^\+?\d{9,15}$")]
    MaTinhNhan: Annotated[str, Field(pattern=r"^\d{2}$")]
    MaXaNhan: Annotated[str, Field(pattern=r"^\d{5}$")]
    NoiDungHang: Annotated[str, Field(min_length=1, max_length=255)]
    TrongLuong: Annotated[int, Field(ge=1, le=30_000)]
    SoTienCOD: Annotated[int, Field(ge=0)] = 0
    DienThoaiNguoiGui: Annotated[str, Field(pattern=r"^\+?\d{9,15}$")] | None = None


@dataclass
class Consignment:
    """One order and what happened to it; `plan` are the statuses still to come."""

    item: str
    order: Order
    history: list[tuple[int, datetime]] = field(default_factory=list)
    plan: list[int] = field(default_factory=list)

    def statuses(self, *, shuffled: bool, untold: Collection[int] = ()) -> list[dict[str, object]]:
        """As the API tells them, but for those it never tells; the newest first when asked out of order."""
        told = [
            {
                "itemCode": self.item,
                "status": status,
                "updatedDate": at.astimezone(ZONE).isoformat(timespec="milliseconds"),
            }
            for status, at in self.history
            if status not in untold
        ]
        return told[::-1] if shuffled else told


def _kept(entry: dict[str, Any]) -> Consignment:
    history = [(status, datetime.fromisoformat(at)) for status, at in entry["history"]]
    return Consignment(entry["item"], Order(**entry["order"]), history, entry["plan"])


class Office:
    """All consignments, which the journal keeps, and the tokens that may ask about them, which end with the process."""

    def __init__(self, journal: Journal) -> None:
        kept = {entry["item"]: entry for entry in journal.entries()}
        self.consignments = [_kept(entry) for entry in kept.values()]
        self._journal = journal
        self._numbers = itertools.count(47_312_482 + len(kept))
        self._tokens: dict[str, datetime] = {}

    def token(self, now: datetime, life: timedelta) -> str:
        """A new access token."""
        token = secrets.token_urlsafe(24)
        self._tokens[token] = now + life
        return token

    def knows(self, token: str, now: datetime) -> bool:
        """Whether it may ask."""
        return self._tokens.get(token, now) > now

    def take(self, order: Order, now: datetime, fate: str = "delivered") -> Consignment:
        """A new consignment for every order, also for one that was sent before."""
        consignment = Consignment(s10(next(self._numbers)), order, plan=list(PLANS[fate]))
        self.consignments.append(consignment)
        self.move(consignment, now)
        del self.consignments[:-KEPT]
        return consignment

    def move(self, consignment: Consignment, now: datetime) -> bool:
        """The next status of one consignment, written down; False when nothing more happens to it."""
        if not consignment.plan:
            return False
        consignment.history.append((consignment.plan.pop(0), now))
        self.save(consignment)
        return True

    def save(self, consignment: Consignment) -> None:
        """Writes a consignment down as it is now."""
        self._journal.add(
            {
                "item": consignment.item,
                "order": consignment.order.model_dump(),
                "history": [(status, at.isoformat()) for status, at in consignment.history],
                "plan": consignment.plan,
            }
        )

    def cancel(self, consignment: Consignment, now: datetime) -> bool:
        """Lets go of an order that was not fetched yet; again: as before."""
        done = {status for status, _ in consignment.history}
        if 9 in done:  # noqa: PLR2004 - cancelled
            return True
        if done & FETCHED:
            return False
        consignment.plan = [9]
        self.move(consignment, now)
        return True

    def by_order(self, number: str) -> Consignment | None:
        """The first consignment of an order number."""
        return next((c for c in self.consignments if c.order.SoDonHang == number), None)

    def by_item(self, item: str) -> Consignment | None:
        """The consignment of an item number."""
        return next((c for c in self.consignments if c.item == item), None)

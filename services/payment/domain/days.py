"""One method's day: what was reconciled, what did not fit, who resolved it. An aggregate of its own. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from chassis.decision import Command, Decision, Handlers, Refused
from chassis.document import AggregateType
from schemas.event import Dong, Instant, Record, Text
from schemas.payment import Method
from services.payment.domain import ledger
from services.payment.domain.compare import Difference
from services.payment.domain.ledger import Journal
from services.payment.messages import Short

MAX_DISCREPANCIES: Final = 200
NAME: Final = "days"
GONE: Final = "the report that came later does not have it"


class Discrepancy(Record):
    """A difference in the queue: since when it waits for a person, and what they made of it."""

    difference: Difference
    opened_at: Instant
    resolution: str | None = None
    resolved_by: str | None = None
    resolved_at: Instant | None = None

    @property
    def open(self) -> bool:
        """It still waits."""
        return self.resolved_at is None

    def age(self, now: datetime) -> int:
        """Whole days that it has waited, or did."""
        return ((self.resolved_at or now) - self.opened_at).days


class Day(Record):
    """`sha256` is of the file as it was imported; amounts in VND; `more` discrepancies had no room."""

    method: Method
    day: str
    sha256: str = ""
    by: str = ""
    at: Instant | None = None
    lines: int = 0
    paid: Dong = Dong(0)
    refunded: Dong = Dong(0)
    charges: Dong = Dong(0)
    net: int = 0
    discrepancies: tuple[Discrepancy, ...] = ()
    more: int = 0
    journals: tuple[Journal, ...] = ()

    @property
    def waiting(self) -> tuple[Discrepancy, ...]:
        """Those nobody has resolved."""
        return tuple(d for d in self.discrepancies if d.open)


class RecordDay(Command):
    """A file was imported and compared. With `whole` it has all there is: what it no longer shows is gone."""

    method: Method
    day: date
    sha256: Text
    by: Text
    lines: int
    paid: Dong
    refunded: Dong
    charges: Dong
    net: int
    differences: tuple[Difference, ...]
    whole: bool = True


class Resolve(Command):
    """The accountant says what became of a discrepancy."""

    key: Text
    resolution: Short
    by: Text


def id_of(method: Method, day: date) -> str:
    """``vnpay-2026-11-24``."""
    return f"{method}-{day.isoformat()}"


def record(state: Day | None, command: RecordDay, now: datetime) -> Decision[Day]:
    """New differences open, those that are gone close, those that a person resolved stay so."""
    state = state or Day(method=command.method, day=command.day.isoformat())
    found = {d.key: d for d in command.differences}
    known = {d.difference.key for d in state.discrepancies}
    kept = tuple(_seen_again(d, found, command, now) for d in state.discrepancies)
    new = tuple(Discrepancy(difference=d, opened_at=now) for key, d in found.items() if key not in known)
    room = max(0, MAX_DISCREPANCIES - len(kept))
    changes: dict[str, Any] = {"discrepancies": (*kept, *new[:room]), "more": len(new[room:])}
    if command.whole:
        changes |= {
            name: getattr(command, name) for name in ("sha256", "by", "lines", "paid", "refunded", "charges", "net")
        }
        changes |= {"at": now, "journals": (_settled(command, now),) if command.paid or command.refunded else ()}
    state = state.model_copy(update=changes)
    return Decision(state, answer={"open": len(state.waiting), "new": len(new), "more": state.more})


def _seen_again(known: Discrepancy, found: dict[str, Difference], command: RecordDay, now: datetime) -> Discrepancy:
    """One that closed by itself and shows again opens again; what a person resolved stays resolved."""
    again = found.get(known.difference.key)
    if again is None:
        if not command.whole or not known.open:
            return known
        return known.model_copy(update={"resolution": GONE, "resolved_by": command.by, "resolved_at": now})
    if known.resolution == GONE:
        return Discrepancy(difference=again, opened_at=now)
    return known.model_copy(update={"difference": again}) if known.open else known


def _settled(command: RecordDay, now: datetime) -> Journal:
    """The gateway owes us that much less: what it transfers, and what it keeps."""
    net = int(command.paid) - int(command.refunded) - int(command.charges)
    cleared = net + int(command.charges)
    debit = {ledger.BANK: max(0, net), ledger.CHARGES: int(command.charges), _account(command): max(0, -cleared)}
    credit = {ledger.BANK: max(0, -net), _account(command): max(0, cleared)}
    sides = [{a: n for a, n in side.items() if n} for side in (debit, credit)]
    return ledger.journal(now, "settled", id_of(command.method, command.day), debit=sides[0], credit=sides[1])


def _account(command: RecordDay) -> str:
    return ledger.clearing(command.method)


def resolve(state: Day | None, command: Resolve, now: datetime) -> Decision[Day]:
    """A person closes a discrepancy, with a reason."""
    known = next((d for d in state.discrepancies if d.difference.key == command.key), None) if state else None
    if state is None or known is None:
        raise Refused("not_found", "there is no such discrepancy")
    if not known.open:
        raise Refused("wrong_state", "the discrepancy is resolved")
    done = known.model_copy(
        update={"resolution": command.resolution, "resolved_by": command.by, "resolved_at": now}
    )  # fmt: skip
    rest = tuple(done if d is known else d for d in state.discrepancies)
    state = state.model_copy(update={"discrepancies": rest})
    return Decision(state, answer={"open": len(state.waiting)})


def view(state: Day) -> dict[str, str]:
    """Lists ask for the days on which something waits."""
    return {"waits": "yes" if state.waiting else "no"}


HANDLERS: Final[Handlers] = {RecordDay: record, Resolve: resolve}
DAYS: Final = AggregateType(name=NAME, state=Day, handlers=HANDLERS, view=view, indexes=(("waits",),))

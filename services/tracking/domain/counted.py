"""What one dossier adds to the statistics: a pure fold of its events, and the cells that follow from it.

Totals are the sum of the cells of all dossiers, so a change of one dossier is its new cells minus its old ones. Nothing
is ever added to a total by itself (docs/decisions/0060-statistics.md).

Invariants:
    - An event at or below the last sequence of its stream changes nothing: a repeat is harmless.
    - Streams may interleave in any way; the cells are the same.
    - Days are local days (Asia/Ho_Chi_Minh). No personal data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, cast

from law.clock.hours import local
from schemas import delivery, dossier, feedback, notification, payment, work
from schemas.event import DossierEvent, Instant, Record

End = Literal["approved", "refused", "withdrawn", "stopped", "rejected"]
"""How it ended; `rejected`: at the desk, before it was received, so that report 06a never holds it."""
EDITION: Final = 1
"""Raised with every change of what is counted: a new edition counts everything anew from the log."""
BUCKETS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 60, 90, 180)
"""Upper bounds in days, from reception to decision; what took longer counts under `LONGER`."""
LONGER: Final = 9999
CASH: Final = "cash"


class Cell(NamedTuple):
    """Where a number is kept: local day as 2026-11-24, procedure, unit (empty before one has it), measure."""

    day: str
    procedure: str
    unit: str
    measure: str


class Counted(Record):
    """One dossier as statistics see it. `last`: the last sequence by stream; `tally`: day and measure to a number.

    `due`: None while nothing is due: a fee or a supplement is awaited.
    """

    last: Mapping[str, int] = {}
    procedure: str = ""
    unit: str = ""
    route: str = ""
    filed: Instant | None = None
    received: Instant | None = None
    due: Instant | None = None
    settled: bool = False
    end: End | None = None
    ended: Instant | None = None
    supplemented: bool = False
    cash: bool = False
    complaint_due: Instant | None = None
    tally: Mapping[str, int] = {}


def count(counted: Counted, stream: str, sequence: int, event: DossierEvent) -> Counted:
    """The dossier after an event of a stream."""
    if sequence <= counted.last.get(stream, 0):
        return counted
    changes = COUNTED[type(event)](counted, event)
    return counted.model_copy(update={**changes, "last": {**counted.last, stream: sequence}})


def cells(counted: Counted) -> Counter[Cell]:
    """What the dossier adds, by cell."""
    found: Counter[Cell] = Counter()
    for day, measure, number in (*_course(counted), *_tallied(counted)):
        found[Cell(day, counted.procedure, counted.unit, measure)] += number
    return found


def _tallied(counted: Counted) -> Iterator[tuple[str, str, int]]:
    for key, number in counted.tally.items():
        day, _, measure = key.partition(" ")
        yield day, measure, number


def _course(counted: Counted) -> Iterator[tuple[str, str, int]]:
    route = counted.route or "unknown"
    if counted.filed is not None:
        yield day_of(counted.filed), f"filed.{route}", 1
        if counted.supplemented:
            yield day_of(counted.filed), "filed.supplemented", 1
    if counted.received is None:
        if counted.ended is not None and counted.end is not None:
            yield day_of(counted.ended), f"unreceived.{counted.end}", 1
        return
    yield day_of(counted.received), f"received.{route}", 1
    yield from _term(counted)
    if counted.ended is None:
        return
    day = day_of(counted.ended)
    yield day, f"ended.{counted.end}", 1
    if counted.end in {"approved", "refused"}:
        yield day, f"took.{bucket(counted.received, counted.ended):04d}", 1
        yield day, f"level4.{'no' if counted.cash else 'yes'}", 1


def _term(counted: Counted) -> Iterator[tuple[str, str, int]]:
    """Early, on time or late; and the hour from which it was late (`breach`), whether or not it has ended since.

    What was stopped or withdrawn in time is on time, never early.
    """
    due, ended = counted.due, counted.ended
    late = due is not None and (ended is None or ended > due)
    if due is not None and late:
        yield day_of(due), f"breach.{local(due).hour:02d}", 1
    if ended is None:
        return
    decided = counted.end in {"approved", "refused"}
    early = decided and due is not None and day_of(ended) < day_of(due)
    yield day_of(ended), f"resolved.{'late' if late else 'early' if early else 'on_time'}", 1


def day_of(instant: datetime) -> str:
    """The local day, as 2026-11-24."""
    return local(instant).date().isoformat()


def bucket(begin: datetime, end: datetime) -> int:
    """The upper bound of the bucket, in days, that the time between holds."""
    took = end - begin
    return next((bound for bound in BUCKETS if took.total_seconds() <= bound * 86_400), LONGER)


def _add(counted: Counted, at: datetime, measures: Mapping[str, int]) -> dict[str, Any]:
    """Numbers for the day of `at`."""
    tally = dict(counted.tally)
    for measure, number in measures.items():
        key = f"{day_of(at)} {measure}"
        tally[key] = tally.get(key, 0) + number
    return {"tally": tally}


def _submitted(_: Counted, event: dossier.DossierSubmitted) -> dict[str, Any]:
    return {"procedure": event.procedure, "route": event.route, "filed": event.filed_at}


def _accepted(counted: Counted, event: dossier.DossierAccepted) -> dict[str, Any]:
    """A fee that was due before reception is settled by now."""
    waits = event.total and not counted.settled
    return {"received": event.received_at, "due": None if waits else event.due_at}


def _settled(_: Counted, event: dossier.FeeSettled) -> dict[str, Any]:
    return {"settled": True, "due": event.due_at}


def _supplement(counted: Counted, event: dossier.SupplementRequested) -> dict[str, Any]:
    return {"due": None, "supplemented": True, **_add(counted, event.requested_at, {"supplement": 1})}


def _due(_: Counted, event: DossierEvent) -> dict[str, Any]:
    return {"due": getattr(event, "due_at", None)}


def _retimed(counted: Counted, event: work.DossierRetimed) -> dict[str, Any]:
    return {"due": event.due_at} if event.matter == "term" and counted.due is not None else {}


def _assigned(_: Counted, event: work.DossierAssigned) -> dict[str, Any]:
    return {"unit": event.unit}


def _ended(end: End | None, at: str) -> Callable[[Counted, DossierEvent], dict[str, Any]]:
    def ended(_: Counted, event: DossierEvent) -> dict[str, Any]:
        return {"end": end or getattr(event, "outcome", None), "ended": getattr(event, at)}

    return ended


def _complained(counted: Counted, event: feedback.ComplaintFiled) -> dict[str, Any]:
    return {"complaint_due": event.due_at, **_add(counted, event.complained_at, {"complaint.filed": 1})}


def _answered(counted: Counted, event: feedback.ComplaintAnswered) -> dict[str, Any]:
    late = counted.complaint_due is not None and event.answered_at > counted.complaint_due
    words = {f"complaint.{'late' if late else 'on_time'}": 1, f"complaint.{'upheld' if event.upheld else 'no'}": 1}
    return _add(counted, event.answered_at, words)


def _rated(counted: Counted, event: feedback.DossierRated) -> dict[str, Any]:
    return _add(counted, event.rated_at, {f"rated.{event.score}": 1})


def _paid(counted: Counted, event: payment.PaymentReceived | payment.DifferenceReceived) -> dict[str, Any]:
    through = event.through or "vnpay"  # before there were others it was not said
    paid = _add(counted, event.paid_at, {f"paid.{through}": 1, f"paid_vnd.{through}": int(event.amount)})
    return {"cash": counted.cash or through == CASH, **paid}


def _refund_asked(counted: Counted, event: payment.RefundRequested) -> dict[str, Any]:
    return _add(counted, event.requested_at, {"refund.requested": 1})


def _refunded(counted: Counted, event: payment.RefundMade) -> dict[str, Any]:
    return _add(counted, event.made_at, {"refund.made": 1, "refund_vnd.made": int(event.amount)})


def _refund_declined(counted: Counted, event: payment.RefundDeclined) -> dict[str, Any]:
    return _add(counted, event.declined_at, {"refund.declined": 1})


def _delivered(counted: Counted, event: delivery.ResultDelivered) -> dict[str, Any]:
    return _add(counted, event.delivered_at, {f"delivered.{event.way}": 1})


def _undelivered(word: str, at: str) -> Callable[[Counted, DossierEvent], dict[str, Any]]:
    def undelivered(counted: Counted, event: DossierEvent) -> dict[str, Any]:
        return _add(counted, getattr(event, at), {f"undelivered.{word}": 1})

    return undelivered


def _message(word: str) -> Callable[[Counted, DossierEvent], dict[str, Any]]:
    def message(counted: Counted, event: DossierEvent) -> dict[str, Any]:
        told = cast("notification.MessageSent", event)
        return _add(counted, told.at, {f"message.{told.channel}.{word}": 1})

    return message


COUNTED: Final[Mapping[type[DossierEvent], Callable[[Counted, Any], dict[str, Any]]]] = {
    dossier.DossierSubmitted: _submitted,
    dossier.DossierAccepted: _accepted,
    dossier.DossierRejected: _ended("rejected", "rejected_at"),
    dossier.SupplementRequested: _supplement,
    dossier.DossierSupplemented: _due,
    dossier.FeeSettled: _settled,
    dossier.DossierExtended: _due,
    dossier.DossierStopped: _ended("stopped", "stopped_at"),
    dossier.DossierWithdrawn: _ended("withdrawn", "withdrawn_at"),
    dossier.DossierDecided: _ended(None, "decided_at"),
    work.DossierAssigned: _assigned,
    work.StageAnswered: _due,
    work.DossierRetimed: _retimed,
    feedback.DossierRated: _rated,
    feedback.ComplaintFiled: _complained,
    feedback.ComplaintAnswered: _answered,
    payment.PaymentReceived: _paid,
    payment.DifferenceReceived: _paid,
    payment.RefundRequested: _refund_asked,
    payment.RefundMade: _refunded,
    payment.RefundDeclined: _refund_declined,
    delivery.ResultDelivered: _delivered,
    delivery.DeliveryFailed: _undelivered("failed", "failed_at"),
    delivery.ConsignmentReturned: _undelivered("returned", "returned_at"),
    delivery.ConsignmentLost: _undelivered("lost", "lost_at"),
    delivery.ResultUncollected: _undelivered("uncollected", "uncollected_at"),
    notification.MessageSent: _message("sent"),
    notification.MessageDelivered: _message("delivered"),
    notification.MessageFailed: _message("failed"),
    notification.MessageUnknown: _message("unknown"),
    notification.MessageExpired: _message("expired"),
    notification.MessageSuppressed: _message("suppressed"),
}
"""What is counted. Other events do not concern statistics, nor does their sequence."""

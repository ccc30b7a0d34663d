"""Where a dossier stands, read off its timeline: who holds it, what of its term is left, payment, delivery. Pure.

Working days are counted as the clock counts them: neither the day of reception nor the days of a pause (domain facts
2.5). What the term itself is the dossier's owner says; this is for people to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from law import calendar
from law.clock.hours import local
from law.errors import CalendarMissing
from schemas.event import format_instant
from services.tracking.domain.timeline import Entry, Tracked

HOLDING: Final = frozenset(
    {"dossier.submitted", "dossier.accepted", "dossier.assigned", "dossier.taken", "dossier.released",
     "dossier.handed_over", "dossier.step_done", "dossier.examined", "dossier.decided", "dossier.result_issued"}
)  # fmt: skip
"""After these another has it, or it is at another step."""
PAUSES: Final = {
    "dossier.supplement_requested": "dossier.supplemented",
    "payment.invoice_opened": "dossier.fee_settled",
}
ENDS: Final = ("dossier.decided", "dossier.withdrawn", "dossier.stopped", "dossier.rejected")
PAYMENT: Final = (
    ("payment.refund_made", "refunded"),
    ("payment.refund_requested", "to_be_refunded"),
    ("payment.received", "paid"),
    ("payment.invoice_expired", "expired"),
    ("payment.invoice_cancelled", "nothing_due"),
    ("payment.invoice_opened", "awaited"),
)
DELIVERY: Final = (
    ("delivery.result_delivered", "delivered"),
    ("delivery.failed", "failed"),
    ("delivery.lost", "lost"),
    ("delivery.returned", "returned"),
    ("delivery.consignment_ordered", "on_its_way"),
    ("delivery.result_available", "available"),
)
"""What it has come to, the last word first."""


def progress(tracked: Tracked, now: datetime) -> dict[str, Any]:
    """As JSON: `held` (unit, step, since), `term` (due, working days used and left), payment, delivery, messages."""
    return {
        "held": _held(tracked),
        "term": _term(tracked, now),
        "payment": next((word for kind, word in PAYMENT if kind in tracked.facts), None),
        "delivery": next((word for kind, word in DELIVERY if kind in tracked.facts), None),
        "messages": [_message(entry) for entry in tracked.entries if entry.type.startswith("notification.")],
    }


def _held(tracked: Tracked) -> Mapping[str, str | None]:
    unit, step, since = None, None, None
    for entry in tracked.entries:
        if entry.type not in HOLDING:
            continue
        unit = entry.detail if entry.type == "dossier.assigned" else unit or (entry.by.unit if entry.by else None)
        step, since = entry.type.partition(".")[2], format_instant(entry.at)
    return {"unit": unit, "after": step, "since": since}


def _message(entry: Entry) -> dict[str, str]:
    return {"at": format_instant(entry.at), "result": entry.type.partition(".")[2], "what": entry.detail}


def _term(tracked: Tracked, now: datetime) -> dict[str, Any] | None:
    """None before it was received."""
    received = next((entry.at for entry in tracked.entries if entry.type == "dossier.accepted"), None)
    if received is None:
        return None
    ended = next((entry.at for entry in tracked.entries if entry.type in ENDS), now)
    today = _day(ended)
    paused = {day for begin, end in _pauses(tracked, ended) for day in _days(begin, end)}
    used = sum(_works(day) for day in _days(_day(received), today) if day not in paused)
    due = tracked.due_at
    left = sum(map(_works, _days(today, _day(due)))) if due is not None else None
    return {
        "due_at": format_instant(due) if due is not None else None,
        "working_days_used": used,
        "working_days_left": left,
        "late": due is not None and ended > due,
    }


def _pauses(tracked: Tracked, now: datetime) -> Iterator[tuple[date, date]]:
    """Day of the request and day of the answer: the first counts, the second does not."""
    for begin, end in PAUSES.items():
        answers = [entry.at for entry in tracked.entries if entry.type == end]
        for asked in (entry.at for entry in tracked.entries if entry.type == begin):
            answered = next((at for at in answers if at >= asked), now)
            yield _day(asked), _day(answered)


def _days(after: date, until: date) -> Iterator[date]:
    """Days after the first, the last among them."""
    for number in range(1, (until - after).days + 1):
        yield after + timedelta(days=number)


def _day(instant: datetime) -> date:
    return local(instant).date()


def _works(day: date) -> bool:
    """A year without a calendar is counted by its weekdays."""
    try:
        return calendar.is_working_day(day)
    except CalendarMissing:
        return day.weekday() < 5  # noqa: PLR2004

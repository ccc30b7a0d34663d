"""Where a dossier stands, as people read it: holder, term, payment, delivery, messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.examples import example
from schemas.event import DossierEvent
from services.tracking.domain.progress import progress
from services.tracking.domain.timeline import HANDLERS, Tracked, track
from tests.unit.services.populations import golden

MONDAY = datetime(2026, 11, 16, 2, tzinfo=UTC)
"""9:00 in Điện Biên; 24/11/2026, a Tuesday, is a holiday."""


def at(day: int) -> datetime:
    return MONDAY.replace(day=day)


def told(*events: Any) -> Tracked:
    state: Tracked | None = None
    for event in events:
        state = track(state, event, MONDAY).state
    assert state is not None
    return state


RECEIVED = golden("dossier.accepted", received_at=at(16), due_at=at(25).replace(hour=10), by=None)


def test_before_it_is_received_it_has_no_term() -> None:
    found = progress(told(golden("dossier.submitted", filed_at=at(16))), at(17))
    assert found["term"] is None
    assert found["held"] == {"unit": None, "after": "submitted", "since": "2026-11-16T02:00:00.000Z"}


def test_the_day_of_reception_and_days_off_do_not_count() -> None:
    term = progress(told(RECEIVED), at(20))["term"]
    assert (term["working_days_used"], term["working_days_left"], term["late"]) == (4, 2, False)


def test_days_of_a_pause_do_not_count_and_nothing_is_due_meanwhile() -> None:
    asked = golden("dossier.supplement_requested", requested_at=at(17))
    waiting = progress(told(RECEIVED, asked), at(20))["term"]
    assert (waiting["working_days_used"], waiting["working_days_left"], waiting["due_at"]) == (1, None, None)
    answered = golden("dossier.supplemented", supplemented_at=at(19), due_at=at(27).replace(hour=10))
    term = progress(told(RECEIVED, asked, answered), at(20))["term"]
    assert (term["working_days_used"], term["working_days_left"]) == (2, 4)


def test_the_term_stops_with_the_decision() -> None:
    decided = golden("dossier.decided", decided_at=at(18))
    assert progress(told(RECEIVED, decided), at(30))["term"]["working_days_used"] == 2


def test_who_holds_it_payment_delivery_and_messages() -> None:
    found = progress(
        told(
            RECEIVED,
            golden("payment.invoice_opened", opened_at=at(16)),
            golden("payment.received", paid_at=at(17)),
            golden("dossier.assigned", assigned_at=at(18), unit="culture"),
            golden("dossier.taken", taken_at=at(19)),
            golden("delivery.consignment_ordered", ordered_at=at(20)),
            golden("notification.sent", at=at(16)),
        ),
        at(20),
    )
    assert found["held"]["unit"] == "culture"
    assert found["held"]["since"] == "2026-11-19T02:00:00.000Z"
    assert (found["payment"], found["delivery"]) == ("paid", "on_its_way")
    assert [m["result"] for m in found["messages"]] == ["sent"]


@pytest.mark.parametrize("event", HANDLERS, ids=lambda event: event.type_name())
def test_everything_that_is_heard_makes_an_entry(event: type[DossierEvent]) -> None:
    assert [entry.type for entry in told(example(event)).entries] == [event.TYPE]

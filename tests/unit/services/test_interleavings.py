"""Streams are unordered among each other: any interleaving ends in the same state."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.generate import GOLDENS
from schemas.topics import CATALOGUES
from services.delivery.domain import life
from services.delivery.domain.delivery import Rules as DeliveryRules
from services.notification.domain.rules import Rules
from services.notification.domain.told import Teller
from services.payment.domain import invoice
from services.tracking.domain import timeline

TELLER = Teller(Rules(quiet=None))
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
STORY = {
    "dossier": [
        "submitted",
        "supplement_requested",
        "supplemented",
        "accepted",
        "person_corrected",
        "fee_settled",
        "assigned",
        "taken",
        "step_done",
        "examined",
        "extended",
        "due_soon",
        "decided",
        "result_issued",
        "completed",
        "rated",
        "complaint_filed",
        "complaint_answered",
    ],
    "payment": ["invoice_opened", "failed", "received", "receipt_issued"],
    "delivery": ["document_stored", "consignment_ordered", "consignment_moved", "result_delivered"],
    "notification": ["sent", "delivered"],
}
ENDED = {
    "dossier": ["submitted", "accepted", "assigned", "overdue", "stopped"],
    "payment": ["invoice_opened", "failed", "invoice_cancelled"],
    "delivery": [],
    "notification": ["sent", "delivered"],
}
TAKEN_BACK = {**ENDED, "dossier": ["submitted", "supplement_requested", "withdrawn"], "payment": []}
HEARD = {
    "payment": (invoice.HANDLERS, ("dossier", "delivery")),
    "notification": (TELLER.handlers, ("dossier", "payment", "delivery")),
    "delivery": (life.handlers(DeliveryRules()), ("dossier", "payment")),
    "tracking": (timeline.HANDLERS, ("dossier", "payment", "delivery", "notification")),
}


def golden(stream: str, name: str) -> Any:
    return CATALOGUES[stream].decode(f"{stream}.{name}.v1", (GOLDENS / f"{stream}.{name}.v1.json").read_bytes())


def play(service: str, events: Iterable[Any]) -> tuple[Any, list[str]]:
    """The final state and the kinds of effects that were decided on the way."""
    handlers, _ = HEARD[service]
    state: Any = None
    effects: list[str] = []
    for event in events:
        handler = handlers.get(type(event))
        if handler is not None:
            decision = handler(state, event, NOW)
            state = decision.state
            effects.extend(e.TYPE for e in decision.effects if not passing(getattr(e, "message", "")))
    return state, sorted(effects)


def passing(message: str) -> bool:
    """Whether it may be untrue before its applicant is known: then it is suppressed, and rightly so."""
    return any(f"/{kind}/" in message for kind in ("invoice", "supplement", "available"))


def shape(state: Any) -> Any:
    dumped = state.dump() if state is not None else None
    if dumped and "spares" in dumped:
        del dumped["spares"]  # their texts name the dossier as it was called at that time
        dumped["messages"] = [m for m in dumped["messages"] if not passing(m["id"])]
    for field in ("kinds", "messages", "facts"):
        if dumped and field in dumped:
            dumped[field] = sorted(json.dumps(v, sort_keys=True) for v in dumped[field])
    return dumped


@pytest.mark.parametrize("story", [STORY, ENDED, TAKEN_BACK], ids=["returned", "stopped", "withdrawn"])
@pytest.mark.parametrize("service", HEARD)
@given(data=st.data())
def test_any_interleaving_ends_in_the_same_state(
    service: str, story: dict[str, list[str]], data: st.DataObject
) -> None:
    streams = HEARD[service][1]
    queues = {stream: [golden(stream, name) for name in story[stream]] for stream in streams}
    expected, effects = play(service, (event for queue in queues.values() for event in queue))
    order = data.draw(st.permutations([stream for stream, queue in queues.items() for _ in queue]))
    left = {stream: iter(queue) for stream, queue in queues.items()}
    found, decided = play(service, (next(left[stream]) for stream in order))
    assert shape(found) == shape(expected)
    assert decided == effects


def test_a_message_of_a_kind_is_made_once() -> None:
    event = golden("dossier", "submitted")
    first = TELLER.tell(None, event, NOW)
    again = TELLER.tell(first.state, event, NOW)
    assert len(first.effects) == 1
    assert not again.effects

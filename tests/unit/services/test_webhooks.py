"""A portal is called with each reply until it takes it, on a ladder, and not for ever."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey

from chassis.decision import DeadlineDue, Decision
from services.submission.domain import exchange, webhooks
from services.submission.domain.correspondence import Exchange
from services.submission.domain.faults import named
from services.submission.domain.webhooks import LADDER, MAX_CALLS, Callbacks
from services.submission.portal_messages import CallPortal, PortalCalled, UpstreamInvalid
from services.submission.settings import SubmissionSettings
from tests.unit.services.lives import FILED

HANDLERS = exchange.handlers(Callbacks({"dvc"}))


def tell(state: Any, message: Any, now: datetime) -> Decision[Exchange]:
    return HANDLERS[type(message)](state, message, now)


def refusal(event: str, source: str = "dvc", size: int = 1) -> UpstreamInvalid:
    problems = (named("invalid", "way", "p" * 200),) * size
    return UpstreamInvalid(source=source, reference="r1", event=event, problems=problems)


def calls(decision: Decision[Any]) -> list[int]:
    return [effect.number for effect in decision.effects if isinstance(effect, CallPortal)]


def test_the_ladder_is_one_minute_five_minutes_an_hour_a_day_two_days_and_then_it_is_given_up() -> None:
    decision, now, waited = tell(None, refusal("e1"), FILED), FILED, []
    for _ in range(10):
        assert calls(decision) == [1]
        decision = tell(decision.state, PortalCalled(number=1, arrived=False), now)
        if not isinstance(decision.due, datetime):
            break
        waited.append(decision.due - now)
        now = decision.due
        decision = tell(decision.state, DeadlineDue(), now)
    assert waited == [
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(days=1),
        timedelta(days=2),
    ]
    assert decision.state is not None
    assert (decision.state.calls.open, decision.state.calls.given_up) == ((), 1)


def test_what_arrived_is_called_no_more_and_others_go_on() -> None:
    first = tell(None, refusal("e1"), FILED)
    second = tell(first.state, refusal("e2"), FILED)
    assert (calls(first), calls(second)) == ([1], [2])
    failed = tell(second.state, PortalCalled(number=1, arrived=False), FILED)
    arrived = tell(failed.state, PortalCalled(number=2, arrived=True), FILED)
    assert arrived.due == FILED + LADDER[0]
    again = tell(arrived.state, DeadlineDue(), FILED + LADDER[0])
    assert calls(again) == [1]
    done = tell(again.state, PortalCalled(number=1, arrived=True), FILED + LADDER[0])
    assert done.state is not None
    assert (done.due, done.state.calls.open, done.state.calls.given_up) == (None, (), 0)


def test_a_portal_without_an_address_is_not_called() -> None:
    assert calls(tell(None, refusal("e1", "another"), FILED)) == []


@pytest.mark.parametrize("size", [1, 60], ids=["many", "large"])
def test_what_waits_for_a_portal_that_is_away_is_bounded(size: int) -> None:
    state = None
    for n in range(3 * MAX_CALLS):
        decision = tell(state, refusal(f"e{n}", size=size), FILED)
        state = decision.state
        for number in calls(decision):
            state = tell(state, PortalCalled(number=number, arrived=False), FILED).state
    assert state is not None
    assert len(state.calls.open) <= MAX_CALLS
    assert state.calls.given_up + len(state.calls.open) == 3 * MAX_CALLS
    assert len(state.dump_json()) < 64 * 1024
    assert sum(len(call.data) for call in state.calls.open) <= webhooks.MAX_BYTES


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], SubmissionSettings]:
    """Those of an agency whose portal `dvc` is registered at an address."""
    given = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "MONGODB_URL": "mongodb://127.0.0.1:1",
        "OIDC_ISSUER": "http://127.0.0.1:1",
        "HOSO_MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
        "HOSO_ALLOWED_HOSTS": '["127.0.0.1:9000"]',
        "SUBMISSION_PORT": "0",
        "SUBMISSION_JWK": json.dumps(ECKey.generate_key("P-256").as_dict(private=True)),
        "SUBMISSION_PORTALS": json.dumps({"dvc": ECKey.generate_key("P-256").as_dict(private=False)}),
        "SUBMISSION_SEARCH_KEY": base64.b64encode(b"s" * 32).decode(),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    def at(url: str, source: str = "dvc") -> SubmissionSettings:
        monkeypatch.setenv("SUBMISSION_WEBHOOKS", json.dumps({source: url}))
        return SubmissionSettings()

    return at


@pytest.mark.parametrize("url", ["https://portal.example/replies", "http://127.0.0.1:9000/replies"])
def test_a_portal_is_called_where_the_agency_registered_it(
    settings: Callable[[str], SubmissionSettings], url: str
) -> None:
    assert settings(url).callbacks == Callbacks(frozenset({"dvc"}), LADDER)


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("http://portal.example/replies", "dvc"),
        ("http://127.0.0.1:9001/replies", "dvc"),
        ("https://user:word@portal.example/", "dvc"),
        ("ftp://portal.example/", "dvc"),
        ("https://portal.example/replies", "nobody"),
    ],
)
def test_no_other_address_can_be_registered(
    settings: Callable[[str, str], SubmissionSettings], url: str, source: str
) -> None:
    with pytest.raises(ValueError, match="SUBMISSION_WEBHOOKS"):
        settings(url, source)

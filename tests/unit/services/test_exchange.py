"""What an upstream portal is answered."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.decision import DeadlineDue, Decision, Impossible
from schemas.personal import PREFIX, Personal
from schemas.upstream import MAX_SUPPLEMENT_BYTES, Asked, Problem, ReplyAccepted, ReplyRefused, StatusChange
from services.submission.domain import exchange
from services.submission.domain.faults import named
from services.submission.messages import (
    AskUpstream,
    CarriedOut,
    CarryOut,
    FiledUpstream,
    UpstreamAsked,
    UpstreamChanged,
    UpstreamFiled,
)
from tests.unit.services import lives
from tests.unit.services.lives import FILED, ID

HANDLERS = exchange.handlers()


def tell(state: exchange.Exchange | None, message: Any, now: datetime = FILED) -> Decision[exchange.Exchange]:
    return HANDLERS[type(message)](state, message, now)


def event(name: str, *, filed: bool = True) -> UpstreamFiled:
    at = FILED if filed else None
    return UpstreamFiled(source="dvc", reference="r1", event=name, filing=lives.filing(), filed_at=at)


def test_a_filed_event_is_answered_again_and_another_is_refused() -> None:
    first = tell(None, event("e1"))
    again = tell(first.state, event("e1"))
    other = tell(again.state, event("e2"))
    for decision in (first, again):
        (reply,) = decision.events
        assert isinstance(reply, ReplyAccepted)
        assert (reply.dossier_id, reply.event, reply.filed_at) == (ID, "e1", FILED)
        assert not decision.effects
    (refusal,) = other.events
    assert isinstance(refusal, ReplyRefused)
    assert refusal.problems[0].problem == "already filed by event e1"
    assert other.state is not None
    assert other.state.events == ("e1", "e2")


def test_no_answer_before_the_dossier_is_filed() -> None:
    with pytest.raises(Impossible):
        tell(None, event("e1", filed=False))


def test_an_exchange_of_the_release_before_still_hears_of_its_effect() -> None:
    waiting = exchange.Exchange(dossier_id=ID, source="dvc", reference="r1", events=("e1",), filed_by="e1")
    decision = tell(waiting, FiledUpstream(event="e1", dossier_id=ID, filed_at=FILED))
    assert [type(e) for e in decision.events] == [ReplyAccepted]


def ask(event: str, asked: Asked = "withdrawal", at: datetime = FILED, form: str = "{}") -> UpstreamAsked:
    sealed = Personal.of(form) if asked == "supplement" else None
    return UpstreamAsked(
        source="dvc", reference="r1", ask=AskUpstream(event=event, asked=asked, form=sealed, came_at=at)
    )


def said(decision: Decision[Any]) -> list[tuple[str, str]]:
    """Type of each reply, and the event it answers or the number of its step."""
    return [
        (reply.TYPE, getattr(reply, "event", None) or str(getattr(reply, "number", ""))) for reply in decision.events
    ]


def test_what_is_asked_is_carried_out_one_after_the_other_and_answered_once() -> None:
    state = tell(None, event("e1")).state
    first = tell(state, ask("s1", "supplement"))
    second = tell(first.state, ask("w1"))
    again = tell(second.state, ask("s1", "supplement"))
    assert [effect.ask.event for effect in first.effects if isinstance(effect, CarryOut)] == ["s1"]
    assert (second.effects, second.events, again.effects, again.events) == ((), (), (), ())
    done = tell(again.state, CarriedOut(event="s1", done_at=FILED))
    assert said(done) == [("reply.done", "s1")]
    assert [effect.ask.event for effect in done.effects if isinstance(effect, CarryOut)] == ["w1"]
    wrong = Problem(field="ce_subject", problem="no", code="wrong_stage")
    refused = tell(done.state, CarriedOut(event="w1", problems=(wrong,)))
    assert said(refused) == [("reply.refused", "w1")]
    assert not refused.effects
    for name, expected in (("s1", "reply.done"), ("w1", "reply.refused")):
        repeat = tell(refused.state, ask(name))
        assert (said(repeat), repeat.effects) == ([(expected, name)], ())


def test_what_is_asked_before_the_filing_waits_a_day_for_it() -> None:
    early = tell(None, ask("w1"))
    assert (early.events, early.effects, early.due) == ((), (), FILED + exchange.WAIT)
    later = tell(early.state, ask("w2", at=FILED + timedelta(hours=1)), FILED + timedelta(hours=1))
    assert later.due == FILED + exchange.WAIT
    filed = tell(later.state, event("e1"))
    assert (said(filed), filed.due) == ([("reply.accepted", "e1")], None)
    assert [effect.ask.event for effect in filed.effects if isinstance(effect, CarryOut)] == ["w1"]
    given_up = tell(later.state, DeadlineDue(), FILED + exchange.WAIT)
    (reply,) = given_up.events
    assert isinstance(reply, ReplyRefused)
    assert (reply.event, reply.problems[0].code) == ("w1", "not_filed")
    assert given_up.due == FILED + exchange.WAIT + timedelta(hours=1)
    assert said(tell(given_up.state, ask("w1"))) == [("reply.refused", "w1")]


def test_too_many_at_once_and_an_id_used_twice_are_refused_by_name() -> None:
    state = tell(None, event("e1")).state
    for n in range(exchange.MAX_WAITING):
        state = tell(state, ask(f"w{n}")).state
    over = tell(state, ask("w-over"))
    twice = tell(state, ask("e1"))
    codes = [e.problems[0].code for d in (over, twice) for e in d.events if isinstance(e, ReplyRefused)]
    assert codes == ["too_many", "repeated"]
    assert over.state == state, "the same event may be tried again"


@given(st.permutations([1, 2, 3, 4, 5]), st.integers(0, 5), st.lists(st.integers(1, 5), max_size=5))
def test_steps_are_told_in_their_order_once_each_after_the_acceptance(
    order: list[int], before: int, repeats: list[int]
) -> None:
    state: exchange.Exchange | None = None
    told: list[tuple[str, str]] = []
    arriving: list[int | None] = [*order[:before], None, *order[before:], *repeats]
    for number in arriving:
        if number is None:
            decision = tell(state, event("e1"))
        else:
            change = StatusChange(number=number, step="accepted", status=2, happened_at=FILED)
            command = UpstreamChanged(source="dvc", reference="r1", dossier_id=ID, change=change)
            decision = tell(state, command)
        state = decision.state
        told += said(decision)
    assert told == [("reply.accepted", "e1"), *(("reply.status", str(n)) for n in range(1, 6))]


def test_an_exchange_stays_small_whatever_a_portal_sends() -> None:
    wrong = tuple(named("invalid", "f" * 999, "p" * 999, "ấ" * 999) for _ in range(100))
    state = tell(None, event("e1")).state
    for n in range(500):
        state = tell(state, ask(f"{n:0>200}")).state
        state = tell(state, CarriedOut(event=f"{n:0>200}", problems=wrong)).state
    for n in range(10):
        state = tell(state, ask(f"late{n}", "supplement", form="f" * MAX_SUPPLEMENT_BYTES)).state
    assert state is not None
    assert (
        len(state.dump_json(lambda _kind, clear: f"{PREFIX}form:{base64.b64encode(clear.encode()).decode()}"))
        < 64 * 1024
    )

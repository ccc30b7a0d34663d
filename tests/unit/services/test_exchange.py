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
from services.submission.domain.correspondence import Exchange
from services.submission.domain.faults import named
from services.submission.portal_messages import (
    AskUpstream,
    CarriedOut,
    CarryOut,
    FetchFile,
    FiledUpstream,
    FileFetched,
    FileUpstream,
    Referenced,
    UpstreamAsked,
    UpstreamChanged,
    UpstreamFiled,
)
from tests.unit.services import lives
from tests.unit.services.lives import FILED, ID

HANDLERS = exchange.handlers()


def tell(state: Exchange | None, message: Any, now: datetime = FILED) -> Decision[Exchange]:
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
    waiting = Exchange(dossier_id=ID, source="dvc", reference="r1", events=("e1",), filed_by="e1")
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
    state: Exchange | None = None
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


def with_files(event: str, count: int = 2) -> UpstreamAsked:
    """A filing with files."""
    files = tuple(
        Referenced(
            code="application", url=Personal.of(f"https://p/{n}"), sha256="0" * 64, size=1, name=Personal.of("a")
        )
        for n in range(count)
    )
    filing = AskUpstream(event=event, asked="filing", filing=lives.filing(), files=files, came_at=FILED)
    return UpstreamAsked(source="dvc", reference="r1", ask=filing)


def test_a_filing_with_files_is_filed_once_they_are_held_and_what_waits_goes_on_after_it() -> None:
    waits = tell(None, ask("w1"))
    begun = tell(waits.state, with_files("e1"))
    assert [type(effect) for effect in begun.effects] == [FetchFile]
    assert begun.due is None, "what waits for its filing does not end while one is on its way"
    second = tell(begun.state, FileFetched(event="e1", file=lives.FILE))
    assert [type(effect) for effect in second.effects] == [FetchFile]
    held = tell(second.state, FileFetched(event="e1", file=lives.FILE))
    (effect,) = held.effects
    assert isinstance(effect, FileUpstream)
    assert effect.filing.files == (lives.FILE, lives.FILE)
    done = tell(held.state, FiledUpstream(event="e1", dossier_id=ID, filed_at=FILED))
    assert said(done) == [("reply.accepted", "e1")]
    assert [type(effect) for effect in done.effects] == [CarryOut]
    again = tell(done.state, with_files("e1"))
    assert (said(again), again.effects) == ([("reply.accepted", "e1")], ())
    assert said(tell(again.state, with_files("e2"))) == [("reply.refused", "e2")]


def test_a_file_that_is_not_to_be_had_refuses_the_filing_and_another_may_follow() -> None:
    wrong = named("file_mismatch", "files.application", "another content")
    begun = tell(None, with_files("e1"))
    refused = tell(begun.state, FileFetched(event="e1", problems=(wrong,)))
    assert (said(refused), refused.effects) == ([("reply.refused", "e1")], ())
    assert [type(effect) for effect in tell(refused.state, with_files("e2")).effects] == [FetchFile]


def test_a_filing_without_files_overtakes_one_whose_files_are_being_fetched() -> None:
    begun = tell(None, with_files("e1", 1))
    plain = tell(begun.state, event("e2"))
    assert said(plain) == [("reply.accepted", "e2")]
    held = tell(plain.state, FileFetched(event="e1", file=lives.FILE))
    done = tell(held.state, FiledUpstream(event="e1", dossier_id=ID, filed_at=FILED))
    assert said(done) == [("reply.refused", "e1")]
    assert done.state is not None
    assert (done.state.filed_by, done.state.waiting) == ("e2", ())


def test_a_supplement_s_files_are_held_before_it_is_carried_out() -> None:
    supplement = ask("s1", "supplement")
    files = with_files("x", 1).ask.files
    asked = supplement.model_copy(update={"ask": supplement.ask.model_copy(update={"files": files})})
    begun = tell(tell(None, event("e1")).state, asked)
    assert [type(effect) for effect in begun.effects] == [FetchFile]
    (effect,) = tell(begun.state, FileFetched(event="s1", file=lives.FILE)).effects
    assert isinstance(effect, CarryOut)
    assert effect.ask.held == (lives.FILE,)
    wrong = named("file_denied", "files.application", "not a public address")
    assert said(tell(begun.state, FileFetched(event="s1", problems=(wrong,)))) == [("reply.refused", "s1")]

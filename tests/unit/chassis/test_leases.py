"""Effects in a document: each policy after a lapsed lease, giving up, late outcomes, leases nobody heard of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

import pytest

from chassis.decision import Command, Decision, Effect, FailureReason, Impossible, Outcome, Policy
from chassis.delivery import Delivery, Dropped, EffectDeferred, EffectDone, EffectFailed, Handled, Sweep
from chassis.document import MAX_UNKNOWN, AggregateType, Document, PendingEffect
from chassis.fold import Folder
from schemas.event import Record

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LAPSED = NOW + timedelta(minutes=1)
ID = "00000000-0000-0000-0000-000000000001"


class Told(Outcome):
    result: str


class Never(Effect):
    TYPE: ClassVar[str] = "never"
    POLICY: ClassVar[Policy] = "never"
    MAX_ATTEMPTS: ClassVar[int] = 3

    def unknown(self) -> Outcome:
        return Told(result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        return Told(result=reason)


class Repeat(Never):
    TYPE: ClassVar[str] = "repeat"
    POLICY: ClassVar[Policy] = "repeat"


class Ask(Never):
    TYPE: ClassVar[str] = "ask"
    POLICY: ClassVar[Policy] = "ask"


class Bare(Effect):
    """Has no outcome for anything that goes wrong."""

    TYPE: ClassVar[str] = "bare"
    POLICY: ClassVar[Policy] = "repeat"
    MAX_ATTEMPTS: ClassVar[int] = 1


KINDS: dict[str, type[Effect]] = {"never": Never, "repeat": Repeat, "ask": Ask, "bare": Bare}


class Do(Command):
    effect: str
    times: int = 1


class Log(Record):
    results: tuple[str, ...] = ()


def do(state: Log | None, command: Do, _now: datetime) -> Decision[Log]:
    return Decision(state or Log(), effects=tuple(KINDS[command.effect]() for _ in range(command.times)))


def told(state: Log, outcome: Told, _now: datetime) -> Decision[Log]:
    if outcome.result == "impossible":
        raise Impossible("not this one")
    return Decision(Log(results=(*state.results, outcome.result)))


KIND = AggregateType(name="logs", state=Log, handlers={Do: do, Told: told}, effects=tuple(KINDS.values()))


Word = Do | EffectDone | EffectDeferred | EffectFailed | Sweep


class Replica:
    """One process: its name, and what it remembers of the effects it holds."""

    def __init__(self, name: str) -> None:
        self.memory: dict[str, Literal["queued", "sent"]] = {}
        self.folder = Folder(KIND, name, lambda _position: pytest.fail("nothing is parked"), held=self.memory.get)

    def fold(self, doc: Document[Log], message: Word, now: datetime) -> tuple[Document[Log], object]:
        """One write: what it leases is started here."""
        doc = doc.copy()
        result = self.folder.fold(doc, Delivery(ID, message), now)
        for pending in doc.newborn:
            self.memory[pending.id] = "queued"
        return doc, result


def born(effect: str, times: int = 1) -> tuple[Document[Log], Replica]:
    one = Replica("one")
    doc, _ = one.fold(Document(ID), Do(effect=effect, times=times), NOW)
    return doc, one


def results(doc: Document[Log]) -> tuple[str, ...]:
    assert doc.state is not None
    return doc.state.results


def only(doc: Document[Log]) -> PendingEffect:
    (pending,) = doc.effects
    return pending


@pytest.mark.parametrize(
    ("late", "expected"), [("done", ("unknown", "done")), ("impossible", ("unknown",)), (None, ("unknown",))]
)
def test_a_late_outcome_corrects_unknown_once(late: str | None, expected: tuple[str, ...]) -> None:
    doc, one = born("never")
    effect = only(doc).id
    doc, _ = Replica("two").fold(doc, Sweep(), LAPSED)
    assert (results(doc), doc.unknown, [e.id for e in doc.doubtful]) == (("unknown",), [effect], [effect])
    if late == "impossible":
        with pytest.raises(Impossible):
            one.fold(doc, EffectDone(effect, Told(result=late)), LAPSED)
    elif late is not None:
        doc, result = one.fold(doc, EffectDone(effect, Told(result=late)), LAPSED)
        assert isinstance(result, Handled)
        assert doc.unknown == []
        assert isinstance(one.fold(doc, EffectDone(effect, Told(result=late)), LAPSED)[1], Dropped)
    assert results(doc) == expected


def test_unknown_effects_are_remembered_up_to_a_limit() -> None:
    doc, one = born("never", MAX_UNKNOWN + 3)
    first, last = doc.effects[0].id, doc.effects[-1].id
    doc, _ = Replica("two").fold(doc, Sweep(), LAPSED)
    assert len(doc.unknown) == MAX_UNKNOWN
    assert isinstance(one.fold(doc, EffectDone(first, Told(result="done")), LAPSED)[1], Dropped)
    assert isinstance(one.fold(doc, EffectDone(last, Told(result="done")), LAPSED)[1], Handled)


def test_a_late_word_counts_for_unknown_effects_only() -> None:
    doc, one = born("repeat")
    late = EffectDone(only(doc).id, Told(result="lapsed"), late=True)
    assert isinstance(one.fold(doc, late, NOW)[1], Dropped)


def test_what_still_waits_in_our_own_queue_is_not_unknown() -> None:
    doc, one = born("never")
    doc, result = one.fold(doc, Sweep(), LAPSED)
    assert isinstance(result, Dropped)
    one.memory[only(doc).id] = "sent"
    doc, _ = one.fold(doc, Sweep(), LAPSED)
    assert results(doc) == ("unknown",)


def test_handing_back_counts_no_attempt() -> None:
    doc, one = born("never")
    for _ in range(10):
        doc, _ = one.fold(doc, EffectDeferred(only(doc).id, LAPSED, tried=False), NOW)
        assert only(doc).status == "waiting"
        doc, _ = one.fold(doc, Sweep(), LAPSED)
    assert (only(doc).attempts, doc.unknown, results(doc)) == (1, [], ())


@pytest.mark.parametrize("effect", ["never", "repeat", "ask"])
def test_tried_too_often_and_never_executed_is_failed(effect: str) -> None:
    doc, one = born(effect)
    for _ in range(3):
        assert results(doc) == ()
        doc, _ = one.fold(doc, EffectDeferred(only(doc).id, LAPSED), NOW)
        doc, _ = one.fold(doc, Sweep(), LAPSED)
    assert (results(doc), doc.effects, doc.unknown) == (("exhausted",), [], [])


@pytest.mark.parametrize("effect", ["repeat", "ask"])
def test_tried_too_often_and_perhaps_executed_is_unknown(effect: str) -> None:
    doc, _ = born(effect)
    two = Replica("two")
    doc, _ = two.fold(doc, Sweep(), LAPSED)
    assert only(doc).asks
    for _ in range(2):
        doc, _ = two.fold(doc, EffectDeferred(only(doc).id, LAPSED), LAPSED)
        doc, _ = two.fold(doc, Sweep(), LAPSED)
    assert (results(doc), doc.effects, len(doc.unknown)) == (("unknown",), [], 1)


@pytest.mark.parametrize(
    ("effect", "lapses", "expected"),
    [
        ("never", False, "refused"),
        ("repeat", False, "refused"),
        ("repeat", True, "unknown"),
        ("ask", True, "refused"),  # the partner was asked first: the earlier attempt was not executed
    ],
)
def test_a_permanent_failure_is_the_last_word(effect: str, lapses: bool, expected: str) -> None:  # noqa: FBT001
    doc, replica = born(effect)
    if lapses:
        replica = Replica("two")
        doc, _ = replica.fold(doc, Sweep(), LAPSED)
    doc, result = replica.fold(doc, EffectFailed(only(doc).id, "refused"), LAPSED)
    assert isinstance(result, Handled)
    assert (results(doc), doc.effects) == ((expected,), [])
    assert isinstance(replica.fold(doc, EffectFailed("logs/other/1", "refused"), LAPSED)[1], Dropped)


def test_who_does_not_hold_the_lease_can_neither_fail_nor_hand_back() -> None:
    doc, one = born("repeat")
    doc, _ = Replica("two").fold(doc, Sweep(), LAPSED)
    effect = only(doc).id
    assert isinstance(one.fold(doc, EffectFailed(effect, "refused"), LAPSED)[1], Dropped)
    assert isinstance(one.fold(doc, EffectDeferred(effect, LAPSED, tried=False), LAPSED)[1], Dropped)


def test_without_an_outcome_for_failure_it_goes_on_being_tried_and_is_a_fault() -> None:
    doc, one = born("bare")
    doc, _ = one.fold(doc, EffectDeferred(only(doc).id, LAPSED), NOW)
    doc, _ = one.fold(doc, Sweep(), LAPSED)
    assert [e.attempts for e in doc.newborn] == [2]
    assert len(doc.faults) == 1


def test_a_lease_we_never_heard_of_is_taken_up_and_lives_anew() -> None:
    """The write that granted it was done, its answer was lost, and the message came again."""
    doc, one = born("never")
    one.memory.clear()
    soon = NOW + timedelta(seconds=3)
    doc, _ = one.fold(doc, EffectDeferred("logs/other/1", NOW), soon)
    assert [(e.until, e.attempts) for e in doc.newborn] == [(soon + Never.LEASE, 1)]
    again, _ = one.fold(doc, EffectDeferred("logs/other/1", NOW), soon)
    assert again.newborn == []


def test_a_lease_of_another_or_a_lapsed_one_is_not_taken_up() -> None:
    doc, one = born("never")
    one.memory.clear()
    assert Replica("two").fold(doc, EffectDeferred("logs/other/1", NOW), NOW)[0].newborn == []
    assert one.fold(doc, EffectDeferred("logs/other/1", NOW), LAPSED)[0].newborn == []


def test_what_one_fold_decided_is_not_taken_for_a_lost_lease() -> None:
    one = Replica("one")
    doc: Document[Log] = Document(ID)
    for _ in range(2):
        one.folder.fold(doc, Delivery(ID, Do(effect="never")), NOW)
    assert [e.id for e in doc.newborn] == [e.id for e in doc.effects]

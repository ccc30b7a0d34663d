"""Outcomes that are known without asking anybody are part of the decision they follow from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from chassis.decision import KEEP, Command, Decision, Effect, Outcome, Policy
from chassis.delivery import Delivery, Handled
from chassis.document import AggregateType, Document
from chassis.fold import Folder
from schemas.event import DossierEvent, Record

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ID = "00000000-0000-0000-0000-000000000001"


class Happened(DossierEvent):
    STREAM = "known"
    TYPE = "known.happened"
    what: str


class Print(Effect):
    TYPE: ClassVar[str] = "print"
    POLICY: ClassVar[Policy] = "repeat"
    then: str = ""


class Post(Effect):
    TYPE: ClassVar[str] = "post"
    POLICY: ClassVar[Policy] = "repeat"


class Printed(Outcome):
    then: str


class Posted(Outcome):
    pass


class Do(Command):
    then: str = ""


class Log(Record):
    said: tuple[str, ...] = ()


def said(state: Log | None, what: str) -> Log:
    return Log(said=(*(state.said if state else ()), what))


def do(state: Log | None, command: Do, _now: datetime) -> Decision[Log]:
    events = (Happened(dossier_id=ID, what="done"),)
    return Decision(said(state, "done"), events, (Print(then=command.then), Post()), due=LATER, answer={"ok": True})


def printed(state: Log, outcome: Printed, now: datetime) -> Decision[Log]:
    if outcome.then == "fails":
        raise RuntimeError("a bug")
    effects = (Post(),) if outcome.then == "posts" else (Print(),) if outcome.then == "prints" else ()
    due = now if outcome.then == "hurries" else KEEP
    return Decision(said(state, "printed"), (Happened(dossier_id=ID, what="printed"),), effects, due=due)


def posted(state: Log, _outcome: Posted, _now: datetime) -> Decision[Log]:
    return Decision(said(state, "posted"))


KIND = AggregateType(
    name="logs",
    state=Log,
    handlers={Do: do, Printed: printed, Posted: posted},
    effects=(Print, Post),
    topic_of=lambda _event, _state: "known",
)


def known(effect: Effect) -> Outcome | None:
    return Printed(then=effect.then) if isinstance(effect, Print) else None


FOLDER = Folder(KIND, "one", lambda _position: pytest.fail("nothing is parked here"), known=known)


@pytest.mark.parametrize(
    ("then", "states", "left", "due"),
    [
        ("", ("done", "printed"), ["post"], LATER),
        ("posts", ("done", "printed"), ["post", "post"], LATER),
        ("prints", ("done", "printed", "printed"), ["post"], LATER),
        ("hurries", ("done", "printed"), ["post"], NOW),
    ],
)
def test_it_is_folded_into_the_same_write(then: str, states: tuple[str, ...], left: list[str], due: datetime) -> None:
    doc = Document[Log](ID)
    assert FOLDER.fold(doc, Delivery(ID, Do(then=then)), NOW) == Handled({"ok": True})
    assert doc.state == Log(said=states)
    assert [entry.event for entry in doc.outbox] == [Happened(dossier_id=ID, what=what) for what in states]
    assert ([pending.effect.TYPE for pending in doc.effects], doc.due) == (left, due)
    assert doc.newborn == doc.effects


def test_a_bug_in_it_fails_the_whole_message() -> None:
    doc = Document[Log](ID)
    with pytest.raises(RuntimeError, match="a bug"):
        FOLDER.fold(doc, Delivery(ID, Do(then="fails")), NOW)
    assert (doc.state, doc.outbox, doc.effects, doc.dirty) == (None, [], [], False)

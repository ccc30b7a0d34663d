"""A tiny aggregate whose every event says what led to it, so that the log can be held against the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from chassis.decision import Command, DeadlineDue, Decision, Effect, Impossible, Outcome, Policy
from chassis.document import AggregateType
from schemas.envelope import Envelope
from schemas.event import MAX_EVENT_BYTES, Catalogue, DossierEvent, Instant, Record

from .durable import OUT, Logged

NAME: Final = "tallies"
CURE: Final = "cure"
"""The input after which nothing is poison any more."""
UNWRITABLE: Final = "unwritable"
"""An input after which the document cannot be written, by a bug."""
WHEN: Final = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def dossier(n: int) -> str:
    """The id that traces call ``dN``."""
    return f"00000000-0000-0000-0000-{n:012d}"


class Said(DossierEvent):
    """Comes in. `then` is what it causes: a number of events, an effect, a deadline in so many seconds."""

    STREAM = "said"
    TYPE = "said.it"
    ref: str
    events: int = 1
    effect: str | None = None
    due: float | None = None
    poison: bool = False
    size: int = 0
    retire: bool = False


class Noted(DossierEvent):
    """Goes out."""

    STREAM = "noted"
    TYPE = "noted.it"
    applied: tuple[str, ...]
    at: int
    padding: str = ""


class Do(Command):
    """The same over HTTP; `ref` is its idempotency key."""

    dossier: str
    ref: str
    events: int = 1
    effect: str | None = None
    due: float | None = None
    size: int = 0


class Tally(Record):
    """`applied`: every input in the order it took effect. `results`: what became of effects, by their first input."""

    applied: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    due: Instant | None = None
    early: bool = False
    expired: int = 0
    retired: bool = False


class Called(Outcome):
    result: str


class CallOnce(Effect):
    TYPE: ClassVar[str] = "never"
    POLICY: ClassVar[Policy] = "never"

    def unknown(self) -> Outcome:
        return Called(result="unknown")


class CallAgain(CallOnce):
    TYPE: ClassVar[str] = "repeat"
    POLICY: ClassVar[Policy] = "repeat"


class CallAsking(CallOnce):
    TYPE: ClassVar[str] = "ask"
    POLICY: ClassVar[Policy] = "ask"


EFFECTS: Final = (CallOnce, CallAgain, CallAsking)


def take(state: Tally | None, message: Said | Do, now: datetime) -> Decision[Tally]:
    state = state or Tally()
    if isinstance(message, Said) and message.poison and CURE not in state.applied:
        raise Impossible("poison")
    applied = (*state.applied, message.ref)
    due = state.due if message.due is None else now + timedelta(seconds=message.due)
    retires = isinstance(message, Said) and message.retire
    who = message.dossier if isinstance(message, Do) else message.dossier_id
    return Decision(
        state.model_copy(update={"applied": applied, "due": due, "retired": state.retired or retires}),
        tuple(Noted(dossier_id=who, applied=applied, at=n, padding="x" * message.size) for n in range(message.events)),
        tuple(kind() for kind in EFFECTS if message.effect == kind.TYPE),
        due=due,
        answer={"applied": len(applied)},
    )


def called(state: Tally | None, outcome: Called, _now: datetime) -> Decision[Tally]:
    state = state or Tally()
    return Decision(state.model_copy(update={"results": (*state.results, outcome.result)}))


def expire(state: Tally | None, _due: DeadlineDue, now: datetime) -> Decision[Tally]:
    state = state or Tally()
    early = state.due is None or now < state.due
    if state.retired and not early:
        return Decision(state, due=None, close=True)
    return Decision(
        state.model_copy(update={"expired": state.expired + 1, "early": state.early or early, "due": None}), due=None
    )


def view(state: Tally) -> dict[str, int]:
    if UNWRITABLE in state.applied:
        raise ZeroDivisionError
    return {"inputs": len(state.applied)}


CATALOGUE: Final = Catalogue([Said])
KIND: Final = AggregateType(
    name=NAME,
    state=Tally,
    handlers={Said: take, Do: take, Called: called, DeadlineDue: expire},
    effects=EFFECTS,
    topic_of=lambda _event, _state: OUT,
    view=view,
    rest=0,
)


@dataclass(frozen=True)
class Input:
    """One record of the inbound stream."""

    dossier: str
    sequence: int
    ref: str
    events: int = 1
    effect: str | None = None
    due: float | None = None
    poison: bool = False
    size: int = 0
    retire: bool = False

    @property
    def bad(self) -> bool:
        """It must end up parked."""
        return self.poison or self.size > MAX_EVENT_BYTES or self.ref == UNWRITABLE


def record(one: Input) -> Logged:
    """As it lies in the log."""
    fields = {k: v for k, v in asdict(one).items() if k not in {"dossier", "sequence"}}
    said = Said(dossier_id=one.dossier, **fields)
    envelope = Envelope(
        id=f"said/{one.dossier}/{one.sequence}",
        source="/test",
        type=Said.type_name(),
        subject=one.dossier,
        time=WHEN,
        sequence=one.sequence,
    )
    return Logged(one.dossier.encode(), said.dump_json(), tuple(envelope.headers()))


def said(n: int, *refs: str, events: Sequence[int] | None = None) -> tuple[Input, ...]:
    """Inputs of one dossier, numbered from 1."""
    counts = events or [1] * len(refs)
    return tuple(Input(dossier(n), at, ref, count) for at, (ref, count) in enumerate(zip(refs, counts, strict=True), 1))

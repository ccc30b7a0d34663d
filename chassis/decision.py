"""What a handler is given and what it decides.

    handle(state | None, message, now) -> Decision(state, events, effects, due)

A handler is pure: no I/O, no clock, no randomness. It may be called again with the same message after a lost
compare-and-set, and it must accept every interleaving of different streams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar

from chassis.mailbox import Patience
from schemas.event import Event, Record
from schemas.versions import FIRST, Versions

S = TypeVar("S", bound=Record)


class Command(Record):
    """A request to an aggregate, over HTTP or from another aggregate of the same service."""


class Outcome(Record):
    """What became of a side effect."""


class DeadlineDue(Record):
    """The aggregate's `due` has passed. A handler that keeps `due` as it was ends it."""


Message = Event | Command | Outcome | DeadlineDue

Policy = Literal["repeat", "ask", "never"]
FailureReason = Literal["refused", "invalid", "erased", "exhausted", "lapsed"]
"""Why an effect was certainly not executed and will not be: the partner refuses it; it cannot be put into the
partner's protocol; the dossier's key is gone; it was tried too often; it was given up while it still waited."""


class Effect(Record):
    """A side effect decided and not yet known to be done; each kind has one adapter.

    `POLICY` says what happens after a crash or a lost answer, when it may or may not have been executed:
    *repeat*: the partner keeps our key for longer than we retry; *ask*: the adapter's `ask` finds out first;
    *never*: it is not tried again, `unknown()` becomes its outcome. `LEASE` is longer than `CALL_TIMEOUT` and a
    margin of a second; what remains is how long it may wait its turn.

    `CONCURRENCY`, `RATE` (a second, None for any) and `BURST` bound one process and can be overridden by the setting
    `EFFECT_LIMITS`. Kinds with the same `PARTNER` share its circuit breaker; None has none.

    `MARKS`: its adapter calls `Call.check` just before the bytes leave, each time. Then a lease of a process that was
    killed before is known to be unused (`chassis.effects.handed`); else it counts as used once its call began.

    `PATIENCE`: how long its outcome may wait to be written together with something else.
    """

    TYPE: ClassVar[str]
    VERSIONS: ClassVar[Versions] = FIRST
    POLICY: ClassVar[Policy]
    LEASE: ClassVar[timedelta] = timedelta(seconds=15)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=10)
    CONCURRENCY: ClassVar[int] = 16
    RATE: ClassVar[float | None] = None
    BURST: ClassVar[int] = 1
    PARTNER: ClassVar[str | None] = None
    MAX_ATTEMPTS: ClassVar[int] = 1_000
    MARKS: ClassVar[bool] = False
    PATIENCE: ClassVar[Patience] = Patience.NONE

    def unknown(self) -> Outcome:
        """The outcome when the protocol cannot tell whether it was executed."""
        raise NotImplementedError(f"{type(self).__name__} has no unknown outcome")

    def failed(self, reason: FailureReason) -> Outcome:  # noqa: ARG002 - for those that tell the reasons apart
        """The outcome when it was certainly not executed and will not be; `unknown()` where no difference is made."""
        return self.unknown()


class Keep(Enum):
    """`Decision.due` when the deadline stays as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """The new state, and what follows from it; all of it is written at once or not at all.

    `answer` goes to whoever sent a command (JSON-able, no personal data in clear).

    `close` ends the aggregate for good (retention): its document becomes a tombstone that drops whatever still comes.
    Such a decision says and causes nothing. While events, effects or parked records are left, nothing is closed and
    the deadline comes again in an hour.
    """

    state: S | None
    events: Sequence[Event] = ()
    effects: Sequence[Effect] = ()
    due: datetime | Keep | None = KEEP
    answer: Mapping[str, Any] = field(default_factory=dict)
    close: bool = False


Handler = Callable[[Any, Any, datetime], Decision[Any]]
Handlers = Mapping[type[Record], Handler]


class Refused(Exception):
    """A command that may not be done now. Nothing is written; the caller is told.

    `code` is a stable word for machines; `field` names the input at fault, if one is.
    """

    def __init__(self, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


class Impossible(Exception):
    """An event that is wrong under every interleaving: it is parked and a person looks at it."""


ParkReason = Literal[
    "undecodable",  # not JSON in UTF-8, or nested too deeply
    "invalid",  # breaks its schema
    "wrong_version",  # of a type we handle, in a version there never was
    "future_version",  # of a type we handle, in a version of a release to come
    "too_large",  # only its hash and size are kept
    "impossible",
    "bug",
    "gap",  # an earlier one is missing
    "blocked",  # an earlier one is parked
]
"""Why a record waits in its aggregate. A closed set: dashboards and alerts rely on these words."""

Reason = ParkReason | Literal["unidentifiable"]
"""Why a record is a dead letter; one without a readable id is nowhere else."""

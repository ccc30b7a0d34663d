"""One aggregate as it is stored: state, inbox, outbox, effects, all in one document (design.md section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Generic, Literal, NamedTuple

from chassis.decision import Effect, Handlers, ParkReason, S
from schemas.envelope import CONTENT_TYPE
from schemas.event import Event
from schemas.personal import Seal
from schemas.versions import FIRST, Versions

MAX_PARKED: Final = 100
MAX_PARKED_BYTES: Final = 4 * 1024 * 1024
MAX_DROPS: Final = 50
MAX_KEYS: Final = 64
MAX_UNKNOWN: Final = 32
REST: Final = 0.2
NEVER: Final = datetime.min.replace(tzinfo=UTC)


class OutboxEntry(NamedTuple):
    """An event decided and not yet cleared. `n` is its sequence; `event` is None once it was loaded from the store."""

    n: int
    topic: str
    type: str
    time: datetime
    trace: str | None
    event: Event | None = None
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class PendingEffect:
    """`leased`: perhaps executed, until `until`. `waiting`: certainly not executed, to be tried at `until`.

    `asks`: an earlier lease lapsed, so it was perhaps executed: an adapter that can asks the partner first.
    """

    id: str
    effect: Effect
    status: Literal["leased", "waiting"]
    until: datetime
    holder: str
    attempts: int = 1
    asks: bool = False
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """A record that could not be handled yet, with its original bytes (which hold sealed fields only).

    `at` is when it was first parked; `size` that of the whole value, more than `value` where the bytes were not kept.
    `ref` names the side record that holds headers and value; here they are empty unless somebody fetched them.
    """

    stream: str
    sequence: int
    reason: ParkReason
    detail: str
    attempts: int
    at: datetime
    headers: tuple[tuple[str, bytes], ...]
    value: bytes
    type: str = ""
    size: int = 0
    ref: str | None = None

    @property
    def weight(self) -> int:
        """Bytes kept for it, here or beside."""
        return 0 if self.reason == "too_large" else self.size


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An event an operator gave up: which, who did it, when, why, and as what it was parked (None: never came)."""

    stream: str
    sequence: int
    by: str
    because: str
    at: datetime
    reason: ParkReason | None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An idempotency key this aggregate has answered. `permanent` ones created it and never expire."""

    key: str
    digest: str
    answer: Mapping[str, Any]
    at: datetime
    permanent: bool = False


@dataclass
class Document(Generic[S]):
    """`version` 0 means not yet written. `at` is the aggregate's last instant: time never goes back for it."""

    id: str
    version: int = 0
    state: S | None = None
    seen: dict[str, int] = field(default_factory=dict)
    last: int = 0
    issued: int = 0
    outbox: list[OutboxEntry] = field(default_factory=list)
    effects: list[PendingEffect] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    keys: list[KeyRecord] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Ids of the last effects reported unknown, at most `MAX_UNKNOWN`: a late outcome of one still counts."""
    due: datetime | None = None
    at: datetime = NEVER
    closed: datetime | None = None
    """When it became a tombstone: `version`, `last` and `seen` stay, and nothing is handled any more."""
    carried: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the state that a newer release added: not read here, and written back as they were."""
    newborn: list[PendingEffect] = field(default_factory=list)
    """Effects leased by this fold: the runner executes them after the write. Not stored by itself."""
    doubtful: list[PendingEffect] = field(default_factory=list)
    """Effects this fold reported unknown, for the alert. Not stored."""
    cleared: int = 0
    """Events up to it leave the outbox with this write. Not stored."""
    dirty: bool = False
    """There is something to write. Not stored."""
    faults: list[str] = field(default_factory=list)
    """Bugs met in this fold, for the log. Not stored."""

    def copy(self) -> Document[S]:
        """A copy whose lists may be changed without touching this one."""
        return replace(
            self,
            seen=dict(self.seen),
            outbox=list(self.outbox),
            effects=list(self.effects),
            parked=list(self.parked),
            given_up=list(self.given_up),
            keys=list(self.keys),
            unknown=list(self.unknown),
            newborn=[],
            doubtful=[],
            cleared=0,
            dirty=False,
            faults=[],
        )

    @property
    def kept(self) -> list[OutboxEntry]:
        """What this write leaves in the outbox: its end."""
        return [e for e in self.outbox if e.n > self.cleared]

    @property
    def wake(self) -> datetime | None:
        """When the sweeper must look at it next: the earliest lease or retry of an effect, or the deadline."""
        instants = [e.until for e in self.effects]
        if self.due is not None:
            instants.append(self.due)
        return min(instants, default=None)

    @property
    def held(self) -> datetime | None:
        """Since when records are parked here; what operators and gauges find it by."""
        return min((p.at for p in self.parked), default=None)


@dataclass(frozen=True)
class Records:
    """A collection of plain records, which are no aggregates: its name, and what is looked for in it."""

    name: str
    indexes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class AggregateType(Generic[S]):
    """One kind of aggregate of one service: its collection, its state, what it reacts to and what it may cause.

    `topic_of` says where an event goes, `says` all the topics that may be: at the start they are read to see whether
    the store is behind what was published (`chassis.guard`). `view` picks the plain fields of the state that lists
    filter by; `indexes` are over those. `versions` are of the state's form. `rest`: seconds after a write in which
    events gather for the next. `forgets`: fields of the state that tell of a person without any key, and what they are
    once that person was forgotten; the journal has them sealed (`chassis.cover`).
    """

    name: str
    state: type[S]
    handlers: Handlers
    effects: tuple[type[Effect], ...] = ()
    topic_of: Callable[[Event, S], str] | None = None
    says: tuple[str, ...] = ()
    encode: Callable[[Event, Seal], bytes] = lambda event, seal: event.dump_json(seal)
    content_type: str = CONTENT_TYPE
    view: Callable[[S], Mapping[str, Any]] = lambda _state: {}
    indexes: tuple[tuple[str, ...], ...] = ()
    versions: Versions = FIRST
    rest: float = REST
    forgets: Mapping[str, Any] = field(default_factory=dict)

    def effect_type(self, name: str) -> type[Effect]:
        """The effect class of that name; raises KeyError for one this release does not know."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, type[Effect]]:
        return {e.TYPE: e for e in self.effects}

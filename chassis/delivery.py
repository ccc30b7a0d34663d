"""One message on its way to one aggregate, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.decision import FailureReason, Message, Outcome, ParkReason
from chassis.mailbox import Patience


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands: its stream, its sequence in the stream of its aggregate, its original bytes."""

    stream: str
    sequence: int
    headers: tuple[tuple[str, bytes], ...] = ()
    value: bytes = b""
    size: int = 0
    """Of the value as Kafka has it, in bytes. Where it is more than `value` holds, the bytes were not kept."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record with a readable id whose payload cannot be used."""

    reason: ParkReason
    detail: str


@dataclass(frozen=True, slots=True)
class Irrelevant:
    """An event of a type this service does not react to: it advances `seen` and nothing else."""


@dataclass(frozen=True, slots=True)
class EffectDone:
    """The outcome of the effect `effect_id`. `late`: it only counts as correction of an unknown one."""

    effect_id: str
    outcome: Outcome
    late: bool = False


@dataclass(frozen=True, slots=True)
class EffectDeferred:
    """The effect was certainly not executed; try again at `until`. `tried`: it counts as an attempt."""

    effect_id: str
    until: datetime
    tried: bool = True


@dataclass(frozen=True, slots=True)
class EffectFailed:
    """The effect was certainly not executed, and this attempt is the last."""

    effect_id: str
    reason: FailureReason


@dataclass(frozen=True, slots=True)
class Sweep:
    """Look at what fell due: lapsed leases, waiting effects, the deadline."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Try the parked record that is next in `stream` again; those that follow it go with it."""

    stream: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Give up records of `stream`: `seen` advances past them, and those that follow are handled.

    `missing` also gives up one that never came. `by` is the caller's subject; `because` is kept with the aggregate.
    """

    stream: str
    sequences: frozenset[int]
    by: str
    because: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """`digest` is the hash of the request; a key comes again with the same one or it is a conflict."""

    key: str
    digest: str
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message for one aggregate. Exactly one of `position`, `key` or neither, by where it came from."""

    aggregate: str
    message: Message | Unreadable | Irrelevant | EffectDone | EffectDeferred | EffectFailed | Sweep | Replay | Drop
    trace: str | None = None
    position: Position | None = None
    key: IdempotencyKey | None = None
    patience: Patience = Patience.NONE


@dataclass(frozen=True, slots=True)
class Handled:
    """It changed the aggregate (or had: `repeated`). `answer` is the handler's."""

    answer: Mapping[str, Any]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """Seen before, or about an effect that is settled."""


@dataclass(frozen=True, slots=True)
class WasParked:
    """Kept in the aggregate in order; a person or a later event releases it."""

    reason: ParkReason
    detail: str


Result = Handled | Dropped | WasParked
"""A refusal or a bug in a command is raised to whoever waits for the result instead."""

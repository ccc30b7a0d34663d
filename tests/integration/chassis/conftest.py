"""A tiny aggregate on the real engine, store and broker."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis.decision import Command, DeadlineDue, Decision, Effect, Outcome, Policy, Refused
from chassis.document import AggregateType, Document
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.keyring import Keyring
from chassis.store import Store
from deploy.local.platform import Backbone
from schemas.event import DossierEvent, Record, to_instant
from schemas.personal import Name, Personal


class Added(DossierEvent):
    STREAM = "tally"
    TYPE = "tally.added"
    total: int
    owner: Name | None = None


class Tally(Record):
    total: int = 0
    owner: Name | None = None
    account: str = ""
    unknown: int = 0
    expired: bool = False


class Add(Command):
    amount: int = 1
    owner: Name | None = None
    account: str = ""


class Ring(Effect):
    TYPE: ClassVar[str] = "ring"
    POLICY: ClassVar[Policy] = "never"
    LEASE: ClassVar[timedelta] = timedelta(seconds=2)

    def unknown(self) -> Outcome:
        return Rung(known=False)


class Rung(Outcome):
    known: bool


class AddAndRing(Command):
    """Adds one and rings."""


class AddUntil(Command):
    seconds: float


def add(state: Tally | None, command: Add, _now: datetime) -> Decision[Tally]:
    if command.amount < 0:
        raise Refused("invalid", "must not be negative", field="amount")
    state = state or Tally()
    total = state.total + command.amount
    told = {"owner": command.owner or state.owner, "account": command.account or state.account}
    state = state.model_copy(update={"total": total, **told})
    event = Added(dossier_id="00000000-0000-0000-0000-000000000001", total=total, owner=command.owner)
    return Decision(state, (event,), answer={"total": total})


def rung(state: Tally, outcome: Rung, _now: datetime) -> Decision[Tally]:
    return Decision(state.model_copy(update={"unknown": state.unknown + (not outcome.known)}))


def ring(state: Tally | None, _command: AddAndRing, _now: datetime) -> Decision[Tally]:
    state = state or Tally()
    return Decision(state.model_copy(update={"total": state.total + 1}), effects=(Ring(),))


def until(state: Tally | None, command: AddUntil, now: datetime) -> Decision[Tally]:
    return Decision(state or Tally(), due=now + timedelta(seconds=command.seconds))


def expire(state: Tally, _due: DeadlineDue, _now: datetime) -> Decision[Tally]:
    return Decision(state.model_copy(update={"expired": True}))


def kind(topic: str) -> AggregateType[Tally]:
    return AggregateType(
        name="tallies",
        state=Tally,
        handlers={Add: add, AddAndRing: ring, Rung: rung, AddUntil: until, DeadlineDue: expire},
        effects=(Ring,),
        topic_of=lambda _event, _state: topic,
    )


@dataclass
class Bench:
    """What one test needs of the real platform."""

    kafka: str
    store: Store
    keys: Store
    keyring: Keyring
    topic: str
    written: list[Document[Any]] = field(default_factory=list)
    offset: timedelta = timedelta()

    def clock(self) -> datetime:
        return to_instant(datetime.now(UTC) + self.offset)

    def engine(self, replica: str, on_written: Callable[[Document[Any]], None] | None = None) -> Engine[Tally]:
        aggregate = kind(self.topic)
        return Engine(
            aggregate,
            self.store.collection("tallies"),
            self.keyring,
            Folder(aggregate, replica, lambda _position: pytest.fail("nothing is parked here")),
            clock=self.clock,
            on_written=on_written or self.written.append,
        )


@pytest.fixture
async def bench(backbone: Backbone) -> AsyncIterator[Bench]:
    name = f"t{uuid.uuid4().hex[:12]}"
    store, keys = Store(backbone.store_url, name), Store(backbone.store_url, f"{name}_keyring")
    admin = AIOKafkaAdminClient(bootstrap_servers=backbone.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(f"{name}.events.v1", num_partitions=3, replication_factor=1)])
    await admin.close()
    yield Bench(backbone.kafka, store, keys, Keyring(keys, b"k" * 32), f"{name}.events.v1")
    store.close()
    keys.close()


def person(name: str) -> Personal:
    return Personal.of(name)

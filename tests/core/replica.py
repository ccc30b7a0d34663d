"""One replica: the chassis wired as `chassis.service` does, over the stand-ins."""

from __future__ import annotations

import random
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from chassis.aside import Aside
from chassis.burial import Burial
from chassis.consumer import Consumer
from chassis.document import Document
from chassis.effects.edge import Call, Retryable
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.keyring import Keyring
from chassis.reading import StreamReader, decoder
from chassis.recent import Recent
from chassis.relay import Publisher, Relay
from chassis.route import Route
from chassis.runner import Runner
from chassis.store import Store

from .durable import DEAD, IN
from .store import short
from .tally import CATALOGUE, EFFECTS, KIND, NAME, Called, Tally

if TYPE_CHECKING:
    from .life import Life


class Replica:
    def __init__(self, life: Life) -> None:
        reader = StreamReader("said", CATALOGUE, KIND.handlers)
        keyring = Keyring(Store(life.address, "keyring"), b"k" * 32)
        publisher = Publisher(life.address, "tally", life.name)
        store = Store(life.address, "tally")
        self.engine: Engine[Tally] = Engine(
            KIND,
            store.collection(NAME),
            keyring,
            Folder(KIND, life.address, decoder({"said": reader}), held=self._held),
            clock=life.clock,
            on_written=self.written,
            aside=Aside(store.collection(f"{NAME}_parked"), store.collection(NAME)),
            recent=Recent(life.world.scenario.remembered),
        )
        self.relay = Relay(self.engine, publisher, linger=life.world.scenario.linger)
        partner = Partner(life)
        self.runner = Runner(
            self.engine,
            dict.fromkeys(EFFECTS, partner),
            keyring,
            clock=life.clock,
            jitter=random.Random(0),  # noqa: S311
        )
        self.consumer = Consumer(
            {IN: Route(reader, self.engine)},
            Burial(publisher, DEAD),
            bootstrap=life.address,
            group="tally",
            replica=life.name,
        )

    def _held(self, effect_id: str) -> Any:
        return self.runner.held(effect_id)

    def written(self, doc: Document[Any]) -> None:
        self.relay.written(doc.id, doc.kept)
        for pending in doc.newborn:
            self.runner.start(doc.id, pending)

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        return [self.engine.run(), self.relay.run(), self.consumer.run()]


class Partner:
    """Whom the effects call. Asked about a key, it executes no attempt made before: policy *ask* rests on that."""

    def __init__(self, life: Life) -> None:
        self._life = life

    async def execute(self, effect: Any, call: Call) -> Called:
        call.check()
        request = self._life.request(
            (f"call {effect.TYPE} {short(call.aggregate)}", lambda durable: durable.execute(call.id, call.attempts)),
            faults=("lost", "late", "fail"),
            error=_Unanswered,
        )
        try:
            await request.future
        except _Unanswered as error:
            if str(error) == "fail":
                raise Retryable("refused the connection") from error
            raise
        self._life.learned.add(call.id)
        return Called(result="done")

    async def ask(self, effect: Any, call: Call) -> Called | None:
        label = f"ask {effect.TYPE} {short(call.aggregate)}"
        known = await self._life.request((label, lambda durable: durable.ask(call.id, call.attempts))).future
        return Called(result="done") if known else None


class _Unanswered(Exception):
    """The connection broke."""

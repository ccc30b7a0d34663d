"""Providers in trouble, on a virtual clock: nothing is lost, nothing is sent twice, weights move and come back.

The rules (`Teller`), the choice of provider (`Balance`) and its driver (`Texting`) are the real ones; carriers are
ports that do as the weather says, and the runner's part (time-outs, retries, leases) is played here.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import pytest

from chassis.decision import DeadlineDue
from chassis.effects.retry import delay
from chassis.runner import Call, Retryable
from cli.generate import GOLDENS
from schemas.dossier import DossierSubmitted
from schemas.topics import CATALOGUES
from services.notification.domain.balance import Balance
from services.notification.domain.contact import Contact
from services.notification.domain.rules import Rules
from services.notification.domain.told import Teller
from services.notification.effects.providers import Away, Sms, Taken
from services.notification.effects.session import Unanswered
from services.notification.effects.simulated import Simulated
from services.notification.effects.sms import Texting
from services.notification.messages import EmailSettled, PartReceipt, ReceiptsSought, SeekReceipt, SendEmail, SendSms
from tests.core.loop import Loop

EPOCH: Final = datetime(2026, 11, 25, tzinfo=UTC)
BEGINS, ENDS, MEASURED = 60.0, 150.0, 400.0
A_SECOND = 3
LEASE, CALL = 15.0, 10.0
Weather = Literal["fine", "silent", "away", "slow", "restarts", "loses receipts", "doubles receipts"]
SUBMITTED: Final = CATALOGUES["dossier"].decode(
    "dossier.submitted.v1", (GOLDENS / "dossier.submitted.v1.json").read_bytes()
)


class Town:
    """Everything that runs is owned by it."""

    alive = True


@dataclass
class Carrier:
    """A provider. `taken`: message ids with their time; `weather` is that of its trouble, from BEGINS to ENDS."""

    name: str
    world: World
    weather: Weather = "fine"
    price: int = 100
    taken: list[tuple[str, float]] = field(default_factory=list)

    async def run(self) -> None:
        """It keeps nothing."""

    async def send(self, sms: Sms) -> Taken:
        now = self.world.loop.time()
        weather = self.weather if BEGINS <= now < ENDS else "fine"
        if weather == "away":
            raise Away("connection refused")
        sms.before()
        if weather == "silent":
            await asyncio.Event().wait()
        self.taken.append((sms.message, now))
        part = f"{self.name}{len(self.taken)}"
        times = {"loses receipts": self.world.random.randrange(2), "doubles receipts": 2}.get(weather, 1)
        for _ in range(times):
            self.world.loop.call_later(1.0, self.world.receipt, part, sms.message)
        await asyncio.sleep(3.0 if weather == "slow" else 0.05)
        if weather == "restarts" and now % 10 < 3:
            raise Unanswered("the centre was restarted")
        return Taken((part,), "0")


class World:
    """A day of one process: dossiers come, five a second, while the weather of a carrier changes and for long after."""

    def __init__(self, weather: Weather) -> None:
        self.loop = Loop()
        self.random = random.Random(7)  # noqa: S311 - the same each time
        self.carriers = [Carrier("a", self, weather), Carrier("b", self)]
        self.balance = Balance({"a": 1.0, "b": 1.0})
        self.owners: dict[str, str] = {}
        self.early: dict[str, int] = {}
        self.lost: dict[str, str] = {}
        self.doubtful: set[str] = set()
        parts: Any = self
        self.texting = Texting(self.carriers, self.balance, parts, Simulated({}), clock=self.loop.time)
        self.handlers = Teller(Rules(quiet=None, other_providers=1)).handlers
        self.states: dict[str, Contact | None] = {}
        self.dues: dict[str, datetime | None] = {}
        self.mails: Counter[str] = Counter()
        self.weights: list[float] = []

    # -- what the store and the runner do --------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.loop.time())

    def handle(self, dossier: str, message: Any) -> None:
        decision = self.handlers[type(message)](self.states.get(dossier), message, self.now)
        self.states[dossier] = decision.state
        for effect in decision.effects:
            self.spawn(self.execute(dossier, effect))
        if decision.due is None or isinstance(decision.due, datetime):
            self.dues[dossier] = decision.due
            if decision.due is not None:
                self.loop.call_at((decision.due - EPOCH).total_seconds(), self.wake, dossier, decision.due)

    def wake(self, dossier: str, due: datetime) -> None:
        if self.dues[dossier] == due:
            self.handle(dossier, DeadlineDue())

    def spawn(self, work: Any) -> None:
        self.loop.spawn(Town(), work)

    async def execute(self, dossier: str, effect: Any) -> None:
        if isinstance(effect, SendEmail):
            self.mails[effect.message] += 1
            self.handle(dossier, EmailSettled(message=effect.message, result="sent"))
        elif isinstance(effect, SeekReceipt):
            self.doubtful.add(effect.message)
            self.handle(dossier, ReceiptsSought())
            self.match(effect.message)
        else:
            self.handle(dossier, await self.sent(dossier, effect))

    async def sent(self, dossier: str, effect: SendSms) -> Any:
        """As the runner: what is certainly not sent is tried again, anything else is unknown when its lease lapses."""
        unopened: Any = None
        for attempt in range(1, 1_000):
            began = self.loop.time()
            call = Call(effect.message, dossier, attempt, None, unopened, float("inf"))
            try:
                async with asyncio.timeout(CALL):
                    return await self.texting.send(
                        call, effect.message, "+84912345678", effect.text, urgency="action", besides=effect.besides
                    )
            except Retryable as error:
                after = error.after.total_seconds() if error.after is not None else None
                await asyncio.sleep(delay(attempt, self.random.random, after))
            except Exception:  # noqa: BLE001 - nobody can tell
                await asyncio.sleep(began + LEASE - self.loop.time())
                return effect.unknown()
        raise AssertionError(effect)

    # -- what `effects.parts` does ----------------------------------------------------------------------------------

    async def register(self, part: Any) -> None:
        self.owners[part.id] = part.message
        for _ in range(self.early.pop(part.id, 0)):
            self.hand_on(part.id, part.message)

    def receipt(self, part: str, message: str) -> None:
        if part in self.owners or message in self.doubtful:
            self.hand_on(part, message)
        else:
            self.early[part] = self.early.get(part, 0) + 1
            self.lost[message] = part

    def match(self, message: str) -> None:
        part = self.lost.get(message)
        if part is not None and self.early.pop(part, 0):
            self.hand_on(part, message)

    def hand_on(self, part: str, message: str) -> None:
        self.handle(
            message.split("/", maxsplit=1)[0],
            PartReceipt(part=part, message=message, state="delivered", reason="DELIVRD"),
        )

    # -- the day ----------------------------------------------------------------------------------------------------

    def dossiers(self) -> Iterator[DossierSubmitted]:
        assert isinstance(SUBMITTED, DossierSubmitted)
        for number in range(int(MEASURED * A_SECOND)):
            applicant = SUBMITTED.applicant
            if number % 2:
                applicant = applicant.model_copy(update={"email": None})
            dossier = f"00000000-0000-0000-0000-{number:012d}"
            yield SUBMITTED.model_copy(update={"dossier_id": dossier, "applicant": applicant})

    def run(self) -> None:
        for number, event in enumerate(self.dossiers()):
            self.loop.advance(number / A_SECOND)
            self.handle(event.dossier_id, event)
            self.loop.settle()
            self.weights.append(self.balance.weight("a", self.loop.time()))
        self.loop.advance(timedelta(hours=50).total_seconds())
        assert self.loop.errors == []

    def taken(self) -> Counter[str]:
        return Counter(message for carrier in self.carriers for message, _ in carrier.taken)


def after(seconds: float) -> Callable[[tuple[str, float]], bool]:
    return lambda taken: BEGINS + seconds <= taken[1] < ENDS


@pytest.fixture(scope="module", params=["silent", "away", "slow", "restarts", "loses receipts", "doubles receipts"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(request.param)
    made.run()
    yield made
    made.loop.end()


def test_nothing_is_lost_and_nothing_is_sent_twice(world: World) -> None:
    taken = world.taken()
    assert set(taken.values()) == {1}, "a message was sent twice"
    assert set(world.mails.values()) <= {1}
    again = {message for message in taken if message.endswith("/sms2")}
    for dossier, state in world.states.items():
        assert state is not None
        first = state.messages[0]
        there = first.id in taken or any(m.id in taken or m.id in world.mails for m in state.messages[1:])
        assert there or state.attention, f"{dossier} was told nothing, and nobody knows"
        if first.status == "delivered":
            assert first.id in taken
        if first.status == "unknown":
            assert f"{dossier}/submitted/sms2" not in again, "what nobody could tell about was sent again"
        assert first.status in {"delivered", "unknown", "expired"}
    weather = world.carriers[0].weather
    assert bool(again) == (weather == "loses receipts")
    unknown = sum(state.messages[0].status == "unknown" for state in world.states.values() if state is not None)
    assert unknown <= {"silent": 30}.get(weather, 0)


def test_the_weight_moves_and_comes_back_and_others_take_over_within_seconds(world: World) -> None:
    carrier, other = world.carriers
    if carrier.weather in {"loses receipts", "doubles receipts"}:
        assert set(world.weights) == {1.0}
        return
    assert min(world.weights) < 1.0
    assert world.weights[-1] == world.balance.weight("a", world.loop.time()) == 1.0
    elsewhere = sum(map(after(6.0), other.taken))
    if carrier.weather in {"silent", "away"}:
        assert sum(map(after(0.0), carrier.taken)) == 0
        assert elsewhere > 0.9 * A_SECOND * (ENDS - BEGINS - 6)
    assert elsewhere > sum(map(after(6.0), carrier.taken))
    later = Counter(name for c in world.carriers for name in [c.name] * sum(at > 350 for _, at in c.taken))
    assert abs(later["a"] - later["b"]) <= 2

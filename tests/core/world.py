"""The scheduler: replicas made of the real chassis, stepped one atomic call at a time.

A call of a replica to the store or to Kafka waits here until it is chosen. A schedule is the list of choices made:
which call goes, which is lost or lands late, who crashes, who sweeps, where the partition goes. Between two choices
every replica runs until each of its coroutines waits again, so nothing happens that was not chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

from .durable import IN, DurableWorld
from .life import LIVES, Life, Request
from .log import Consumer, Group
from .loop import Loop
from .store import Act
from .tally import Do, Input, record

REST: Final = 2.5
"""Seconds without any call after which nothing more is expected to happen: longer than every back-off."""


@dataclass(frozen=True)
class Scenario:
    """`fuel`: how often each kind of trouble may happen. `batch`: records of a poll; `record_batch`: of a request.

    `linger`: seconds for which what is acknowledged waits to be cleared by the next write. `remembered`: documents
    that a replica need not read again after it wrote them.
    """

    inputs: tuple[Input, ...] = ()
    commands: tuple[Do, ...] = ()
    fuel: Mapping[str, int] = field(default_factory=dict)
    batch: int = 1
    record_batch: int = 10
    fails_over: bool = False
    replicas: int = 2
    jump: float = 20.0
    linger: float = 0.0
    remembered: int = 0
    operator: Literal["", "replay", "drop"] = ""

    @property
    def timed(self) -> bool:
        """Leases or deadlines are part of it: only then does the end wait for them."""
        return any(one.effect or one.due for one in self.inputs) or any(c.effect or c.due for c in self.commands)


@dataclass(frozen=True)
class Choice:
    """`plain`: a call of a replica goes as it should."""

    label: str
    act: Callable[[], None]
    plain: bool = False
    ends: bool = False


class World:
    """Replicas on one durable world, from its beginning or from what a crash of all left."""

    def __init__(self, scenario: Scenario, durable: DurableWorld | None = None, *, replicas: int | None = None) -> None:
        self.scenario = scenario
        self.loop = Loop()
        self.group = Group()
        self.waiting: list[Request] = []
        self.trace: list[str] = []
        self.ended = False
        self.fuel = dict(scenario.fuel) if durable is None else {}
        self.durable = durable.copy() if durable is not None else self._beginning()
        self.running: Life | None = None
        self._rest_at = REST
        self.lives = [Life(self, f"R{n}") for n in range(scenario.replicas if replicas is None else replicas)]

    def _beginning(self) -> DurableWorld:
        durable = DurableWorld(majority={} if self.scenario.fails_over else None)
        durable.log[IN] = [record(one) for one in self.scenario.inputs]
        return durable

    def choices(self) -> list[Choice]:
        """What can happen now; the first is what happens when nothing goes wrong."""
        self.loop.settle()
        ready = sorted((r for r in self.waiting if r.ready()), key=lambda r: r.life is not self.running)
        options = [self._of(request, "") for request in ready]
        if self.durable.majority is not None and self.durable.majority != self.durable.docs:
            options.insert(0, Choice("store replicates", self.durable.replicate))
        options = options or [self._idle()]
        for request in ready:
            options += [self._of(request, fault) for fault in request.faults if self.fuel.get(fault, 0)]
        for act in self.durable.network:
            options.append(Choice(f"network {act[0]} lands", partial(self._lands, act, lost=False)))
            options.append(Choice(f"network {act[0]} is lost", partial(self._lands, act, lost=True)))
        for life in self.lives:
            options += self._of_life(life)
        if self.fuel.get("clock"):
            options.append(self._spends("clock", "clock jumps", self._jump))
        if self.fuel.get("failover") and self.durable.docs != self.durable.majority:
            options.append(self._spends("failover", "store fails over", self._fail_over))
        return options

    def _of(self, request: Request, fault: str) -> Choice:
        def act() -> None:
            self.running = request.life
            if fault:
                self.fuel[fault] -= 1
            request.go(fault)

        return Choice(f"{request.life.name} {request.act[0]}{' ' * bool(fault)}{fault}", act, plain=not fault)

    def _idle(self) -> Choice:
        """Nothing can go on by itself: somebody takes over, time passes, a client comes, or this is the end."""
        heir, timer = self._heir(), self.loop.next_timer()
        if heir is not None:
            return Choice(f"{heir.life.name} takes over", lambda: self.group.give(heir, self.durable))
        if timer is not None and timer < self._rest_at:
            return self.waits
        options = [option for life in self.lives if life.alive for option in self._commands(life)]
        return options[0] if options else Choice("end", lambda: None, ends=True)

    @property
    def waits(self) -> Choice:
        """Time passes until something can go on, or for so long that nothing will."""
        return Choice("clock goes on", self._wait)

    def _wait(self) -> None:
        until, known = self._rest_at, {id(r) for r in self.waiting if r.ready()}
        while (timer := self.loop.next_timer()) is not None and timer < until:
            self.loop.advance(timer)
            if any(r.ready() and id(r) not in known for r in self.waiting):
                return

    def _heir(self) -> Consumer | None:
        return self.group.members[0] if self.group.owner is None and self.group.members else None

    def _of_life(self, life: Life) -> list[Choice]:
        if not life.alive:
            return [Choice(f"{life.name} restarts", lambda: self._restart(life))]
        options = self._commands(life, again=True)
        if self.fuel.get("sweep"):
            options.append(self._starts(life, "sweep", life.sweep))
        if self.fuel.get("operate"):
            options.append(self._starts(life, "operate", life.operate))
        if self.fuel.get("wake"):
            options.append(self._starts(life, "wake", life.wake))
        for member in self.group.members:
            if member.life is life and member is not self.group.owner:
                if self.fuel.get("rebalance") and self.group.owner is not None and member.free:
                    options.append(self._spends("rebalance", f"{life.name} rebalance", self._giving(member)))
                if member.assigned:
                    options.append(Choice(f"{life.name} notices", member.notice))
        if self.fuel.get("crash"):
            options.append(self._spends("crash", f"{life.name} crashes", life.crash))
        return options

    def _commands(self, life: Life, *, again: bool = False) -> list[Choice]:
        """Clients that come; `again`: also those that were answered but did not get the answer."""
        done = life.jobs if again else life.jobs | self.durable.accepted
        wanted = [c for c in self.scenario.commands if c.ref not in done] if self.fuel.get("http") else []
        return [self._starts(life, "http", partial(life.command, c), c.ref) for c in wanted]

    def _starts(
        self, life: Life, kind: str, job: Callable[[], Coroutine[Any, Any, None]], name: str | None = None
    ) -> Choice:
        def start() -> None:
            self.running = life
            if name is not None:
                life.jobs.add(name)
            life.spawn(job())

        return self._spends(kind, f"{life.name} {kind}{f' {name}' if name else ''}", start)

    def _spends(self, kind: str, label: str, act: Callable[[], None]) -> Choice:
        def spend() -> None:
            self.fuel[kind] -= 1
            act()

        return Choice(label, spend)

    def _giving(self, member: Consumer) -> Callable[[], None]:
        return lambda: self.group.give(member, self.durable)

    def _lands(self, act: Act, *, lost: bool) -> None:
        left = list(self.durable.network)
        left.remove(act)
        self.durable.network = tuple(left)
        if not lost:
            act[1](self.durable)

    def _restart(self, dead: Life) -> None:
        self.lives[self.lives.index(dead)] = Life(self, dead.name)

    def _jump(self) -> None:
        self.pass_time(self.scenario.jump)

    def _fail_over(self) -> None:
        for request in [r for r in self.waiting if r.act[0].startswith("acknowledged") and not r.ready()]:
            request.go("rolled back")
        self.durable.fail_over()

    def choose(self, choice: Choice) -> None:
        if self.trace[-1:] != [choice.label]:
            self.trace.append(choice.label)
        if choice.label != "clock goes on":
            self._rest_at = self.loop.time() + REST
        choice.act()
        self.loop.settle()

    def calm(self, steps: int = 400) -> None:
        """Goes on, nothing going wrong, until all is done. A world that does not come to rest is broken."""
        self.fuel = {"http": self.fuel.get("http", 0)}
        for _ in range(steps):
            choice = self.choices()[0]
            if choice.ends:
                return
            self.choose(choice)
        self.durable.broken.append("RESTLESS: it does not come to an end")

    def pass_time(self, seconds: float) -> None:
        """Nothing happens for so long."""
        self.loop.advance(self.loop.time() + seconds)
        self._rest_at = self.loop.time() + REST

    def end(self) -> None:
        """Every process stops."""
        self.ended = True
        for request in list(self.waiting):
            request.done = True
            request.future.cancel()
        self.loop.end()
        for life in self.lives:
            LIVES.pop(life.address, None)

"""Schedules: by name, all with few deviations, and at random. After each step: what if everything crashed here?"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from .durable import DurableWorld
from .life import Life
from .oracle import told, verdict
from .tally import CURE, Do, dossier
from .world import Choice, Scenario, World

STEPS = 150
SHOWN = 60


@dataclass
class Broken(Exception):
    """What went wrong, and the schedule that leads there."""

    why: Sequence[str]
    trace: Sequence[str]

    def __str__(self) -> str:
        lines = [f"  {n:2d}. {label}" for n, label in enumerate(self.trace, 1)]
        return "\n".join(["", *self.why, *(lines if len(lines) <= SHOWN else [*lines[:SHOWN], "  and so on"])])


@dataclass
class Prover:
    """Runs schedules of one scenario and holds every durable state they reach against the oracle, each once."""

    scenario: Scenario
    known: set[object] = field(default_factory=set)
    schedules: int = 0

    def run(self, pick: Callable[[int, list[Choice]], int], *, steps: int = STEPS) -> list[int]:
        """One schedule; the number of choices at each step. Raises Broken."""
        world = World(self.scenario)
        self.schedules += 1
        widths: list[int] = []
        try:
            for step in range(steps):
                options = world.choices()
                widths.append(len(options))
                choice = options[pick(step, options)]
                if choice.ends:
                    break
                world.choose(choice)
                self.hold(world)
            self._live_on(world)
        finally:
            world.end()
        return widths

    def hold(self, world: World) -> None:
        """If everything crashed now, would all come right? Raises Broken."""
        if world.durable.broken:
            raise Broken(tuple(world.durable.broken), tuple(world.trace))
        if world.durable.key in self.known:
            return
        self.known.add(world.durable.key)
        for late in (False, True) if world.durable.network else (False,):
            why, trace = after_crash_of_all(self.scenario, world.durable, late=late, now=world.loop.time())
            if why:
                raise Broken(why, (*world.trace, "ALL CRASH, AND RECOVER:", *trace))

    def _live_on(self, world: World) -> None:
        """Nothing goes wrong any more: those still alive bring it to an end, without a restart."""
        world.calm()
        living = [life for life in world.lives if life.alive]
        for _ in range(3 if world.scenario.timed else 2):
            for life in living:
                life.spawn(life.replica.relay.sweep())
                life.spawn(life.wake())
                world.calm()
                _operated(world, life)
            if world.scenario.timed:
                world.pass_time(world.scenario.jump)
        why = list(world.durable.broken)
        if living:
            why += verdict(world.scenario, world.durable, drained=False)
            why += told(world.durable, {key for life in living for key in life.learned})
        if why:
            raise Broken(why, (*world.trace, "NOTHING GOES WRONG ANY MORE"))

    def few_deviations(self, most: int, budget: int) -> None:
        """All schedules that deviate at most `most` times from the undisturbed one, the nearest first."""
        queue: deque[Mapping[int, int]] = deque([{}])
        while queue and self.schedules < budget:
            deviations = queue.popleft()
            widths = self.run(partial(_deviating, deviations))
            if len(deviations) < most:
                first = max(deviations, default=-1) + 1
                queue.extend({**deviations, s: c} for s in range(first, len(widths)) for c in range(1, widths[s]))

    def at_random(self, seed: int, schedules: int) -> None:
        """Raises Broken, with the seed in the trace."""
        for n in range(schedules):
            try:
                self.run(partial(_weighted, random.Random(f"{seed}/{n}")))  # noqa: S311 - to be repeated
            except Broken as broken:
                raise Broken(broken.why, (f"(seed {seed}, schedule {n})", *broken.trace)) from None

    def named(self, script: Sequence[str]) -> None:
        """One schedule by name: ``R0 save`` steps replica R0 alone until it has done a call of that name."""
        world = World(self.scenario)
        self.schedules += 1
        try:
            for line in script:
                self._line(world, line)
            self._live_on(world)
        finally:
            world.end()

    def _line(self, world: World, line: str) -> None:
        who = line.split(maxsplit=1)[0]
        for _ in range(40):
            options = world.choices()
            if line == world.waits.label:
                options = [world.waits]
            choice = next((o for o in options if (o.label + " ").startswith(line + " ")), None)
            own = choice or next((o for o in options if o.plain and o.label.startswith(f"{who} ")), world.waits)
            world.choose(own)
            self.hold(world)
            if choice is not None:
                return
        trace, possible = tuple(world.trace), [o.label for o in world.choices()]
        raise LookupError(f"the schedule cannot go on with {line!r} after {trace}; possible: {possible}")


def _operated(world: World, life: Life) -> None:
    """At last the operator does what there is to do."""
    if world.scenario.operator:
        if world.scenario.operator == "replay":
            life.spawn(life.command(Do(dossier=dossier(0), ref=CURE, events=0)))
            world.calm()
        life.spawn(life.operate())
        world.calm()


def _deviating(deviations: Mapping[int, int], step: int, _options: list[Choice]) -> int:
    return deviations.get(step, 0)


def _weighted(rng: random.Random, _step: int, options: list[Choice]) -> int:
    calls = [at for at, option in enumerate(options) if option.plain]
    if calls and rng.random() < 0.75:
        return rng.choice(calls)
    return rng.randrange(len(options))


def after_crash_of_all(
    scenario: Scenario, durable: DurableWorld, *, late: bool, now: float
) -> tuple[Sequence[str], Sequence[str]]:
    """What the oracle says after one healthy replica has worked off what a crash of all left; and how it did."""
    durable = durable.copy()
    durable.majority = None
    if late:
        for _, act in durable.network:
            act(durable)
    durable.network = ()
    world = World(scenario, durable, replicas=1)
    world.pass_time(now)
    try:
        (life,) = world.lives
        for _ in range(3 if scenario.timed else 1):
            life.spawn(life.sweep())
            life.spawn(life.wake())
            world.calm()
            _operated(world, life)
            if scenario.timed:
                world.pass_time(scenario.jump)
        return [*world.durable.broken, *verdict(scenario, world.durable)], world.trace
    finally:
        world.end()

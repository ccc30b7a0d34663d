"""A new process on the machine of a dead one: what was never handed over goes on at once, what perhaps was does not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chassis.document import PendingEffect
from chassis.effects.handed import Handed
from chassis.unit import PAGE, Unit

from .conftest import Bench
from .partner import KIND, Partner, Replica, stop


class Started:
    """In the runner's place: what it was given to execute."""

    def __init__(self) -> None:
        self.effects: list[str] = []

    def start(self, _aggregate: str, pending: PendingEffect) -> None:
        self.effects.append(pending.id)

    def held(self, effect_id: str) -> str | None:
        return "queued" if effect_id in self.effects else None


async def test_leases_of_the_dead_that_were_never_used_are_not_waited_for(bench: Bench, tmp_path: Path) -> None:
    many = PAGE + 50
    marks, dead = Handed(tmp_path, "dead", bench.clock), Replica(bench, "dead", Partner())
    dead.dies_before_it_sends = True
    async with dead.running():
        await asyncio.gather(*(dead.cause(f"a{n}", "never") for n in range(many)))
    marks.mark("logs/a7/1")
    platform: Any = SimpleNamespace(
        service=SimpleNamespace(hears={}), store=bench.store, keyring=bench.keyring, clock=bench.clock,
        replica="ours", publisher=None, handed=Handed(tmp_path, "ours", bench.clock), journal=None,
    )  # fmt: skip
    unit = Unit(KIND, platform)
    started: Any = Started()
    unit.runner = started
    running = [asyncio.create_task(unit.engine.run())]
    await unit.take_over()
    assert started.effects == [], "it lives"
    os.close(marks._lock)  # as its end does
    await unit.take_over()
    assert sorted(started.effects) == sorted(f"logs/a{n}/1" for n in range(many) if n != 7)
    await unit.take_over()
    assert len(started.effects) == many - 1
    docs = [doc for name in ("a7", "a8") if (doc := await unit.engine.read(name)) is not None]
    assert [(e.holder, e.status) for doc in docs for e in doc.effects] == [("dead", "leased"), ("ours", "leased")]
    assert [doc.state.results for doc in docs if doc.state is not None] == [(), ()]
    await stop(running)

"""Chassis with one rule of the protocol broken, each with the model's shortest schedule that shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pymongo.read_concern import ReadConcern

from .edits import Edit, Value
from .scenarios import COMMAND, HOLDS, MIXED, ONE, RETENTION, TWO
from .tally import Input, dossier, said
from .world import Scenario

RACE: Final = ("R0 send", "R1 sweep", "R1 find", "R1 send", "R0 clear", "R0 save", "R1 clear")
LATE: Final = Scenario((Input(dossier(0), 1, "m1", effect="never", events=0),), fuel={"clock": 1, "wake": 1}, jump=20.0)


@dataclass(frozen=True)
class Mutant:
    """`schedule` breaks it with `shows`; the real chassis goes through `real` (None: the same) unharmed."""

    name: str
    edits: tuple[Edit | Value, ...]
    scenario: Scenario
    schedule: tuple[str, ...]
    shows: str | tuple[str, ...]
    real: tuple[str, ...] | None = None
    searched: bool = True
    """False: the search needs minutes to find it, its schedule shows it."""


PIPELINED: Final = Edit(
    "chassis.relay:Publisher._send_partition",
    """        if batch.append(key=key.encode(), value=value, timestamp=None, headers=headers) is None:
            await self._send_batch(batch, topic, partition)
""",
    """        if batch.append(key=key.encode(), value=value, timestamp=None, headers=headers) is None:
            asyncio.ensure_future(self._send_batch(batch, topic, partition))
            await asyncio.sleep(0)
""",
)

DELETES: Final = Edit(
    "chassis.store:Collection.save",
    'UpdateOne({"_id": i, "version": version}, update, upsert=True) for',
    "__import__('pymongo').DeleteOne({\"_id\": i, \"version\": version}) if 'closed' in update['$set'] else "
    'UpdateOne({"_id": i, "version": version}, update, upsert=True) for',
)
CLEAN: Final = ("R0 clear", "R0 commit", "clock jumps", "R0 wake", "R0 find wake")

MUTANTS: Final = (
    Mutant(
        "`pending` unset by the clear whatever is left",
        (Edit("chassis.store:_clear", '"pending": highest', '"pending": "$$REMOVE"'),),
        HOLDS["2 consumers, zombie, crash, sweeper"],
        RACE,
        "STUCK OUTBOX",
    ),
    Mutant(
        "clear sets outbox=[]",
        (Edit("chassis.store:_clear", '"outbox": left', '"outbox": []'),),
        HOLDS["2 consumers, zombie, crash, sweeper"],
        RACE,
        "CLEARED UNPUBLISHED",
    ),
    Mutant(
        "relay publishes only the new events",
        (
            Edit(
                "chassis.relay:Relay._taken",
                "if e.n > known.get(a, 0)]",
                "if e.n > known.get(a, 0) and (e.event is not None or all(x.event is None for x in entries))]",
            ),
        ),
        HOLDS["2 consumers, zombie, crash, sweeper"],
        ("R0 save", "R1 rebalance", "R1 save", "R1 send"),
        "ORDER",
    ),
    Mutant(
        "publish before write",
        (
            Edit(
                "chassis.engine:Engine._save",
                "lost = await self.collection.save(writes)",
                "[self._on_written(doc) for doc in dirty]; lost = await self.collection.save(writes)",
            ),
        ),
        Scenario(ONE, COMMAND, fuel={"http": 1}),
        ("R1 http cmd", "R1 send", "R0 save", "R0 send"),
        "SEQUENCE REUSED",
    ),
    Mutant(
        "offsets committed before the write",
        (
            Edit(
                "chassis.consumer:Consumer._post",
                "route.engine.post(delivery).add_done_callback(lambda future: self._settled(ticket, raw, future))",
                "route.engine.post(delivery)\n    self._done(ticket)",
            ),
        ),
        HOLDS["2 consumers, zombie, crash, sweeper"],
        ("R0 poll", "clock goes on", "R0 commit"),
        "INPUT",
    ),
    Mutant(
        "stale writes of a batch forgotten",
        (
            Edit(
                "chassis.engine:Engine._attempt",
                "lost = {dirty[at].id for at in await self._save(dirty, clock)} if dirty else set()",
                "lost = set(await self._save(dirty, clock) and ()) if dirty else set()",
            ),
        ),
        Scenario(MIXED[:2], COMMAND, batch=2, fuel={"http": 1}),
        ("R0 load", "R1 http cmd", "R1 save", "R0 save d0", "R0 save d1", "R0 commit"),
        ("INPUT", "SEQUENCE REUSED"),
    ),
    Mutant(
        "HTTP idempotency key not in the document",
        (Edit("chassis.codec:Codec.update", '"keys": [key_form(k) for k in doc.keys]', '"keys": []'),),
        Scenario((), COMMAND, fuel={"crash": 1, "http": 2}),
        ("R0 http cmd", "R0 save", "R0 crashes", "R1 http cmd", "R1 save"),
        "APPLIED TWICE: cmd",
        real=("R0 http cmd", "R0 save", "R0 crashes", "R1 http cmd", "R1 load"),
    ),
    Mutant(
        "sequence = version",
        (
            Edit(
                "chassis.fold:Folder._apply",
                "doc.last += 1",
                "doc.last = doc.version + 1 + decision.events.index(event)",
            ),
        ),
        Scenario(said(0, "m1", "m2", "m3", events=[1, 0, 1])),
        ("R0 save", "R0 clear", "R0 save", "R0 save"),
        "GAP",
    ),
    Mutant(
        "sequence from the outbox",
        (
            Edit(
                "chassis.fold:Folder._apply",
                "doc.last += 1",
                "doc.last = (doc.outbox[-1].n if doc.outbox else 0) + 1",
            ),
        ),
        Scenario(TWO),
        ("R0 clear", "R0 save", "R0 send"),
        "SEQUENCE REUSED",
    ),
    Mutant(
        "producer retries out of order (several requests in flight)",
        (PIPELINED, Edit("chassis.relay:new_producer", "enable_idempotence=True", "enable_idempotence=False")),
        HOLDS["one request of a dossier in flight; the rest withheld on failure"],
        ("R0 send d0e2",),
        "ORDER",
    ),
    Mutant(
        "a later event goes on after a failed one",
        (PIPELINED,),
        HOLDS["one request of a dossier in flight; the rest withheld on failure"],
        ("R0 send d0e1 fail", "R0 send d0e2"),
        "ORDER",
    ),
    Mutant(
        "clear up to the highest sent, acknowledged or not",
        (
            Edit(
                "chassis.relay:Publisher._send_batch",
                "await (await self._producer.send_batch(batch, topic, partition=partition))",
                "await asyncio.wait([await self._producer.send_batch(batch, topic, partition=partition)])",
            ),
        ),
        HOLDS["one request of a dossier in flight; the rest withheld on failure"],
        ("R0 send d0e1", "R0 send d0e2 fail", "R0 clear"),
        "CLEARED UNPUBLISHED",
    ),
    Mutant(
        "set the outbox as read instead of $push",
        (
            Edit(
                "chassis.codec:Codec.update",
                'update["$push"] = {"outbox": pushed}',
                'values["outbox"] = [entry_form(e) for e in doc.outbox]',
            ),
        ),
        Scenario(ONE, COMMAND, fuel={"http": 1, "sweep": 1}),
        ("R0 send", "R1 http cmd", "R1 load", "R0 clear", "R1 save"),
        "RESURRECTED",
    ),
    Mutant(
        "the next write clears one event too many",
        (Edit("chassis.codec:Codec.update", 'pushed["$slice"] = -kept', 'pushed["$slice"] = -max(0, kept - 1)'),),
        replace(HOLDS["messages emitting 0 and 2 events"], linger=1.0),
        ("R0 save", "R0 send", "R0 save", "R0 send"),
        ("STUCK OUTBOX", "LOST EVENT"),
    ),
    Mutant(
        "the next write clears what was only offered",
        (Edit("chassis.engine:Engine._update", "self.acknowledged.get(doc.id, 0)", "doc.last"),),
        HOLDS["2 consumers, zombie, crash, sweeper; as it runs"],
        ("R0 save", "R0 send", "R0 save"),
        "LOST EVENT",
    ),
    Mutant(
        "deadline carried",
        (
            Edit(
                "chassis.fold:Folder._sweep",
                "if doc.due is not None and doc.due <= now:",
                "if doc.due is not None:",
            ),
        ),
        HOLDS["deadline checked"],
        ("R0 save", "clock jumps", "R1 wake", "R1 find wake", "R0 save", "R1 load", "R1 save"),
        "EARLY",
        real=("R0 save", "clock jumps", "R1 wake", "R1 find wake", "R0 save", "R1 load"),
    ),
    Mutant(
        "store failover, local reads (2 consumers)",
        (Value("chassis.store._MAJORITY", ReadConcern("local")),),
        HOLDS["store failover, majority reads"],
        ("R0 save", "R1 rebalance", "R1 load", "R1 commit", "store fails over"),
        "INPUT: m1 took effect 0 times",
        real=("R0 save", "R1 rebalance", "R1 load", "store fails over"),
    ),
    Mutant(
        "store failover, local reads (HTTP)",
        (Value("chassis.store._MAJORITY", ReadConcern("local")),),
        HOLDS["store failover, majority reads, HTTP, crash"],
        ("R0 http cmd", "R0 save", "R1 http cmd", "R1 load", "store fails over"),
        "INPUT: cmd took effect 0 times",
    ),
    Mutant(
        "retention deletes; an old message comes again",
        (DELETES,),
        RETENTION,
        ("R0 clear", "clock jumps", "R1 wake", "R1 find wake", "R1 delete"),
        "APPLIED TWICE",
        real=("R0 clear", "clock jumps", "R1 wake", "R1 find wake", "R1 save"),
    ),
    Mutant(
        "retention deletes; a slow writer brings it back",
        (DELETES,),
        RETENTION,
        ("R0 clear", "R0 commit", "R1 http cmd", "R1 load", *CLEAN[2:], "R0 delete", "R1 save"),
        "APPLIED TWICE",
        real=("R0 clear", "R0 commit", "R1 http cmd", "R1 load", *CLEAN[2:], "R0 save", "R1 save", "R1 load"),
    ),
    Mutant(
        "retention deletes; a slow clear hits the new incarnation",
        (DELETES,),
        RETENTION,
        (
            "R0 send",
            "R1 sweep",
            "R1 find",
            "R1 send",
            *CLEAN,
            "R0 delete",
            "R0 http cmd",
            "R0 save",
            "R1 clear",
        ),
        ("SEQUENCE REUSED", "CLEARED UNPUBLISHED", "CONTENT"),  # who published the old event 1 remembers it
        real=(
            "R0 send",
            "R1 sweep",
            "R1 find",
            "R1 send",
            *CLEAN,
            "R0 save",
            "R0 http cmd",
            "R0 load",
            "R1 clear",
        ),
    ),
    Mutant(
        "late outcome after unknown dropped",
        (Edit("chassis.effects.leases:Leases.settle", "done.effect_id not in doc.unknown", "True"),),
        LATE,
        ("R0 call", "clock jumps", "R1 wake", "R1 find wake", "R1 save", "R0 load"),
        "UNTRUE",
        searched=False,
    ),
)

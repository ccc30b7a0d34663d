"""Before a service writes: is its store as new as what it published? A restored one is brought up to it (ADR 0065).

Invariants:
    - Nothing is folded, published, consumed, executed or told before the guard has passed (`after`, `closed`).
    - What the journal holds and the store does not, or only in an older version, is put into the store. Nothing the
      store has is ever replaced by something older.
    - An aggregate whose published sequence is then still above its own is *behind*: whatever comes for it is refused
      and its consumer commits none of it, so no sequence is used twice; the others go on.
    - While any is behind, the service's number series give nothing: one of them may hold what they gave last.
    - Up to where it was looked is written down only when nothing was behind, and never before it was looked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

import bson
from aiokafka.errors import KafkaError

from chassis.backup import FILLING, KEPT, PARKED, PUBLISHED, SERIES
from chassis.cover import Cover
from chassis.engine import Engine
from chassis.journal import BESIDE, DOCUMENT, FILE, Reading
from chassis.kafka import Bootstrap
from chassis.rereading import Place, bounds, reread
from chassis.store import Store, StoreUnavailable
from chassis.telemetry import logger
from schemas.topics import PARTITIONS

AGAIN: Final = 2.0
MARK_EVERY: Final = 60.0
log = logger(__name__)


class Restoring(Exception):
    """The database is being filled from a backup, or that was broken off."""


class Guard:
    """Of one process. `journal`: the topic of its service's journal, whose documents are covered by `cover`; `source`:
    what its events say they are from."""

    def __init__(
        self,
        store: Store,
        engines: Sequence[Engine[Any]],
        *,
        journal: str,
        cover: Cover,
        source: str,
        bootstrap: Bootstrap,
        client: str,
    ) -> None:
        self._source = source
        self._store = store
        self._kept = store.collection(KEPT)
        self._engines = {engine.kind.name: engine for engine in engines}
        self._says = {topic: engine for engine in engines for topic in engine.kind.says}
        self._journal = journal
        self._cover = cover
        self._bootstrap = bootstrap
        self._client = f"guard-{client}"
        self.passed = asyncio.Event()
        self.why = "it reads its own stream first"
        """Why nothing is done yet."""

    def closed(self) -> str:
        """As `why`, and nothing once it has passed."""
        return "" if self.passed.is_set() else self.why

    async def after(self, work: Coroutine[Any, Any, None]) -> None:
        """Does `work` once the guard has passed."""
        try:
            await self.passed.wait()
        except asyncio.CancelledError:
            work.close()
            raise
        await work

    async def run(self) -> None:
        """Looks until it could, then notes from time to time how far Kafka is: the next start need not look before."""
        while not self.passed.is_set():
            try:
                await self.look()
                self.passed.set()
            except (KafkaError, OSError, TimeoutError, StoreUnavailable, Restoring) as error:
                self.why = f"it cannot read its own stream: {type(error).__name__}: {error}"[:200]
                log.warning("nothing is written yet", why=self.why)
                await asyncio.sleep(AGAIN)
        while True:
            await asyncio.sleep(MARK_EVERY)
            try:
                await self._mark({place: end for place, (_, end) in (await self._bounds()).items()})
            except (KafkaError, OSError, TimeoutError, StoreUnavailable) as error:
                log.warning("how far Kafka is was not noted", error=str(error)[:200])

    async def look(self) -> None:
        """Brings the store up to the journal, then compares it with what was published.

        Raises:
            Restoring: a backup is being put back, or was not put back whole.
            KafkaError, TimeoutError, StoreUnavailable: it cannot be told now.
        """
        kept = {record["_id"]: record for record in await self._kept.load([PUBLISHED, FILLING])}
        if FILLING in kept:
            raise Restoring("this database is being filled from a backup: when `hoso restore` failed, run it again")
        known = {(topic, partition): at for topic, partition, at in kept.get(PUBLISHED, {}).get("offsets", [])}
        found = await self._bounds()
        since = {place: _begin(place, known.get(place, 0), *found[place]) for place in found}
        ends = {place: end for place, (_, end) in found.items()}
        adopted = await self._catch_up(since, ends)
        behind = await self._compare(since, ends)
        if adopted:
            log.warning("the store was older than the journal and was brought up to it", **adopted)
        for kind, aggregates in behind.items():
            self._engines[kind].behind = aggregates
            for aggregate, published in list(aggregates.items())[:100]:
                log.error("an aggregate is behind its own stream: nothing is done for it",
                          aggregate=f"{kind}/{aggregate}", published=published)  # fmt: skip
        if SERIES in self._engines:
            self._engines[SERIES].halted = any(behind.values())
        await self._mark(ends)

    async def _bounds(self) -> dict[Place, tuple[int, int]]:
        topics = (self._journal, *self._says)
        return await bounds(self._bootstrap, self._client, [(t, p) for t in topics for p in range(PARTITIONS)])

    async def _mark(self, ends: Mapping[Place, int]) -> None:
        """What was published before these offsets is in the store, and what is written now stays in it."""
        if any(engine.behind for engine in self._engines.values()):
            return
        await self._kept.insert_missing([{"_id": PUBLISHED, "offsets": []}])
        offsets = [[topic, partition, end] for (topic, partition), end in sorted(ends.items())]
        await self._kept.change([({"_id": PUBLISHED}, {"$set": {"offsets": offsets}})])

    async def _catch_up(self, since: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[str, int]:
        """How many documents and files were put into the store, by kind or bucket."""
        reading, adopted = Reading(), dict[str, int]()
        mine = {place: end for place, end in ends.items() if place[0] == self._journal}
        async for records in reread(self._bootstrap, self._client, mine, since):
            newest: dict[str, dict[str, tuple[int, bytes]]] = {}
            for record in records:
                headers = {name: bytes(value) for name, value in record.headers}
                whole = reading.add(record.partition, record.key.decode(), headers, record.value)
                if whole is None:
                    continue
                key, version, body = whole
                what, group, name = key.split("/", 2)
                if what == FILE:
                    await self._file(group, name, body, adopted)
                elif what == BESIDE and group.removesuffix(PARKED) in self._engines:
                    await self._store.copying().add(group, [body])
                elif what == DOCUMENT and group in self._engines:
                    known = newest.setdefault(group, {})
                    if version > known.get(name, (0, b""))[0]:
                        known[name] = (version, body)
            for kind, documents in newest.items():
                count = await self._advance(kind, documents)
                if count:
                    adopted[kind] = adopted.get(kind, 0) + count
        return adopted

    async def _advance(self, kind: str, documents: Mapping[str, tuple[int, bytes]]) -> int:
        stored = await self._select(kind, documents, "version")
        newer = {i: body for i, (version, body) in documents.items() if version > stored.get(i, 0)}
        bodies = await self._cover.take_off(kind, newer)
        put = [(i, documents[i][0], body) for i, body in bodies.items()]
        return await self._store.copying().advance(kind, put) if put else 0

    async def _file(self, bucket: str, name: str, body: bytes, adopted: dict[str, int]) -> None:
        files = self._store.files(bucket)
        if await files.about(name) is None:
            found = bson.decode(body)
            await files.put(name, bytes(found["content"]), found["metadata"])
            adopted[bucket] = adopted.get(bucket, 0) + 1

    async def _compare(self, since: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[str, dict[str, int]]:
        """Kind to aggregates whose published sequence is above what the store has, and what it is."""
        behind: dict[str, dict[str, int]] = {}
        mine = {place: end for place, end in ends.items() if place[0] != self._journal}
        async for records in reread(self._bootstrap, self._client, mine, since):
            published: dict[str, dict[str, int]] = {}
            for record in records:
                said = self._said(record)
                if said is None:
                    continue
                aggregate, sequence = said
                known = published.setdefault(self._says[record.topic].kind.name, {})
                known[aggregate] = max(sequence, known.get(aggregate, 0))
            for kind, found in published.items():
                stored = await self._select(kind, found, "last")
                ahead = {a: n for a, n in found.items() if n > stored.get(a, 0)}
                known = behind.setdefault(kind, {})
                known.update({a: max(n, known.get(a, 0)) for a, n in ahead.items()})
        return behind

    def _said(self, record: Any) -> tuple[str, int] | None:
        """Aggregate and sequence of an event of this service; None of what it did not say, whoever put it there."""
        headers = {name.lower(): bytes(value) for name, value in record.headers}
        sequence = headers.get("ce_sequence", b"")
        if headers.get("ce_source", b"").decode(errors="replace") != self._source or not sequence.isdigit():
            return None
        return (record.key or b"").decode(errors="replace"), int(sequence)

    async def _select(self, kind: str, ids: Mapping[str, Any], field: str) -> dict[str, int]:
        found = await self._engines[kind].collection.select({"_id": {"$in": list(ids)}}, (field,), len(ids))
        return {stored["_id"]: stored.get(field, 0) for stored in found}


def _begin(place: Place, known: int, first: int, end: int) -> int:
    """Where to begin: at what is known, unless the topic was made anew or what was there is no longer kept."""
    if first <= known <= end:
        return known
    if known:
        log.warning("a topic does not hold what it did", topic=place[0], partition=place[1], known=known, first=first)
    return first

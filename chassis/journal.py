"""The journal: what a service wrote, as it wrote it, kept in Kafka until a backup holds it (ADR 0065).

A store that is lost and restored from a backup lacks what was written since. Every document, sealed as it is at rest
and covered (`chassis.cover`), also goes to the service's journal topic, and so do the files it makes; `chassis.guard`
takes from there what a restored store lacks. The newest version of a document wins, so records may come twice and from
several replicas.

Invariants:
    - One process writes to one partition, one batch after the other, in the order of its writes: what is in the journal
      is a beginning of what it wrote, and holds what each of its writes relied on.
    - Whoever tells somebody outside (an event, a partner's effect, the answer to a command) first waits until
      everything this process wrote so far is in the journal (`settled`).
    - Beyond `HELD` writes only which aggregates were written is kept, so memory stays bounded while Kafka is away.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import bson

from chassis.cover import Cover
from chassis.relay import Publisher, PublishFailed
from chassis.store import Collection, Stored, StoreUnavailable
from chassis.telemetry import JOURNALED, logger

HELD: Final = 1_000
AT_ONCE: Final = 500
LINGER: Final = 0.1
MOMENT: Final = 1.0
"""Seconds a command's answer waits for the journal."""
BACKOFF: Final = 0.5
PART: Final = 200_000
"""Bytes of one record; a document or file that has more comes in several."""
DOCUMENT: Final = "document"
FILE: Final = "file"
BESIDE: Final = "beside"
Records = list[tuple[str, bytes, list[tuple[str, bytes]]]]
log = logger(__name__)


class Journal:
    """What one process writes, to one partition of its service's journal."""

    def __init__(self, publisher: Publisher, topic: str, partition: int, cover: Cover) -> None:
        self._publisher = publisher
        self._cover = cover
        self._topic = topic
        self._partition = partition
        self._collections: Mapping[str, Collection] = {}
        self._waiting: list[tuple[str, str, Stored | Records | None]] = []
        """Kind, name, and what it is: a document, records, or None of a document that must be read again."""
        self._named: set[tuple[str, str]] = set()
        self._offered = 0
        self._kept = 0
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._work = asyncio.Event()
        self._asked = asyncio.Event()
        self.healthy = True

    def reload_from(self, collections: Mapping[str, Collection]) -> None:
        """Where documents are read again that were too many to hold."""
        self._collections = collections

    def document(self, kind: str, stored: Stored) -> None:
        """A document as it was just written, or as it was found."""
        name = (kind, stored["_id"])
        if len(self._waiting) < HELD:
            self._put(*name, stored)
        elif name not in self._named:
            self._named.add(name)
            self._put(*name, None)

    def file(self, bucket: str, name: str, content: bytes, metadata: Mapping[str, Any]) -> None:
        """A file that was just stored; a file never changes."""
        body = bson.encode({"content": content, "metadata": dict(metadata)})
        self._put(bucket, name, _parts(f"{FILE}/{bucket}/{name}", 1, body))

    def beside(self, collection: str, record: Mapping[str, Any]) -> None:
        """A parked record that its document names; it never changes."""
        self._put(collection, record["_id"], _parts(f"{BESIDE}/{collection}/{record['_id']}", 1, bson.encode(record)))

    def _put(self, kind: str, name: str, what: Stored | Records | None) -> None:
        self._waiting.append((kind, name, what))
        self._offered += 1
        self._work.set()

    async def settled(self) -> None:
        """Returns when everything that was offered before is in the journal. Raises PublishFailed, StoreUnavailable."""
        if self._kept < self._offered:
            waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((self._offered, waits))
            self._asked.set()
            await waits

    async def soon(self) -> None:
        """As `settled`, but only for a moment: what is in the store is not undone because Kafka is away."""
        with suppress(PublishFailed, StoreUnavailable, TimeoutError):
            async with asyncio.timeout(MOMENT):
                await self.settled()

    async def run(self) -> None:
        """Writes, at once when somebody waits for it and else after `LINGER`; until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._asked.wait()
            self._asked.clear()
            try:
                while self._waiting:
                    await self._publish()
                self.healthy = True
            except (PublishFailed, StoreUnavailable) as error:
                self.healthy = False
                log.warning("writes wait for the journal, trying again", error=str(error)[:200], waiting=self.waiting)
                self._tell(error)
                self._work.set()
                await asyncio.sleep(BACKOFF)

    def _tell(self, error: Exception | None = None) -> None:
        """Those whose writes are there now, or all of them what went wrong."""
        while self._waiters and (error is not None or self._waiters[0][0] <= self._kept):
            _, waits = self._waiters.popleft()
            if waits.done():
                continue
            if error is None:
                waits.set_result(None)
            else:
                waits.set_exception(error)

    @property
    def waiting(self) -> int:
        """Writes that are not in it yet."""
        return len(self._waiting)

    async def _publish(self) -> None:
        """The next of what waits; it stays first until Kafka has it."""
        taken = self._waiting[:AT_ONCE]
        again = [(kind, name) for kind, name, what in taken if what is None]
        self._named.difference_update(again)
        try:
            await self._publisher.append(self._topic, self._partition, await self._records(taken))
        except BaseException:
            self._named.update(again)
            raise
        del self._waiting[: len(taken)]
        JOURNALED.inc(len(taken))
        self._kept += len(taken)
        self._tell()

    async def _records(self, taken: Sequence[tuple[str, str, Stored | Records | None]]) -> Records:
        """In their order."""
        records: Records = []
        for kind, batch in itertools.groupby(taken, key=lambda one: one[0]):
            written = list(batch)
            again = await self._reload(kind, [name for _, name, what in written if what is None])
            found = [again.get(name) if what is None else what for _, name, what in written]
            covered = iter(await self._cover.put_on(kind, [one for one in found if isinstance(one, dict)]))
            for one in found:
                if isinstance(one, dict):
                    records += records_of(kind, next(covered))
                elif one is not None:
                    records += one
        return records

    async def _reload(self, kind: str, names: Sequence[str]) -> dict[str, Stored]:
        found = await self._collections[kind].load(names) if names else []
        return {stored["_id"]: stored for stored in found}


def records_of(kind: str, stored: Stored) -> Records:
    """A document as records; `pending` is what its outbox says."""
    outbox = stored.get("outbox", [])
    form = {name: value for name, value in stored.items() if name != "pending"}
    if outbox:
        form["pending"] = outbox[-1]["n"]
    return _parts(f"{DOCUMENT}/{kind}/{stored['_id']}", stored["version"], bson.encode(form))


def _parts(key: str, version: int, body: bytes) -> Records:
    count = max(1, -(-len(body) // PART))
    return [
        (key, body[at * PART : (at + 1) * PART], [("version", b"%d" % version), ("part", b"%d/%d" % (at + 1, count))])
        for at in range(count)
    ]


class Reading:
    """The records of the journal put together again, partition by partition, in their order."""

    def __init__(self) -> None:
        self._begun: dict[int, tuple[str, int, list[bytes]]] = {}

    def add(
        self, partition: int, key: str, headers: Mapping[str, bytes], value: bytes
    ) -> tuple[str, int, bytes] | None:
        """(key, version, body) of what this record completes. A part whose beginning was not read is passed over."""
        version = int(headers["version"])
        part, _, count = headers["part"].decode().partition("/")
        if part == "1":
            self._begun[partition] = (key, version, [])
        begun = self._begun.get(partition)
        if begun is None or begun[:2] != (key, version) or len(begun[2]) != int(part) - 1:
            self._begun.pop(partition, None)
            return None
        begun[2].append(value)
        if part != count:
            return None
        del self._begun[partition]
        return key, version, b"".join(begun[2])

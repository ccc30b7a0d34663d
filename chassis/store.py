"""The document store: MongoDB's wire protocol through motor, and motor nowhere else.

Only find, bulk_write, insert, update, creation and listing of indexes, and GridFS are used, so that every store that
speaks this much serves. All writes are majority and journaled, all reads majority.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorGridFSBucket
from pymongo import ASCENDING, DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.blobs import Blobs
from chassis.copying import Copying
from chassis.gridfs import Files
from chassis.telemetry import DOCUMENTS, STORE_CALLS

StoreUnavailable = PyMongoError
"""Trouble with the store: nothing is lost, back off and do it again."""

DUPLICATE_KEY: Final = 11000
ID_DIGITS: Final = 8
NARROWEST: Final = 16**3
"""The first window of a list: holds one of a million documents whose ids are spread evenly."""
FEW: Final = ()
"""Bounds of a list of which few documents can match, or one: a single look finds them all."""
_CODEC: Final[CodecOptions[dict[str, Any]]] = CodecOptions(tz_aware=True)
_MAJORITY: Final = ReadConcern("majority")
_DURABLE: Final = WriteConcern("majority", j=True)
Stored = dict[str, Any]


class Store:
    """One service's own database."""

    def __init__(self, url: str, database: str) -> None:
        self._client: Any = AsyncIOMotorClient(
            url, serverSelectionTimeoutMS=5_000, socketTimeoutMS=20_000, retryWrites=False, tz_aware=True
        )
        self._db = self._client.get_database(
            database, codec_options=_CODEC, read_concern=_MAJORITY, write_concern=_DURABLE
        )
        self.on_file: Callable[[str, str, bytes, Mapping[str, Any]], None] | None = None
        """Hears of every file that was stored: bucket, id, content, metadata."""

    def collection(self, name: str) -> Collection:
        """A collection of aggregates, or of plain records."""
        return Collection(self._db[name], name)

    def files(self, name: str) -> Files:
        """A GridFS bucket."""
        bucket = AsyncIOMotorGridFSBucket(self._db, bucket_name=name, write_concern=_DURABLE)
        return Files(bucket, lambda *put: self.on_file(name, *put) if self.on_file is not None else None)

    def blobs(self, name: str) -> Blobs:
        """A GridFS bucket whose files are written and read chunk by chunk."""
        return Blobs(self._db[f"{name}.files"], self._db[f"{name}.chunks"])

    def copying(self) -> Copying:
        """The whole database as bytes, for backups."""
        return Copying(self._db)

    async def ping(self) -> None:
        """Raises StoreUnavailable if the store does not answer."""
        await self._db["health"].find_one({"_id": "ping"})

    def close(self) -> None:
        """Closes the sockets."""
        self._client.close()


class Collection:
    """The few operations aggregates need; each is one round trip."""

    def __init__(self, raw: Any, name: str) -> None:
        self._raw = raw
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def _count(self, operation: str) -> None:
        STORE_CALLS.labels(self._name, operation).inc()

    async def ensure_indexes(self, fields: Sequence[Sequence[str]], *, plain: bool = False) -> list[str]:
        """Builds the declared indexes that are missing and returns their names; the others stay as they are."""
        missing = await self.missing_indexes(fields, plain=plain)
        for name in missing:
            keys, options = declared_indexes(fields, plain=plain)[name]
            await self._raw.create_index(keys, name=name, **options)
        return missing

    async def missing_indexes(self, fields: Sequence[Sequence[str]], *, plain: bool = False) -> list[str]:
        """Names of the declared indexes that do not exist: over view fields, or over those of `plain` records."""
        self._count("indexes")
        there = {index["name"] async for index in self._raw.list_indexes()}
        return [name for name in declared_indexes(fields, plain=plain) if name not in there]

    async def load(self, ids: Sequence[str]) -> list[Stored]:
        """The documents that exist among `ids`, in any order."""
        self._count("find")
        found: list[Stored] = await self._raw.find({"_id": {"$in": list(ids)}}).to_list(length=None)
        return found

    async def save(self, writes: Sequence[tuple[str, int, Stored]]) -> set[int]:
        """Compare-and-set of (id, version read, update), all in one round trip.

        Returns the indexes of those that lost: each write is an upsert, so a stale one turns into an insert and
        fails as a duplicate `_id` at its index. Documents are never deleted, which is what makes this safe.
        """
        self._count("save")
        DOCUMENTS.labels(self._name).inc(len(writes))
        requests = [UpdateOne({"_id": i, "version": version}, update, upsert=True) for i, version, update in writes]
        try:
            await self._raw.bulk_write(requests, ordered=False)
        except BulkWriteError as error:
            failed = error.details.get("writeErrors", [])
            if error.details.get("writeConcernErrors") or any(e["code"] != DUPLICATE_KEY for e in failed):
                raise
            return {int(e["index"]) for e in failed}
        return set()

    async def clear(self, acknowledged: Sequence[tuple[str, int]]) -> None:
        """Takes the events up to n out of each outbox. `version` stays: this changes nothing anyone decides on."""
        self._count("clear")
        await self._raw.bulk_write([UpdateOne({"_id": i}, _clear(n)) for i, n in acknowledged], ordered=False)

    async def sleeping_until(self, now: datetime, limit: int) -> dict[str, datetime]:
        """Aggregates whose deadline, lease or retry is due, and since when."""
        self._count("wake")
        fields = {"_id": 1, "wake": 1}
        found = await self._raw.find({"wake": {"$lte": now}}, fields).limit(limit).to_list(length=None)
        return {d["_id"]: d["wake"] for d in found}

    async def unpublished(self, limit: int) -> list[Stored]:
        """Documents with events Kafka has perhaps not acknowledged."""
        self._count("pending")
        fields = {"_id": 1, "pending": 1, "outbox": 1}
        found: list[Stored] = await self._raw.find({"pending": {"$gt": 0}}, fields).limit(limit).to_list(length=None)
        return found

    async def select(
        self, query: Stored, fields: Sequence[str], limit: int, *, after: str | None = None
    ) -> list[Stored]:
        """`fields` of the documents that fit `query`; with `after`, ascending by id from there."""
        self._count("select")
        where = query if after is None else {**query, "_id": {"$gt": after}}
        cursor = self._raw.find(where, dict.fromkeys(fields, 1)).limit(limit)
        found: list[Stored] = await (cursor if after is None else cursor.sort("_id", ASCENDING)).to_list(length=None)
        return found

    async def stream(self, query: Stored, fields: Sequence[str], page: int) -> AsyncIterator[list[Stored]]:
        """`fields` of all documents that fit `query`, `page` at a time."""
        self._count("stream")
        cursor = self._raw.find(query, dict.fromkeys(fields, 1), batch_size=page)
        while found := await cursor.to_list(length=page):
            yield found

    async def remove(self, ids: Sequence[str]) -> None:
        """Removes plain records; never a document of an aggregate."""
        self._count("remove")
        await self._raw.bulk_write([DeleteOne({"_id": i}) for i in ids], ordered=False)

    async def prune(self, field: str, before: datetime, limit: int) -> int:
        """Removes plain records, `limit` at most, whose `field` is before that instant; returns how many were found.

        One that was changed since it was found stays.
        """
        old = {field: {"$lt": before}}
        found = await self.select(old, ("_id",), limit)
        if found:
            self._count("prune")
            await self._raw.bulk_write([DeleteOne({"_id": record["_id"], **old}) for record in found], ordered=False)
        return len(found)

    async def scan(self, query: Mapping[str, Any], after: str, limit: int) -> list[Stored]:
        """The next documents that fit `query`, by ascending id after `after`: for tools that go through all of them."""
        self._count("scan")
        found = self._raw.find({**query, "_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit)
        documents: list[Stored] = await found.to_list(length=None)
        return documents

    async def list(
        self,
        view: Mapping[str, Any],
        after: str | None,
        limit: int,
        order: str | None = None,
        bounds: Iterable[str] | None = None,
    ) -> list[Stored]:
        """One page of documents whose view fields equal `view`, ascending by id, or by the view field `order`.

        It looks into one window after the other, up to each of `bounds` (ascending) and at last beyond, until the page
        is full: not every store reads a sorted index only as far as the page goes.
        """
        query: Stored = {f"view.{field}": value for field, value in view.items()}
        by = "_id" if order is None else f"view.{order}"
        found: list[Stored] = []
        # From the beginning by id, each window holds the ones before it: SecantusDB reads an index over an array to the
        # end of what matches as soon as a range has two ends.
        whole = order is None and after is None
        windows = widening(after) if bounds is None and order is None else bounds or ()
        for bound in chain((b for b in windows if after is None or b > after), (None,)):
            window = {name: value for name, value in (("$gt", after), ("$lte", bound)) if value is not None}
            self._count("list")
            cursor = self._raw.find({**query, by: window} if window else query).sort(by, ASCENDING)
            more: list[Stored] = await cursor.limit(limit - len(found)).to_list(length=None)
            if len(found) + len(more) == limit:
                return [*found, *more]
            if not whole:
                found, after = [*found, *more], bound
            elif bound is None:
                return more
        return found

    async def insert_missing(self, records: Sequence[Stored]) -> set[int]:
        """Inserts those whose `_id` does not exist yet; the others stay as they are, and their indexes are returned."""
        self._count("insert")
        try:
            await self._raw.insert_many(records, ordered=False)
        except BulkWriteError as error:
            failed = error.details.get("writeErrors", [])
            if error.details.get("writeConcernErrors") or any(e["code"] != DUPLICATE_KEY for e in failed):
                raise
            return {int(e["index"]) for e in failed}
        return set()

    async def change(self, writes: Sequence[tuple[Stored, Stored]]) -> int:
        """Updates of plain records, each where its filter still holds; returns how many did."""
        self._count("change")
        result = await self._raw.bulk_write([UpdateOne(where, update) for where, update in writes], ordered=False)
        return int(result.matched_count)

    async def tally(self, query: Mapping[str, Any], field: str) -> dict[Any, int]:
        """How many documents fit `query`, by the value of `field`; reads them all, one small field each."""
        self._count("tally")
        counts: dict[Any, int] = {}
        async for stored in self._raw.find(query, {"_id": 0, field: 1}):
            value = stored.get(field)
            counts[value] = counts.get(value, 0) + 1
        return counts


def widening(after: str | None) -> Iterator[str]:
    """Bounds for ids that are spread evenly, as UUIDs are: each window is eight times as wide as the one before."""
    try:
        at = int((after or "")[:ID_DIGITS] or "0", 16)
    except ValueError:
        return
    width = NARROWEST
    while (at := at + width) < 16**ID_DIGITS:
        yield f"{at:0{ID_DIGITS}x}"
        width *= 8


def declared_indexes(
    fields: Sequence[Sequence[str]], *, plain: bool = False
) -> dict[str, tuple[list[tuple[str, int]], dict[str, Any]]]:
    """Name to (keys, options): of aggregates the sweeper's partial indexes and those over view fields."""
    if plain:
        return {"_".join(names): ([(name, ASCENDING) for name in names], {}) for names in fields}
    partial = {name: {"partialFilterExpression": {name: {"$exists": True}}} for name in ("pending", "wake", "held")}
    indexes: dict[str, tuple[list[tuple[str, int]], dict[str, Any]]] = {
        name: ([(name, ASCENDING)], options) for name, options in partial.items()
    }
    for names in fields:
        keys = [(f"view.{name}", ASCENDING) for name in names]
        indexes["view_" + "_".join(names)] = ([*keys, ("_id", ASCENDING)], {})
    return indexes


def _clear(n: int) -> list[Stored]:
    """`pending` is the highest sequence in the outbox, so it stays as it is while anything is left.

    Not computed from ``$outbox.n``: SecantusDB finds nothing at a path through an array.
    """
    left = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "as": "e", "cond": {"$gt": ["$$e.n", n]}}}
    highest = {"$cond": [{"$gt": ["$pending", n]}, "$pending", "$$REMOVE"]}
    return [{"$set": {"outbox": left, "pending": highest}}]

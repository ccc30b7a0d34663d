"""A stand-in for the document store, below `chassis.store`: it evaluates the very filters and updates sent to it.

Each operation of a bulk write is one atomic step of the scheduler. Documents are kept as BSON, as a store does, so
what a reader gets shares nothing with what was written. `tests/integration/chassis/test_store_contract.py` runs the
same cases against this stand-in and against real stores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import bson
from bson.codec_options import CodecOptions
from pymongo import DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError

from .query import Doc, matches, updated

Docs = dict[str, dict[str, bytes]]
_AWARE: CodecOptions[Doc] = CodecOptions(tz_aware=True)
DUPLICATE = 11000


def pack(doc: Mapping[str, Any]) -> bytes:
    return bson.encode(doc)


def unpack(raw: bytes) -> Doc:
    return bson.decode(raw, _AWARE)


class Durable(Protocol):
    """What outlives every process."""

    def read(self, collection: str, *, majority: bool) -> dict[str, bytes]: ...

    def write(self, collection: str, document: str, change: Callable[[Doc | None], Doc | None]) -> None:
        """Applies a change to one document, at once. Raises what `change` raises."""


Act = tuple[str, Callable[[Any], Any]]
"""A label, and what happens to the durable world, at once."""


class Scheduled(Protocol):
    """One replica, as the stand-ins see it."""

    async def step(self, act: Act, rest: Sequence[Act] = (), *, faults: Sequence[str] = ()) -> Any:
        """One atomic step; `rest` follows in the same request. Raises AutoReconnect for an answer that is lost."""

    async def replicated(self, collection: str, document: str) -> None:
        """Waits for the majority."""


class Client:
    """In place of the driver's client."""

    def __init__(self, scheduled: Scheduled) -> None:
        self._scheduled = scheduled

    def get_database(self, _name: str, *, read_concern: Any, write_concern: Any, codec_options: Any) -> Database:
        assert write_concern.document == {"w": "majority", "j": True}
        assert codec_options.tz_aware
        return Database(self._scheduled, majority=read_concern.level == "majority")

    def close(self) -> None:
        """Nothing to close."""


class Database:
    def __init__(self, scheduled: Scheduled, *, majority: bool) -> None:
        self._scheduled = scheduled
        self._majority = majority

    def __getitem__(self, name: str) -> Raw:
        return Raw(self._scheduled, name, majority=self._majority)


def short(document: str) -> str:
    """How a document is called in a trace."""
    return f"d{document[-1]}"


class Raw:
    """In place of the driver's collection."""

    def __init__(self, scheduled: Scheduled, name: str, *, majority: bool) -> None:
        self._scheduled = scheduled
        self._name = name
        self._majority = majority

    async def bulk_write(self, requests: Sequence[Any], *, ordered: bool) -> None:
        assert not ordered
        await self._run([self._act(request) for request in requests], [r._filter["_id"] for r in requests])

    async def insert_many(self, records: Sequence[Doc], *, ordered: bool) -> None:
        assert not ordered
        await self._run([self._inserting(record) for record in records], [r["_id"] for r in records])

    async def _run(self, acts: list[Act], ids: list[str]) -> None:
        failed: list[Doc] = []
        for index, act in enumerate(acts):
            if await self._scheduled.step(act, acts[index + 1 :], faults=("lost", "late")):
                await self._scheduled.replicated(self._name, ids[index])
            else:
                failed.append({"index": index, "code": DUPLICATE, "errmsg": "E11000 duplicate key"})
        if failed:
            raise BulkWriteError({"writeErrors": failed, "writeConcernErrors": []})

    def _act(self, request: Any) -> Act:
        document = request._filter["_id"]
        if isinstance(request, DeleteOne):
            return f"delete {short(document)}", self._writer(document, lambda doc: _deleted(doc, request))
        upsert = isinstance(request, UpdateOne) and bool(request._upsert)
        label = f"{'save' if upsert else 'clear'} {short(document)}"
        return label, self._writer(document, lambda doc: _changed(doc, request, upsert=upsert))

    def _inserting(self, record: Doc) -> Act:
        def insert(doc: Doc | None) -> Doc:
            if doc is not None:
                raise KeyError(record["_id"])
            return record

        return f"insert {record['_id']}", self._writer(record["_id"], insert)

    def _writer(self, document: str, change: Callable[[Doc | None], Doc | None]) -> Callable[[Durable], bool]:
        def act(durable: Durable) -> bool:
            try:
                durable.write(self._name, document, change)
            except KeyError:
                return False
            return True

        return act

    def find(self, query: Mapping[str, Any], fields: Mapping[str, int] | None = None) -> Cursor:
        return Cursor(self._scheduled, self._name, query, fields, majority=self._majority)


def _deleted(doc: Doc | None, request: Any) -> Doc | None:
    return None if doc is None or matches(doc, request._filter) else doc


def _changed(doc: Doc | None, request: Any, *, upsert: bool) -> Doc | None:
    if doc is not None and matches(doc, request._filter):
        return updated(doc, request._doc)
    if not upsert:
        return doc
    if doc is not None:
        raise KeyError(request._filter["_id"])
    return updated({k: v for k, v in request._filter.items() if not isinstance(v, Mapping)}, request._doc)


class Cursor:
    def __init__(
        self,
        scheduled: Scheduled,
        name: str,
        query: Mapping[str, Any],
        fields: Mapping[str, int] | None,
        *,
        majority: bool,
    ) -> None:
        self._scheduled = scheduled
        self._name = name
        self._query = query
        self._fields = fields
        self._majority = majority
        self._limit: int | None = None

    def limit(self, most: int) -> Cursor:
        self._limit = most
        return self

    def sort(self, field: str, _order: int) -> Cursor:
        assert field == "_id"
        return self

    async def to_list(self, *, length: int | None) -> list[Doc]:
        assert length is None
        wanted = self._query.get("_id")
        ids = wanted.get("$in", ()) if isinstance(wanted, Mapping) else ()
        label = f"load {','.join(short(i) for i in ids)}" if ids else f"find {next(iter(self._query))}"
        found: list[Doc] = await self._scheduled.step((label, self._read))
        return found

    def _read(self, durable: Durable) -> list[Doc]:
        stored = durable.read(self._name, majority=self._majority)
        found = [doc for _, raw in sorted(stored.items()) if matches(doc := unpack(raw), self._query)]
        if self._fields is not None:
            found = [{k: v for k, v in doc.items() if k in self._fields} for doc in found]
        return found[: self._limit]

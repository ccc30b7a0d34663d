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
from pymongo.errors import BulkWriteError, OperationFailure

Doc = dict[str, Any]
Docs = dict[str, dict[str, bytes]]
_AWARE: CodecOptions[Doc] = CodecOptions(tz_aware=True)
DUPLICATE = 11000


def pack(doc: Mapping[str, Any]) -> bytes:
    return bson.encode(doc)


def unpack(raw: bytes) -> Doc:
    return bson.decode(raw, _AWARE)


def at(doc: Any, path: str) -> tuple[Any, ...]:
    """The value at a dotted path, in a tuple; empty if there is none."""
    for step in path.split("."):
        if isinstance(doc, list) and step.isdigit():
            if int(step) >= len(doc):
                return ()
            doc = doc[int(step)]
        elif isinstance(doc, dict) and step in doc:
            doc = doc[step]
        else:
            return ()
    return (doc,)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda a, b: bool(a == b),
    "$gt": lambda a, b: type(a) is type(b) and bool(a > b),
    "$gte": lambda a, b: type(a) is type(b) and bool(a >= b),
    "$lt": lambda a, b: type(a) is type(b) and bool(a < b),
    "$lte": lambda a, b: type(a) is type(b) and bool(a <= b),
    "$in": lambda a, b: a in b,
}


def matches(doc: Doc, query: Mapping[str, Any]) -> bool:
    return all(_holds(at(doc, path), condition) for path, condition in query.items())


def _holds(found: tuple[Any, ...], condition: Any) -> bool:
    if not isinstance(condition, Mapping):
        return found == (condition,)
    for operator, operand in condition.items():
        if operator == "$exists":
            if bool(found) is not bool(operand):
                return False
        elif not found or not _COMPARE[operator](found[0], operand):
            return False
    return True


def updated(doc: Doc, update: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Doc:
    """`doc` after one update, by operators or by aggregation pipeline."""
    doc = dict(doc)
    if not isinstance(update, Mapping):
        for stage in update:
            ((name, fields),) = stage.items()
            if name == "$unset":
                for field in [fields] if isinstance(fields, str) else fields:
                    doc.pop(field, None)
                continue
            if name not in {"$set", "$addFields"}:
                raise OperationFailure(f"stage {name} is not known")
            values = {field: _value(doc, expression, {}) for field, expression in fields.items()}
            for field, value in values.items():
                doc.pop(field, None) if value is _REMOVE else doc.__setitem__(field, value)
        return doc
    for operator, fields in update.items():
        for field, operand in fields.items():
            _apply(doc, operator, field, operand)
    return doc


def _apply(doc: Doc, operator: str, field: str, operand: Any) -> None:
    if operator == "$set":
        doc[field] = operand
    elif operator == "$unset":
        doc.pop(field, None)
    elif operator == "$push":
        new = operand["$each"] if isinstance(operand, Mapping) and "$each" in operand else [operand]
        doc[field] = [*doc.get(field, []), *new]
    elif operator == "$pull":
        doc[field] = [e for e in doc.get(field, []) if not matches(e, operand)] if field in doc else []
    else:
        raise OperationFailure(f"operator {operator} is not known")


_REMOVE = object()


def _value(doc: Doc, expression: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(expression, str) and expression.startswith("$"):
        return _variable(doc, expression, names)
    if not isinstance(expression, Mapping) or not any(k.startswith("$") for k in expression):
        return expression
    ((operator, operand),) = expression.items()
    if operator == "$literal":
        return operand
    if operator == "$filter":
        array = _value(doc, operand["input"], names)
        name = operand.get("as", "this")
        return [e for e in array if _value(doc, operand["cond"], {**names, name: e})]
    operands = [_value(doc, o, names) for o in (operand if isinstance(operand, list) else [operand])]
    return _OPERATORS[operator](*operands)


def _variable(doc: Doc, expression: str, names: Mapping[str, Any]) -> Any:
    if expression == "$$REMOVE":
        return _REMOVE
    if expression.startswith("$$"):
        name, _, path = expression[2:].partition(".")
        found = at(names[name], path) if path else (names[name],)
    else:
        path = expression[1:]
        found = at(doc, path)
        parent = at(doc, path.rpartition(".")[0]) if not found and "." in path else ()
        if parent and isinstance(parent[0], list):
            found = ([at(e, path.rpartition(".")[2])[0] for e in parent[0]],)
    return found[0] if found else None


_OPERATORS: dict[str, Callable[..., Any]] = {
    "$ifNull": lambda *values: next((v for v in values if v is not None), None),
    "$gt": lambda a, b: a is not None and a > b,
    "$lte": lambda a, b: a is None or a <= b,
    "$eq": lambda a, b: a == b,
    "$size": len,
    "$max": lambda *values: max(values[0] if isinstance(values[0], list) else values, default=None),
    "$cond": lambda condition, then, otherwise: then if condition else otherwise,
}


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

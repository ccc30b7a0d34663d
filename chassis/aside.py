"""The side store of parked records: what a document names but does not hold (the rules are in `chassis.parking`).

Invariants:
    - A side record is durable before the document that names it.
    - It is removed only when `seen` of its aggregate, read from the store, has reached its sequence. That never becomes
      untrue again, and nobody parks what was seen, so it may happen at any later time and twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from chassis.delivery import Delivery
from chassis.document import Document, Parked
from chassis.parking import SideRecord, needed, split
from chassis.store import Collection

PAGE: Final = 200
_PLACE: Final = ("aggregate", "stream", "sequence")


class Aside:
    """The side records of one kind of aggregate."""

    def __init__(
        self,
        records: Collection,
        aggregates: Collection,
        journal: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> None:
        self._journal = journal
        self._records = records
        self._aggregates = aggregates
        self._after = ""

    async def fill(self, docs: Mapping[str, Document[Any]], deliveries: Mapping[str, Sequence[Delivery]]) -> None:
        """Fetches, in one round trip, what folding `deliveries` into `docs` may need; none where nothing is beside."""
        refs = {doc.id: needed(doc, deliveries[doc.id]) for doc in docs.values() if doc.parked}
        found = await self._load([ref for wanted in refs.values() for ref in wanted])
        if found:
            for doc in (docs[aggregate] for aggregate in refs):
                doc.parked = [_filled(p, found) for p in doc.parked]

    async def keep(self, docs: Iterable[Document[Any]]) -> None:
        """Writes beside what `docs` are about to name; call it before they are written."""
        beside: list[SideRecord] = []
        for doc in docs:
            if doc.parked:
                doc.parked, records = split(doc.id, doc.parked)
                beside.extend(records)
        if beside:
            forms = [_form(record) for record in beside]
            await self._records.insert_missing(forms)
            if self._journal is not None:
                for form in forms:
                    self._journal(self._records.name, form)

    async def fetch(self, parked: Parked) -> Parked:
        """The record with its headers and value."""
        return _filled(parked, await self._load([parked.ref] if parked.ref else []))

    async def collect(self) -> int:
        """Removes rubbish among the next 200 side records; returns how many. Called again and again it goes round."""
        page = await self._records.select({}, _PLACE, PAGE, after=self._after)
        self._after = page[-1]["_id"] if len(page) == PAGE else ""
        if not page:
            return 0
        ids = sorted({record["aggregate"] for record in page})
        seen = {d["_id"]: d["seen"] for d in await self._aggregates.select({"_id": {"$in": ids}}, ("seen",), PAGE)}
        rubbish = [r["_id"] for r in page if seen.get(r["aggregate"], {}).get(r["stream"], 0) >= r["sequence"]]
        if rubbish:
            await self._records.remove(rubbish)
        return len(rubbish)

    async def _load(self, refs: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {record["_id"]: record for record in await self._records.load(refs)} if refs else {}


def _filled(p: Parked, found: Mapping[str, dict[str, Any]]) -> Parked:
    record = found.get(p.ref or "")
    if record is None:
        return p
    return replace(p, headers=tuple((k, bytes(v)) for k, v in record["headers"]), value=bytes(record["value"]))


def _form(record: SideRecord) -> dict[str, Any]:
    form = asdict(record)
    return {"_id": form.pop("ref"), **form, "headers": [list(h) for h in record.headers]}

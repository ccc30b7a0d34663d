"""Goldens: what was once stored or published, one file per type and version, never overwritten.

``schemas/goldens/TYPE.vN.json`` are events, ``documents/SERVICE.AGGREGATE.vN.json`` whole documents as they lie in the
store (state, inbox, outbox, effects, parked records, keys, deadline) and ``effects/SERVICE.TYPE.vN.json`` pending
effects; the latter two in MongoDB's extended JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bson import json_util

from chassis.codec import Codec, Stored, effect_form, entry_form
from chassis.decision import Effect
from chassis.document import AggregateType, Document, KeyRecord, OutboxEntry, Parked, PendingEffect
from cli.examples import ID, INSTANT, example
from schemas.event import Catalogue
from schemas.personal import Unsealed

AT: Final = datetime.fromisoformat(INSTANT)
TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Kinds = Mapping[str, tuple[AggregateType[Any], ...]]


def document(kind: AggregateType[Any]) -> Document[Any]:
    """A document of that kind with something in every place."""
    effects = [pending(kind, effect, at) for at, effect in enumerate(kind.effects, 1)]
    entry = OutboxEntry(2, "example.events.v1", "example.said.v1", AT, TRACE, data=b'{"dossier_id":"text"}')
    parked = Parked("example", 4, "gap", "waits for 3", 1, AT, (("ce_type", b"example.said.v1"),), b"{}")
    key = KeyRecord("key", "0" * 64, {"id": ID}, AT, permanent=True)
    return Document(
        id=ID,
        version=3,
        state=example(kind.state),
        seen={"example": 2},
        last=2,
        issued=len(effects),
        outbox=[entry],
        effects=effects,
        parked=[parked],
        keys=[key],
        due=AT,
        at=AT,
    )


def pending(kind: AggregateType[Any], effect: type[Effect], number: int) -> PendingEffect:
    """A leased effect of that type."""
    return PendingEffect(f"{kind.name}/{ID}/{number}", example(effect), "leased", AT, "replica", asks=True, trace=TRACE)


def stored(kind: AggregateType[Any], doc: Document[Any]) -> Stored:
    """As `doc` lies in the store after it was written."""
    update = Codec(kind).update(replace(doc, version=doc.version - 1), _sealed)
    found: Stored = {"_id": doc.id, **update["$set"]}
    if doc.outbox:
        found |= {"outbox": [entry_form(e) for e in doc.outbox], "pending": doc.outbox[-1].n}
    return found


def effect_types(kinds: Kinds) -> Iterator[tuple[str, AggregateType[Any], type[Effect]]]:
    """Every (``SERVICE.TYPE``, kind, effect); one that several aggregates of a service share comes once."""
    seen = set()
    for service, found in kinds.items():
        for kind in found:
            for effect in kind.effects:
                name = f"{service}.{effect.TYPE}"
                if name not in seen:
                    yield name, kind, effect
                seen.add(name)


def missing(folder: Path, catalogues: Mapping[str, Catalogue], kinds: Kinds) -> dict[Path, str]:
    """The goldens of what is written now that do not exist yet, and their text."""
    wanted: dict[Path, Any] = {}
    for catalogue in catalogues.values():
        for event in set(catalogue.types.values()):
            wanted[folder / f"{event.type_name()}.json"] = example(event).dump()
    for service, found in kinds.items():
        for kind in found:
            name = f"{service}.{kind.name}.v{kind.versions.written}.json"
            wanted[folder / "documents" / name] = stored(kind, document(kind))
    for name, kind, effect in effect_types(kinds):
        form = effect_form(pending(kind, effect, 1), _sealed)
        wanted[folder / "effects" / f"{name}.v{effect.VERSIONS.written}.json"] = form
    return {path: text(form) for path, form in wanted.items() if not path.exists()}


def text(form: Any) -> str:
    """Extended JSON, which is plain JSON for a form without instants and bytes."""
    plain = json_util.dumps(form, json_options=json_util.RELAXED_JSON_OPTIONS)
    return json.dumps(json.loads(plain), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def read(path: Path) -> Stored:
    """The inverse of `text`."""
    form: Stored = json_util.loads(path.read_text())
    return form


def unsaid(golden: Any, again: Any, path: str = "") -> list[str]:
    """Where `again` does not say what `golden` says; fields that were added since are no matter."""
    if isinstance(golden, dict) and isinstance(again, dict):
        found = [f"{path}.{name}" for name in golden.keys() - again.keys()]
        return found + [
            p for name in golden.keys() & again for p in unsaid(golden[name], again[name], f"{path}.{name}")
        ]
    if isinstance(golden, list) and isinstance(again, list) and len(golden) == len(again):
        return [p for at, one in enumerate(golden) for p in unsaid(one, again[at], f"{path}[{at}]")]
    return [] if golden == again else [path]


def _sealed(kind: str, _clear: str) -> str:
    raise Unsealed(f"a golden held a clear {kind}")

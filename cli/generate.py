"""``python -m cli.generate``: JSON Schema of all that is published or stored, AsyncAPI 3, and missing goldens.

Goldens are never overwritten: they are what was once written and must decode for ever. Schemas are overwritten unless
the change breaks a reader: then nothing is written and every such field is named.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cli import goldens
from cli.compatibility import HOW, breaks
from deploy.local.paths import ROOT
from deploy.local.stack import SOURCE
from schemas import audit, envelope, upstream
from schemas.event import Catalogue, Event, Record
from schemas.topics import CATALOGUES, STREAMS, UPSTREAM, Topic, declared
from services.kinds import kinds

GENERATED: Final = ROOT / "schemas" / "generated"
GOLDENS: Final = ROOT / "schemas" / "goldens"
STREAM_OF_TOPIC: Final = {topic.name: stream for stream, topic in STREAMS.items()}
AUDIT: Final[Mapping[str, type[Event]]] = {audit.RECORDS: audit.AccessRecorded, audit.SEALS: audit.LogSealed}
JSON_TYPE: Final = "application/json"


def catalogues() -> dict[str, Catalogue]:
    """Every stream's types, replies to portals included."""
    return {**CATALOGUES, upstream.STREAM: Catalogue(upstream.EVENTS), audit.STREAM: Catalogue(audit.EVENTS)}


def schema(name: str, model: type[Record]) -> dict[str, Any]:
    """JSON Schema (2020-12) of one form, as it is written."""
    return {"$id": f"hoso:{name}", **model.model_json_schema(mode="serialization")}


def published(event: type[Event]) -> dict[str, Any]:
    """The schema of the version that is published; an older one than the model's is on record."""
    name = event.type_name()
    if name == event.type_name(event.VERSIONS.current):
        return event.model_json_schema(mode="serialization")
    found: dict[str, Any] = json.loads((GENERATED / f"{name}.schema.json").read_text())
    return {key: value for key, value in found.items() if key != "$id"}


def models() -> dict[str, type[Record]]:
    """Path below `GENERATED` to the model of every form, in its current version."""
    found: dict[str, type[Record]] = {}
    for catalogue in catalogues().values():
        for event in catalogue.types.values():
            found[event.type_name(event.VERSIONS.current)] = event
    for service, aggregates in kinds().items():
        for kind in aggregates:
            found[f"documents/{service}.{kind.name}.v{kind.versions.current}"] = kind.state
    for name, _, effect in goldens.effect_types(kinds()):
        found[f"effects/{name}.v{effect.VERSIONS.current}"] = effect
    return found


def documents() -> dict[str, str]:
    """Path below `GENERATED` to content of everything that is generated."""
    found = {f"{path}.schema.json": _text(schema(path.rpartition("/")[2], model)) for path, model in models().items()}
    for name, model in upstream.SENT.items():
        found[f"{name}.schema.json"] = _text({"$id": f"hoso:{name}", **model.model_json_schema()})
    return {**found, "asyncapi.json": _text(asyncapi())}


def broken(folder: Path = GENERATED) -> list[str]:
    """Every field whose change breaks a reader, against the schemas checked in; they name type and version."""
    found = []
    for path, model in models().items():
        file = folder / f"{path}.schema.json"
        if file.exists():
            now = schema(path, model)
            changes = breaks(json.loads(file.read_text()), now, carried=path.startswith("documents/"))
            found += [f"{path}: {change}" for change in changes]
    return found


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of all topics, for a deployment that hears one example portal."""
    topics = declared((SOURCE,))
    channels = {_key(topic): _channel(topic) for topic in topics}
    operations: dict[str, Any] = {}
    for topic in topics:
        reference = {"$ref": f"#/channels/{_key(topic)}"}
        operations |= {f"{who}.sends.{topic.name}": {"action": "send", "channel": reference} for who in topic.producers}
        operations |= {
            f"{who}.receives.{topic.name}": {"action": "receive", "channel": reference} for who in topic.consumers
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "hoso",
            "version": "0.1.0",
            "description": "Dossier events. CloudEvents 1.0 in Kafka binary content mode.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON_TYPE,
        "channels": channels,
        "operations": operations,
    }


def _key(topic: Topic) -> str:
    return topic.name.replace(".", "_").replace("-", "_")


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Partitions: {topic.partitions}.",
        "messages": {name.replace(".", "_"): message for name, message in _messages(topic).items()},
        "bindings": {"kafka": {"partitions": topic.partitions, "replicas": 3}},
    }


def _messages(topic: Topic) -> dict[str, Any]:
    if topic.name == UPSTREAM:
        return {name: _message(name, model.model_json_schema(), sealed=True) for name, model in upstream.SENT.items()}
    if topic.name.startswith("upstream.replies."):
        types = catalogues()[upstream.STREAM].types
        return {
            event.type_name(): _message(event.type_name(), published(event), sealed=True)
            for event in dict.fromkeys(types.values())
        }
    if topic.name in AUDIT:
        event = AUDIT[topic.name]
        return {event.type_name(): _message(event.type_name(), published(event), sealed=False)}
    if topic.name.endswith(".journal.v1"):
        return {
            "write": {"name": "write", "payload": {}, "summary": "What its service wrote, for itself alone (BSON)."}
        }
    stream = STREAM_OF_TOPIC.get(topic.name)
    if stream is None:
        return {
            "dead_letter": {"name": "dead_letter", "payload": {}, "summary": "A copy of what could not be handled."}
        }
    return {
        event.type_name(): _message(event.type_name(), published(event), sealed=False)
        for event in dict.fromkeys(CATALOGUES[stream].types.values())
    }


def _message(name: str, payload: dict[str, Any], *, sealed: bool) -> dict[str, Any]:
    text = "Compact JWE around compact JWS around this payload." if sealed else "JSON."
    return {
        "name": name,
        "contentType": "application/jose" if sealed else JSON_TYPE,
        "summary": text,
        "headers": _headers(name, sealed=sealed),
        "payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": _inlined(payload)},
    }


def _headers(name: str, *, sealed: bool) -> dict[str, Any]:
    """The CloudEvents attributes of one message, as Kafka record headers."""
    text = {"type": "string", "minLength": 1, "maxLength": envelope.MAX_ATTRIBUTE}
    found = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {**text, "description": "Of the event: a repeat has the same one."},
        "ce_source": {**text, "description": "Who says it; of an upstream portal, the name it is registered by."},
        "ce_type": {"const": name},
        "ce_subject": {**text, "description": "What it is about, and the record's key."},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"const": "application/jose" if sealed else JSON_TYPE},
    }
    return {"type": "object", "required": sorted(found), "properties": found}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its ``$defs`` put in place of their references: the document then needs no others."""
    definitions = schema.get("$defs", {})

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return walk(definitions[value["$ref"].rpartition("/")[2]])
            return {k: walk(v) for k, v in value.items() if k not in {"$defs", "prefixItems"}}
        return [walk(v) for v in value] if isinstance(value, list) else value

    result: dict[str, Any] = walk(schema)
    return result


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write(generated: Path = GENERATED, golden: Path = GOLDENS) -> int:
    """Writes the generated documents and the missing goldens; 1, and nothing, when a change breaks a reader."""
    wrong = broken(generated)
    if wrong:
        print(*wrong, HOW, sep="\n", file=sys.stderr)  # noqa: T201 - what `make generate` says
        return 1
    new = {generated / name: text for name, text in documents().items()}
    for path, text in {**new, **goldens.missing(golden, catalogues(), kinds())}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(write())

"""``python -m cli.generate``: JSON Schema and AsyncAPI 3 from schemas/, and a golden for every type that has none.

Generated documents are overwritten; goldens never: they are what was once written and must decode for ever.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from deploy.local.paths import ROOT
from deploy.local.stack import SOURCE
from schemas import upstream
from schemas.event import Catalogue, Event
from schemas.topics import CATALOGUES, STREAMS, UPSTREAM, Topic, declared

GENERATED: Final = ROOT / "schemas" / "generated"
GOLDENS: Final = ROOT / "schemas" / "goldens"
STREAM_OF_TOPIC: Final = {topic.name: stream for stream, topic in STREAMS.items()}
JSON_TYPE: Final = "application/json"


def catalogues() -> dict[str, Catalogue]:
    """Every stream's types, replies to portals included."""
    return {**CATALOGUES, upstream.STREAM: Catalogue(upstream.EVENTS)}


def schema(event: type[Event]) -> dict[str, Any]:
    """JSON Schema (2020-12) of one event type."""
    return {"$id": f"hoso:{event.type_name()}", **event.model_json_schema(mode="serialization")}


def documents() -> dict[str, str]:
    """File name to content of everything that is generated."""
    found = {
        f"{name}.schema.json": _text(schema(event))
        for catalogue in catalogues().values()
        for name, event in catalogue.types.items()
    }
    filing = {"$id": f"hoso:{upstream.FILED}", **upstream.UpstreamFiling.model_json_schema()}
    return {**found, f"{upstream.FILED}.schema.json": _text(filing), "asyncapi.json": _text(asyncapi())}


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
        return {upstream.FILED: _message(upstream.FILED, upstream.UpstreamFiling.model_json_schema(), sealed=True)}
    if topic.name.startswith("upstream.replies."):
        types = catalogues()[upstream.STREAM].types
        return {
            name: _message(name, event.model_json_schema(mode="serialization"), sealed=True)
            for name, event in types.items()
        }
    stream = STREAM_OF_TOPIC.get(topic.name)
    if stream is None:
        return {
            "dead_letter": {"name": "dead_letter", "payload": {}, "summary": "A copy of what could not be handled."}
        }
    return {
        name: _message(name, event.model_json_schema(mode="serialization"), sealed=False)
        for name, event in CATALOGUES[stream].types.items()
    }


def _message(name: str, payload: dict[str, Any], *, sealed: bool) -> dict[str, Any]:
    text = "Compact JWE around compact JWS around this payload." if sealed else "JSON."
    return {
        "name": name,
        "contentType": "application/jose" if sealed else JSON_TYPE,
        "summary": text,
        "payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": _inlined(payload)},
    }


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


def write(folder: Path) -> None:
    """Writes the generated documents."""
    folder.mkdir(exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write(GENERATED)

"""One full example of any model, from its JSON Schema: the same each time, with every optional field present."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar

from schemas.event import Record
from schemas.personal import PREFIX

R = TypeVar("R", bound=Record)
ID: Final = "00000000-0000-4000-8000-000000000001"
INSTANT: Final = "2026-11-24T08:30:00.000Z"
FORMATS: Final = {"date-time": INSTANT, "date": "2026-11-24", "uuid": ID}
PATTERNS: Final = {
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$": ID,
    r"^[0-9a-f]{64}$": "0" * 64,
    r"^\d{2}$": "11",
    r"^\d{5}$": "03127",
}
SCALARS: Final = {"string": "text", "boolean": True, "null": None}


class NoExample(ValueError):
    """The schema is of a kind this cannot make up: add it here."""


def example(model: type[R]) -> R:
    """Raises NoExample, naming the pattern, where none is known."""
    return model.model_validate(_values(model))


@cache
def _values(model: type[Record]) -> Any:
    """Made once: pydantic takes milliseconds for the schema of a model."""
    schema = model.model_json_schema()
    return _value(schema, schema.get("$defs", {}))


def _value(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], definitions)
    if schema.get("type") == "object":
        return _object(schema, definitions)
    if schema.get("type") == "array":
        places = schema.get("prefixItems") or [schema["items"]] * max(1, schema.get("minItems", 1))
        return [_value(place, definitions) for place in places]
    return _scalar(schema)


def _scalar(schema: Mapping[str, Any]) -> Any:
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    kind = schema.get("type", "string")
    if kind in {"integer", "number"}:
        return schema.get("minimum", schema.get("exclusiveMinimum", 0)) + 1
    if "pattern" in schema:
        return _matching(schema["pattern"])
    return FORMATS[schema["format"]] if "format" in schema else SCALARS[kind]


def _object(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    if "properties" in schema:
        return {name: _value(part, definitions) for name, part in schema["properties"].items()}
    values = schema.get("additionalProperties")
    if not isinstance(values, dict) or values.get("additionalProperties") is True:  # of any form
        return {}
    return {"name": _value(values, definitions)}


def _matching(pattern: str) -> str:
    if pattern.startswith(f"^{PREFIX}"):
        return f"{pattern.removeprefix('^')}AAAA"
    if pattern not in PATTERNS:
        raise NoExample(f"no text is known here that matches {pattern}")
    return PATTERNS[pattern]

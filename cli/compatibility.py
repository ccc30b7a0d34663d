"""Which changes of a form break a reader: two JSON Schemas of the same version, compared. Pure.

Replicas of two releases read each other's forms, and what was stored long ago stays as it is. So under one version
number both must accept what either writes; all that may be added are fields with a default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
LIMITS: Final = (
    "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
)  # fmt: skip
HOW: Final = (
    "Make a new version: `versions=Versions(2, writes=1, up={1: …}, down={2: …})` on its AggregateType (VERSIONS on an "
    "Effect or an Event), write 2 one release later, and run `make generate` (docs/decisions/0011-evolution.md)."
)


def breaks(old: Schema, new: Schema, *, carried: bool = False) -> list[str]:
    """Every change from `old` to `new` that breaks a reader, as ``path: what``; empty when none does.

    `carried`: the form is written back by those who read it, and they keep unknown fields at its top only.
    """
    return list(_Pair(old, new, carried=carried).compare("", old, new))


class _Pair:
    def __init__(self, old: Schema, new: Schema, *, carried: bool) -> None:
        self._old = old.get("$defs", {})
        self._new = new.get("$defs", {})
        self._carried = carried

    def compare(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if "anyOf" in old or "anyOf" in new:
            yield from self._options(path, old, new)
            return
        if old.get("type") != new.get("type"):
            yield f"{path}: was of type {old.get('type')}, is of type {new.get('type')}"
            return
        yield from _words(path, old, new)
        for limit in LIMITS:
            if old.get(limit) != new.get(limit):
                yield f"{path}: {limit} was {old.get(limit)!r}, is {new.get(limit)!r}"
        yield from self._parts(path, old, new)
        yield from self._fields(path, old, new)

    def _options(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = _by_kind(old, self._old), _by_kind(new, self._new)
        for kind in before.keys() - after.keys():
            yield f"{path}: no longer allows {kind}"
        for kind in after.keys() - before.keys():
            yield f"{path}: now also allows {kind}, which the release before refuses"
        for kind in sorted(before.keys() & after.keys()):
            yield from self.compare(path, before[kind], after[kind])

    def _parts(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        for keyword, suffix in (("items", "[]"), ("additionalProperties", "{}")):
            before, after = old.get(keyword), new.get(keyword)
            if isinstance(before, dict) and isinstance(after, dict):
                yield from self.compare(path + suffix, before, after)
            elif before != after:
                yield f"{path}: {keyword} was {before!r}, is {after!r}"
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(before) != len(after):
            yield f"{path}: had {len(before)} places, has {len(after)}"
        for at, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from self.compare(f"{path}[{at}]", one, other)

    def _fields(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        demanded, demands = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(before.keys() | after.keys()):
            at = f"{path}.{name}" if path else name
            if name not in after:
                needed = (
                    "the release before demands it" if name in demanded else "what the release before writes is lost"
                )
                yield f"{at}: removed, and {needed}"
            elif name not in before:
                if name in demands:
                    yield f"{at}: new and required, and nothing stored so far has it"
                elif self._carried and path:
                    yield f"{at}: new inside a part, and the release before drops it when it writes back"
            else:
                yield from self._field(at, before[name], after[name], name in demanded, name in demands)

    def _field(self, at: str, old: Schema, new: Schema, demanded: bool, demands: bool) -> Iterator[str]:  # noqa: FBT001
        if demands and not demanded:
            yield f"{at}: now required, and what is stored may be without it"
        omits = _omits(new, self._new) and not _omits(old, self._old)
        if demanded and omits:
            yield f"{at}: may now be absent, and the release before demands it"
        if not demanded and not demands and old.get("default") != new.get("default"):
            yield f"{at}: absent meant {old.get('default')!r}, now means {new.get('default')!r}"
        yield from self.compare(at, _present(old, self._old), _present(new, self._new))


def _resolved(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema


def _omits(schema: Schema, definitions: Mapping[str, Schema]) -> bool:
    """None is not written: a field that allows null may be absent."""
    return any(_resolved(option, definitions).get("type") == "null" for option in schema.get("anyOf", ()))


def _present(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """What a field may be when it is there."""
    options = [o for o in schema.get("anyOf", ()) if _resolved(o, definitions).get("type") != "null"]
    return schema if not options else options[0] if len(options) == 1 else {"anyOf": options}


def _by_kind(schema: Schema, definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    found = [_resolved(option, definitions) for option in schema.get("anyOf", [schema])]
    return {str(option.get("title") or option.get("format") or option.get("type")): option for option in found}


def _words(path: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = (_allowed(schema) for schema in (old, new))
    if bool(before) != bool(after):
        yield f"{path}: {'allowed' if before else 'now allows'} only {', '.join(sorted(before or after))}"
        return
    if before - after:
        yield f"{path}: no longer allows {', '.join(sorted(before - after))}"
    if after - before:
        yield f"{path}: now also allows {', '.join(sorted(after - before))}, which the release before refuses"


def _allowed(schema: Schema) -> set[str]:
    words = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return {json.dumps(word) for word in words}

"""Missing translations, and marks that their own source contradicts."""

from collections.abc import Iterator, Mapping
from typing import Any

_UNSURE_SOURCES = ("remembered", "example")
_SURE = ("V", "T")


def check(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (field, problem) for the values of a dumped model."""
    if isinstance(tree, list):
        for n, entry in enumerate(tree):
            yield from check(entry, f"{path}.{n}" if path else str(n))
    if not isinstance(tree, Mapping):
        return
    yield from ((_join(path, name), problem) for name, problem in _untranslated(tree))
    if tree.get("mark") in _SURE and str(tree.get("source", "")).casefold() in _UNSURE_SOURCES:
        yield _join(path, "mark"), f"is {tree['mark']}, but the source is {tree['source']!r}: name it, or mark R or U"
    for key, value in tree.items():
        yield from check(value, _join(path, key))


def _untranslated(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, text in tree.items():
        stem, _, language = name.rpartition("_")
        other = f"{stem}_en" if stem else "en"
        if language != "vi" or other not in tree:
            continue
        if not str(text).strip() or not str(tree[other]).strip():
            yield name if not str(text).strip() else other, "is empty: write it in both languages"
        elif text == tree[other]:
            yield other, f"is the same as `{name}`: translate it"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key

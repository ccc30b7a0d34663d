"""What several data files share is written once, in `shared/`.

    shared/sources.json   {"an-giang": "portal of An Giang (…H01)", …}     "source": "@an-giang" stands for it
    shared/parts.json     {"online": {…}, "applicant": […], …}             {"use": "online", …} stands for it

`{"use": NAME}` takes the keys of the part, then the keys beside `use` replace them. A part that is a list is spliced
into the list that `{"use": NAME}` stands in. Parts may use parts that were written before them, so there is no cycle.
A version of a procedure may be `{"like": VERSION, …}`: that earlier version of the same file, with the keys beside
`like` replaced, and dropped where they are null.
"""

from collections.abc import Mapping
from typing import Any

SOURCES, PARTS = "shared/sources.json", "shared/parts.json"


class BadReference(Exception):
    """`path` names a shared part, a source or a version that is not there."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem


class Shared:
    """The shared parts, expanded. `used` grows with what was asked for: what is never used can be told."""

    def __init__(self, sources: Mapping[str, str], parts: Mapping[str, Any]) -> None:
        self._sources = sources
        self._parts: dict[str, Any] = {}
        self.used: set[str] = set()
        for name, part in parts.items():
            self._parts[name] = self.expand(part, name)

    def expand(self, tree: Any, path: str = "") -> Any:
        """Return `tree` with every reference replaced. Raises BadReference."""
        if isinstance(tree, list):
            return [item for n, entry in enumerate(tree) for item in self._items(entry, _join(path, n))]
        if not isinstance(tree, dict):
            return tree
        if set(tree) == {"use"}:
            return self._part(tree["use"], path)
        own = {key: self._value(key, value, _join(path, key)) for key, value in tree.items() if key != "use"}
        if "use" not in tree:
            return own
        part = self._part(tree["use"], path)
        if not isinstance(part, dict):
            raise BadReference(path, f"the shared part {tree['use']!r} is a list: write nothing beside `use`")
        return {**part, **own}

    @property
    def unused(self) -> list[tuple[str, str]]:
        """Return (file, name) of what nothing refers to."""
        known = [*((SOURCES, name) for name in self._sources), *((PARTS, name) for name in self._parts)]
        return [(file, name) for file, name in known if f"{file}:{name}" not in self.used]

    def _items(self, entry: Any, path: str) -> list[Any]:
        expanded = self.expand(entry, path)
        spliced = isinstance(entry, dict) and set(entry) == {"use"} and isinstance(expanded, list)
        return expanded if spliced else [expanded]

    def _value(self, key: str, value: Any, path: str) -> Any:
        if key == "source" and isinstance(value, str) and value.startswith("@"):
            return self._find(SOURCES, self._sources, value[1:], path)
        return self.expand(value, path)

    def _part(self, name: Any, path: str) -> Any:
        return self._find(PARTS, self._parts, str(name), path)

    def _find(self, file: str, known: Mapping[str, Any], name: str, path: str) -> Any:
        if name not in known:
            raise BadReference(path, f"{name!r} is not in {file} (or stands after its use); write it there")
        self.used.add(f"{file}:{name}")
        return known[name]


def likened(tree: Any) -> Any:
    """Return a procedure file with `like` replaced by what it stands for. Raises BadReference."""
    versions = tree.get("versions") if isinstance(tree, dict) else None
    if not isinstance(versions, list):
        return tree
    done: dict[Any, dict[str, Any]] = {}
    for n, entry in enumerate(versions):
        if not isinstance(entry, dict):
            return tree
        base = done.get(entry.get("like"), {})
        if "like" in entry and not base:
            raise BadReference(f"versions.{n}.like", f"no version {entry['like']!r} stands before it in this file")
        merged = {key: value for key, value in {**base, **entry}.items() if key != "like" and value is not None}
        done[merged.get("version")] = merged
        versions[n] = merged
    return tree


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)

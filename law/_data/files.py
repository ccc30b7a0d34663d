"""The texts of the data files, by name as `procedures/1.008895.json`.

The packaged ones serve until `use` puts a reviewed data version in their place, for the whole process.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypeVar, cast

from law.errors import LawDataError

AREAS = ("shared", "procedures", "reductions", "calendar", "slips", "forms", "units", "retention", "requests")
T = TypeVar("T")


def read(folder: Traversable) -> dict[str, str]:
    """Return the texts of `FOLDER/AREA/*.json` in order of area and name; a `pathlib.Path` is a Traversable.

    Raises LawDataError where the folder holds none, or holds a file that is not UTF-8.
    """
    found = {f"{area}/{entry.name}": _text(entry) for area in AREAS for entry in _files(folder.joinpath(area))}
    if not found:
        raise LawDataError(f"{folder}: no data files: expected {', '.join(f'{area}/*.json' for area in AREAS)}")
    return found


def _files(area: Traversable) -> list[Traversable]:
    if not area.is_dir():
        return []
    return sorted((entry for entry in area.iterdir() if entry.name.endswith(".json")), key=lambda entry: entry.name)


def _text(entry: Traversable) -> str:
    try:
        return entry.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise LawDataError(f"{entry.name}: not UTF-8 at byte {error.start}") from error


@cache
def packaged() -> dict[str, str]:
    """Return the texts that this package came with."""
    return read(resources.files("law").joinpath("data"))


class _Current:
    """The texts in use and what was built from them. Invariant: `built` is of `texts`."""

    def __init__(self) -> None:
        self.texts: Mapping[str, str] | None = None
        self.built: dict[object, object] = {}


_current = _Current()


def use(texts: Mapping[str, str] | None) -> None:
    """Let `current` build from these texts; None goes back to the packaged ones."""
    _current.texts, _current.built = texts, {}


def current(build: Callable[[Mapping[str, str]], T]) -> T:
    """Return what `build` makes of the texts in use, made once."""
    if build not in _current.built:
        _current.built[build] = build(_current.texts if _current.texts is not None else packaged())
    return cast("T", _current.built[build])

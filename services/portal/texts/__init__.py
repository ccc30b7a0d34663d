"""What the portal says: one file a language, the same keys in each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import count, takewhile
from typing import Any, Final, Literal, get_args

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield from ((f"{prefix}{name}.{number}", one) for number, one in enumerate(value))
        else:
            yield f"{prefix}{name}", value


TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    language: dict(_flat(tomllib.loads((files(__name__) / f"{language}.toml").read_text("utf-8"))))
    for language in LANGUAGES
}


def text(language: Language, key: str, **values: object) -> str:
    """One text with its values filled in. Raises KeyError for one that is not there."""
    found = TEXTS[language][key]
    return found.format(**values) if values else found


def several(language: Language, key: str) -> tuple[str, ...]:
    """A list of texts, in its order."""
    numbered = (f"{key}.{number}" for number in count())
    return tuple(TEXTS[language][name] for name in takewhile(TEXTS[language].__contains__, numbered))


def known(language: Language, key: str, otherwise: str) -> str:
    """One text, or `otherwise`: for words of services, which may learn new ones before the portal does."""
    return TEXTS[language].get(key, otherwise)

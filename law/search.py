"""Search in the catalogue, with or without diacritics: pure, over the procedures it is given."""

from collections.abc import Iterable

from law.facts import Strict
from law.procedures.model import AdministrativeLevel, Procedure
from law.text import fold

_BREAKS = str.maketrans(dict.fromkeys("()[],;:/-–“”\"'", " "))


class Hit(Strict):
    """A procedure found; higher `score` first, then by name."""

    procedure: Procedure
    score: int


def search(
    procedures: Iterable[Procedure], words: str = "", *, field: str = "", level: AdministrativeLevel | None = None
) -> tuple[Hit, ...]:
    """Return the procedures in which every word of `words` begins some word, best first; all where `words` is empty.

    Words are looked for in both names, in the code and in the field; `field` is a name of a field, in either language,
    or its beginning. Ranking: the code itself, then names that begin with the words, then names that hold them one
    after the other, then names that hold them whole, then names that hold their beginnings, then the rest.
    """
    wanted = _words(words)
    hits = (Hit(procedure=entry, score=_score(entry, wanted)) for entry in procedures if _is_of(entry, field, level))
    return tuple(sorted((hit for hit in hits if hit.score), key=lambda hit: (-hit.score, fold(hit.procedure.name_vi))))


def _is_of(entry: Procedure, field: str, level: AdministrativeLevel | None) -> bool:
    names = (entry.field.value.vi, entry.field.value.en)
    return level in (None, entry.level.value) and any(fold(name).startswith(fold(field)) for name in names)


def _score(entry: Procedure, wanted: list[str]) -> int:
    """0 where some word is found nowhere."""
    names = [_words(name) for name in (entry.name_vi, entry.name_en)]
    everywhere = {*names[0], *names[1], *_words(f"{entry.field.value.vi} {entry.field.value.en}"), *_codes(entry)}
    if not all(_begins(word, everywhere) for word in wanted):
        return 0
    if len(wanted) == 1 and wanted[0] in _codes(entry):
        return 1000
    return 1 + max(_fit(name, wanted) for name in names)


def _fit(name: list[str], wanted: list[str]) -> int:
    at = [n for n in range(len(name) - len(wanted) + 1) if name[n : n + len(wanted)] == wanted] if wanted else []
    together = (50 if at else 0) + (50 if 0 in at else 0)
    return together + sum(10 if word in name else 5 if _begins(word, name) else 0 for word in wanted)


def _begins(word: str, among: Iterable[str]) -> bool:
    return any(known.startswith(word) for known in among)


def _codes(entry: Procedure) -> tuple[str, ...]:
    return (entry.code, fold(entry.full_code))


def _words(text: str) -> list[str]:
    return fold(text).translate(_BREAKS).split()

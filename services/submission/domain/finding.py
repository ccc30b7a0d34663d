"""What officers find a dossier by: phone, identity number, words of a name; kept as tokens that say none of them. Pure.

A name is found by each of its words, by any two of them, and by all: common words alone are in too many names, and the
store reads every dossier of the first token it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from law import phones
from law.errors import PhoneError
from law.text import fold
from schemas.upstream import FiledApplicant

MAX_WORDS: Final = 6
NAMESAKES: Final = ("04", "4")
"""Ids (UUIDs) of a 64th, and of a quarter of all dossiers: a page of a common name is full before all are read."""
Token = Callable[[str, str], str]
"""Of (kind, text): the same for the same text, and nobody without the key can tell which."""
_WORD: Final = re.compile(r"\w+")
_CODE: Final = re.compile(r"(?=.*[.-])[A-Za-z]?[\w.-]*\d[\w.-]*-\d+")


def tokens_of(applicant: FiledApplicant, phone: str, token: Token) -> tuple[str, ...]:
    """Everything an applicant is found by; `phone` in E.164."""
    words = _words(applicant.name)
    found = [token("phone", phone), token("name", " ".join(words))]
    if applicant.identity_number is not None:
        found.append(token("identity_number", applicant.identity_number))
    found += [token("word", word) for word in words[:MAX_WORDS]]
    found += [_pair(pair, token) for pair in combinations(words[:MAX_WORDS], 2)]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for in lists. `bounds`: up to which ids to look first, before the rest; None: in steps of the
    store's own, for what very many dossiers have."""

    view: Mapping[str, Any]
    bounds: tuple[str, ...] | None = ()


def queries(text: str, token: Token) -> tuple[Query, ...]:
    """What to look for, the most exact first: the first that finds anything is the answer."""
    text = text.strip()
    if _CODE.fullmatch(text):
        return (Query({"code": text}),)
    digits = re.sub(r"[ ().-]", "", text)
    if digits.removeprefix("+").isdigit():
        found = [Query({"tokens": token("identity_number", digits)})]
        with suppress(PhoneError):
            found.insert(0, Query({"tokens": token("phone", phones.normalise(text))}))
        return tuple(found)
    words = _words(text)
    whole, words = Query({"tokens": token("name", " ".join(words))}, NAMESAKES), words[:MAX_WORDS]
    match len(words):
        case 0:
            return ()
        case 1:
            return (Query({"tokens": token("word", words[0])}, bounds=None),)
        case _:
            pairs = [_pair((words[0], words[-1]), token), *(_pair(pair, token) for pair in combinations(words, 2))]
            each = list(dict.fromkeys(pairs))
            some: Any = each[0] if len(each) == 1 else {"$all": each}
            return (whole, Query({"tokens": some}, bounds=None))


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(fold(text))))


def _pair(words: tuple[str, ...], token: Token) -> str:
    return token("pair", " ".join(sorted(words)))

"""Vietnamese text without diacritics, and as printed documents can show it."""

import unicodedata
from typing import Any, Final

# Canonical decomposition leaves đ and Đ whole: they are letters of their own, not d with a mark.
_LETTERS = str.maketrans({"đ": "d", "Đ": "D"})


PRINTED: Final = (
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x300, 0x36F),
    (0x1E00, 0x1EFF),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x20A0, 0x20BA),
)
"""Latin letters with all marks, punctuation, currencies: what Libertinus Serif has, that our pages are set in."""
MISSING: Final = "?"


def unaccent(text: str) -> str:
    """Return `text` without diacritics, case and all other characters kept: "Điện Biên" gives "Dien Bien"."""
    decomposed = unicodedata.normalize("NFD", text.translate(_LETTERS))
    bare = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", bare)


def fold(text: str) -> str:
    """Return the form in which texts are compared and searched: unaccented, case folded, single spaces."""
    return " ".join(unaccent(text).casefold().split())


def printed(value: Any) -> Any:
    """The texts in a JSON-able value as a page can show them: in NFC, line breaks kept, what the font lacks as `?`.

    A page in PDF/A with a character that its font lacks is not made at all.
    """
    match value:
        case str():
            return "".join(char if _has(char) else MISSING for char in unicodedata.normalize("NFC", value))
        case dict():
            return {name: printed(inner) for name, inner in value.items()}
        case list() | tuple():
            return [printed(inner) for inner in value]
        case _:
            return value


def _has(char: str) -> bool:
    return char == "\n" or any(first <= ord(char) <= last for first, last in PRINTED)

"""Vietnamese text without diacritics."""

import unicodedata

# Canonical decomposition leaves đ and Đ whole: they are letters of their own, not d with a mark.
_LETTERS = str.maketrans({"đ": "d", "Đ": "D"})


def unaccent(text: str) -> str:
    """Return `text` without diacritics, case and all other characters kept: "Điện Biên" gives "Dien Bien"."""
    decomposed = unicodedata.normalize("NFD", text.translate(_LETTERS))
    bare = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", bare)


def fold(text: str) -> str:
    """Return the form in which texts are compared and searched: unaccented, case folded, single spaces."""
    return " ".join(unaccent(text).casefold().split())

"""One payable reference for all methods: what a payer writes on a transfer leads back to the dossier. Pure.

``HSDB`` and 26 letters of Crockford's base 32 (no I, L, O, U) for the dossier's id, then two check digits (ISO 7064
MOD 97-10 over id), so that one wrong character, or two swapped, is noticed.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX: Final = "HSDB"
_LETTERS: Final = 26
_FORM: Final = re.compile(rf"{PREFIX}([{ALPHABET}]{{{_LETTERS}}})(\d\d)")


def reference_of(dossier_id: str) -> str:
    """The reference of a dossier: 32 characters, A to Z and 0 to 9."""
    number = UUID(dossier_id).int
    letters = "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (_LETTERS - 1), -1, -5))
    return f"{PREFIX}{letters}{_check(number):02d}"


def _check(number: int) -> int:
    return 98 - number * 100 % 97


def dossier_in(text: str) -> str | None:
    """The dossier whose reference is in what a bank printed; None if there is none, or none that is whole.

    Banks fold case and put spaces and their own words around it.
    """
    for letters, digits in _FORM.findall(re.sub(r"[\s.-]", "", text.upper())):
        number = 0
        for letter in letters:
            number = number << 5 | ALPHABET.index(letter)
        if number < 1 << 128 and _check(number) == int(digits):
            return str(UUID(int=number))
    return None

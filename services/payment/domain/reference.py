"""One payable reference for all methods: what a payer writes on a transfer leads back to the invoice. Pure.

``HSDB`` and 26 letters of Crockford's base 32 (no I, L, O, U) for the dossier's id, then two check digits (ISO 7064
MOD 97-10 over id), so that one wrong character, or two swapped, is noticed. For postage ``HSDP``, with two letters more
for the number of the way by post, which the check digits cover too.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from uuid import UUID

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX: Final = "HSDB"
POSTAGE_PREFIX: Final = "HSDP"
_LETTERS: Final = 26
_POST_BITS: Final = 10
_FORM: Final = re.compile(rf"(?:{PREFIX}([{ALPHABET}]{{26}})|{POSTAGE_PREFIX}([{ALPHABET}]{{28}}))(\d\d)", re.ASCII)


class Payable(NamedTuple):
    """What is paid: the dossier's fee, or the postage of its way by post of that number."""

    dossier: str
    post: int | None = None

    @property
    def invoice(self) -> str | None:
        """The number of the postage's invoice, as `parts` knows it."""
        return None if self.post is None else postage_of(self.dossier, self.post)


def postage_of(dossier_id: str, post: int) -> str:
    """What delivery calls the invoice of a way by post."""
    return f"{dossier_id}/post-{post}"


def reference_of(dossier_id: str, post: int | None = None) -> str:
    """The reference of a dossier's fee, 32 characters, or of a postage, 34: A to Z and 0 to 9."""
    number = UUID(dossier_id).int
    if post is None:
        return f"{PREFIX}{_text(number, _LETTERS)}{_check(number):02d}"
    number = number << _POST_BITS | post
    return f"{POSTAGE_PREFIX}{_text(number, _LETTERS + 2)}{_check(number):02d}"


def _text(number: int, letters: int) -> str:
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (letters - 1), -1, -5))


def _check(number: int) -> int:
    return 98 - number * 100 % 97


def payable_in(text: str) -> Payable | None:
    """What the reference in a bank's words is of; None if there is none, or none that is whole.

    Banks fold case and put spaces and their own words around it.
    """
    for fee, postage, digits in _FORM.findall(re.sub(r"[\s.-]", "", text.upper())):
        number = 0
        for letter in fee or postage:
            number = number << 5 | ALPHABET.index(letter)
        if _check(number) != int(digits):
            continue
        post = number & (1 << _POST_BITS) - 1 if postage else None
        number = number >> _POST_BITS if postage else number
        if number < 1 << 128:
            return Payable(str(UUID(int=number)), post)
    return None

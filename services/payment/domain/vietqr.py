"""VietQR: an EMVCo merchant-presented QR of NAPAS (1.5.2) for a transfer to our account, amount and reference in it.

Tag, length, value; a length has two digits and counts bytes, so all values are ASCII and at most 99 long (domain facts
3.4). The last tag is a CRC over everything before it. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from schemas.money import Vnd

NAPAS: Final = "A000000727"
TO_ACCOUNT: Final = "QRIBFTTA"
DYNAMIC, STATIC = "12", "11"
LONGEST: Final = 99
_PURPOSE: Final = re.compile(r"[A-Za-z0-9 ]{1,25}|[A-Z0-9]{1,50}")


class BadQr(ValueError):
    """The text is no VietQR, or cannot be one."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a payer needs to transfer: the code's text, and its parts for typing."""

    payload: str
    bank_bin: str
    account: str
    amount: int
    reference: str


def transfer(bank: str, account: str, amount: Vnd, reference: str) -> Transfer:
    """A transfer of `amount` VND that names its invoice. Raises BadQr."""
    return Transfer(payload(bank, account, amount, reference), bank, account, int(amount), reference)


def payload(bank: str, account: str, amount: Vnd, purpose: str) -> str:
    """The text of the code. `bank` is a BIN of six digits. Raises BadQr."""
    if not re.fullmatch(r"\d{6}", bank) or not re.fullmatch(r"[0-9A-Z]{4,19}", account):
        raise BadQr("the bank is six digits, the account 4 to 19 digits or letters")
    if amount <= 0:
        raise BadQr("there is nothing to pay")
    if not _PURPOSE.fullmatch(purpose):
        raise BadQr("the purpose is letters, digits and spaces, unaccented")
    to = _tag("00", NAPAS) + _tag("01", _tag("00", bank) + _tag("01", account)) + _tag("02", TO_ACCOUNT)
    text = (
        _tag("00", "01")
        + _tag("01", DYNAMIC)
        + _tag("38", to)
        + _tag("53", "704")
        + _tag("54", str(amount))
        + _tag("58", "VN")
        + _tag("62", _tag("08", purpose))
        + "6304"
    )
    return f"{text}{crc(text):04X}"


def _tag(name: str, value: str) -> str:
    if not value.isascii() or len(value) > LONGEST:
        raise BadQr(f"tag {name} holds at most {LONGEST} ASCII characters")
    return f"{name}{len(value):02d}{value}"


def parse(text: str) -> dict[str, str]:
    """Top-level tags of a code whose CRC is right. Raises BadQr."""
    if len(text) < 8 or text[-8:-4] != "6304" or text[-4:] != f"{crc(text[:-4]):04X}":  # noqa: PLR2004 - 6304 and CRC
        raise BadQr("the check sum does not fit")
    return tags(text)


def tags(text: str) -> dict[str, str]:
    """Tag to value at one level. Raises BadQr."""
    found: dict[str, str] = {}
    while text:
        name, length = text[:2], text[2:4]
        if not (name.isdigit() and length.isdigit()) or len(text) < 4 + int(length) or name in found:
            raise BadQr("tags and lengths do not fit")
        found[name], text = text[4 : 4 + int(length)], text[4 + int(length) :]
    return found


def crc(text: str) -> int:
    """CRC-16/CCITT-FALSE: polynomial 1021, begun with FFFF. Raises BadQr for what is not ASCII."""
    try:
        data = text.encode("ascii")
    except UnicodeEncodeError as error:
        raise BadQr("a VietQR is ASCII") from error
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = value << 1 ^ 0x1021 if value & 0x8000 else value << 1
        value &= 0xFFFF
    return value

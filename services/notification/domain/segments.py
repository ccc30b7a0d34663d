"""Cutting a text into short messages (3GPP TS 23.038 alphabets, TS 23.040 concatenation). Pure."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

GSM, UCS2 = 0, 8
UDHI: Final = 0x40
GSM_ONE, GSM_PART = 160, 153
UCS2_ONE, UCS2_PART = 140, 134
MAX_PARTS: Final = 255
_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = {"\f": 10, "^": 20, "{": 40, "}": 41, "\\": 47, "[": 60, "~": 61, "]": 62, "|": 64, "€": 101}
_OCTETS: Final = {
    **{char: bytes([code]) for code, char in enumerate(_BASIC) if char != "\x1b"},
    **{char: bytes([0x1B, code]) for char, code in _EXTENSION.items()},
}


class TooLong(ValueError):
    """More than 255 parts."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One submit_sm: octets with their header, `data_coding` and `esm_class`."""

    data: bytes
    coding: int
    esm_class: int


def segments(text: str, message: str) -> list[Segment]:
    """The parts of a text. The concatenation reference comes from `message`, so a text is always cut alike.

    Raises:
        TooLong: more than 255 parts.
    """
    coding, units, one, part = _units(text)
    if sum(map(len, units)) <= one:
        return [Segment(b"".join(units), coding, 0)]
    bodies = _cut(units, part)
    if len(bodies) > MAX_PARTS:
        raise TooLong(f"{len(bodies)} parts, at most {MAX_PARTS}")
    reference = zlib.crc32(message.encode()) & 0xFF
    return [
        Segment(bytes([5, 0, 3, reference, len(bodies), number]) + body, coding, UDHI)
        for number, body in enumerate(bodies, 1)
    ]


def parts_of(text: str) -> int:
    """How many segments a text costs; as `segments`, without making them."""
    _, units, one, part = _units(text)
    return 1 if sum(map(len, units)) <= one else len(_cut(units, part))


def _units(text: str) -> tuple[int, list[bytes], int, int]:
    """Alphabet, what may not be cut apart, room in a single message, room in a part (octets)."""
    if all(char in _OCTETS for char in text):
        return GSM, [_OCTETS[char] for char in text], GSM_ONE, GSM_PART
    return UCS2, [char.encode("utf-16-be") for char in text], UCS2_ONE, UCS2_PART


def _cut(units: list[bytes], room: int) -> list[bytes]:
    bodies = [b""]
    for unit in units:
        if len(bodies[-1]) + len(unit) > room:
            bodies.append(b"")
        bodies[-1] += unit
    return bodies

"""The phones: what arrived, with the parts of long messages put together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

KEPT: Final = 100_000
UDHI: Final = 0x40
GSM: Final = 0
UCS2: Final = 8
_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = {10: "\f", 20: "^", 40: "{", 41: "}", 47: "\\", 60: "[", 61: "~", 62: "]", 64: "|", 101: "€"}


@dataclass(frozen=True, slots=True)
class Part:
    """One submit_sm as it was accepted."""

    message_id: str
    source: str
    to: str
    text: str
    reference: int | None
    total: int
    sequence: int
    at: datetime
    given: int | None = None
    """The sender's own reference (user_message_reference)."""


@dataclass
class Message:
    """What a person reads: complete once every part is there."""

    to: str
    source: str
    total: int
    parts: dict[int, Part] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return len(self.parts) == self.total

    @property
    def text(self) -> str:
        return "".join(self.parts[number].text for number in sorted(self.parts))

    @property
    def received_at(self) -> datetime:
        return max(part.at for part in self.parts.values())


def decode(data: bytes, coding: int) -> str:
    """GSM 7-bit default alphabet in unpacked octets (0), or UCS-2 big-endian (8). Raises ValueError."""
    if coding == UCS2:
        return data.decode("utf-16-be")
    if coding != GSM:
        raise ValueError(f"data_coding {coding} is not supported: use 0 or 8")
    return "".join(_gsm(data))


def _gsm(data: bytes) -> Iterator[str]:
    octets = iter(data)
    for octet in octets:
        if octet >= len(_BASIC):
            raise ValueError("octets of the default alphabet are below 128")
        yield _EXTENSION.get(next(octets, 0), " ") if octet == 0x1B else _BASIC[octet]  # noqa: PLR2004 - escape


def split_header(data: bytes, esm_class: int) -> tuple[bytes, int | None, int, int]:
    """Text octets, reference, total and sequence; the header is that of 3GPP TS 23.040, 9.2.3.24."""
    if not esm_class & UDHI or not data:
        return data, None, 1, 1
    length = data[0] + 1
    header, body = data[1:length], data[length:]
    while header:
        kind, size = header[0], header[1]
        value = header[2 : 2 + size]
        if kind == 0 and size == 3:  # noqa: PLR2004 - 8-bit reference
            return body, value[0], value[1], value[2]
        if kind == 8 and size == 4:  # noqa: PLR2004 - 16-bit reference
            return body, value[0] << 8 | value[1], value[2], value[3]
        header = header[2 + size :]
    return body, None, 1, 1


class Phones:
    """Every message that arrived, bounded."""

    def __init__(self) -> None:
        self.submissions: deque[Part] = deque(maxlen=KEPT)
        self.messages: deque[Message] = deque(maxlen=KEPT)

    def receive(self, part: Part) -> None:
        """Puts a part with its message; the same part again begins another message."""
        self.submissions.append(part)
        for message in reversed(self.messages) if part.reference is not None else ():
            first = next(iter(message.parts.values()))
            same = (message.to, message.source, first.reference, message.total)
            if same == (part.to, part.source, part.reference, part.total) and part.sequence not in message.parts:
                message.parts[part.sequence] = part
                return
        self.messages.append(Message(part.to, part.source, part.total, {part.sequence: part}))

    def of(self, to: str | None) -> Sequence[Message]:
        """Complete messages, in order of arrival."""
        return [m for m in self.messages if m.complete and to in {None, m.to}]


def now() -> datetime:
    """The centre's clock."""
    return datetime.now(UTC)

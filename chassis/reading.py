"""From Kafka records to deliveries: one reader per kind of topic, all pure.

Whatever a record holds, `deliver` answers with a delivery or with Unidentifiable. Sizes are checked before anything is
decoded; JSON deeper than the parser's limit (200) is refused by it.
"""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from pydantic import ValidationError

from chassis.decision import Handlers, Message, Reason
from chassis.delivery import Delivery, Irrelevant, Position, Unreadable
from chassis.fold import Decode
from chassis.mailbox import Patience
from schemas import envelope
from schemas.event import MAX_EVENT_BYTES, Catalogue, Event

_VERSION: Final = re.compile(r"v([1-9]\d{0,3})")
MAX_DETAIL: Final = 1000


class Unidentifiable(Exception):
    """A record that no aggregate can hold: it can only be copied to the dead letters."""

    def __init__(self, detail: str, *, reason: Reason = "unidentifiable", secret: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.secret = secret
        """Value, key and headers may hold personal data in clear: keep a hash only. `detail` quotes none of them."""


class Raw(NamedTuple):
    """One Kafka record. `partition`, `offset`: where it lies, if it was read from a topic."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    partition: int | None = None
    offset: int | None = None


class Reader(Protocol):
    """Turns a record of one topic into a delivery."""

    def read(self, raw: Raw) -> Delivery:
        """Raises Unidentifiable if nobody can say whom it concerns."""


def deliver(reader: Reader, raw: Raw) -> Delivery:
    """What `reader` makes of a record.

    Raises:
        Unidentifiable: and nothing else, so that no record can stop a consumer; what a reader stumbles over is a bug.
    """
    try:
        return reader.read(raw)
    except Unidentifiable:
        raise
    except Exception as error:
        raise Unidentifiable(stumbled(error), reason="bug", secret=True) from error


def stumbled(error: BaseException) -> str:
    """What an error is and where it was raised. Without its own words: they may quote what was read."""
    at = traceback.extract_tb(error.__traceback__)[-1:]
    return " ".join([type(error).__name__, *(f"in {Path(frame.filename).name}:{frame.lineno}" for frame in at)])


def refuse_oversize(raw: Raw) -> None:
    """For readers of messages without a sequence, before they look at the value; raises Unidentifiable."""
    if len(raw.value) > MAX_EVENT_BYTES:
        raise Unidentifiable(_too_large(len(raw.value)), reason="too_large", secret=True)


def _too_large(size: int) -> str:
    return f"{size} bytes, at most {MAX_EVENT_BYTES}"


class StreamReader:
    """Reads one stream of events for one kind of aggregate."""

    def __init__(self, stream: str, catalogue: Catalogue, handlers: Handlers) -> None:
        self._stream = stream
        self._catalogue = catalogue
        self._handled = {t.TYPE for t in handlers if isinstance(t, type) and issubclass(t, Event)}

    def read(self, raw: Raw) -> Delivery:
        """An event of the stream, addressed to its aggregate."""
        try:
            attributes = envelope.read(raw.headers)
        except envelope.BadEnvelope as error:
            raise Unidentifiable(str(error)) from error
        if attributes.sequence is None:
            raise Unidentifiable("ce_sequence must be present in a stream of this system")
        size = len(raw.value)
        message = self._message(attributes, raw.value, size)
        kept = raw.value if size <= MAX_EVENT_BYTES else b""
        position = Position(self._stream, attributes.sequence, raw.headers, kept, size)
        patience = Patience.IDLE if isinstance(message, Irrelevant) else Patience.REST
        return Delivery(attributes.subject, message, attributes.traceparent, position, patience=patience)

    def decode(self, position: Position) -> Message | Unreadable | Irrelevant:
        """Decodes a parked record again; what was too large to keep stays so until it is read from Kafka again."""
        return self._message(envelope.read(position.headers), position.value, position.size or len(position.value))

    def _message(self, attributes: envelope.Envelope, value: bytes, size: int) -> Message | Unreadable | Irrelevant:
        name = attributes.type
        kind = name if name in self._handled else name.rpartition(".")[0]
        if kind not in self._handled:
            return Irrelevant()
        if size > MAX_EVENT_BYTES or size > len(value):
            digest = hashlib.sha256(value).hexdigest() if value else "not kept"
            return Unreadable("too_large", f"{_too_large(size)}; sha256 {digest}")
        if name not in self._catalogue.types:
            return self._unknown(name, kind)
        event = self._decoded(name, value)
        if isinstance(event, Event) and event.ABOUT is not None and getattr(event, event.ABOUT) != attributes.subject:
            return Unreadable("invalid", f"{event.ABOUT} is not the subject of the event")
        return event

    def _decoded(self, name: str, value: bytes) -> Event | Unreadable:
        try:
            return self._catalogue.decode(name, value)
        except ValidationError as error:
            return _unreadable(error)
        except ValueError as error:
            return Unreadable("invalid", str(error)[:MAX_DETAIL])

    def _unknown(self, name: str, kind: str) -> Unreadable:
        """A version this release does not know of a type it handles: passing over it would lose it."""
        known = (int(t.rpartition(".v")[2]) for t in self._catalogue.types if t.startswith(f"{kind}.v"))
        newest = max(known, default=0)
        version = _VERSION.fullmatch(name.removeprefix(f"{kind}."))
        if version is not None and int(version[1]) > newest:
            return Unreadable("future_version", f"{name} is newer than version {newest}, the newest known here")
        return Unreadable("wrong_version", f"there is no version {name}; the newest known here is v{newest}")


def _unreadable(error: ValidationError) -> Unreadable:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    text = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems[:20])
    return Unreadable("undecodable" if problems[0]["type"] == "json_invalid" else "invalid", text[:MAX_DETAIL])


def decoder(readers: Mapping[str, StreamReader]) -> Decode:
    """Decodes parked records of any of the streams."""

    def decode(position: Position) -> Message | Unreadable | Irrelevant:
        return readers[position.stream].decode(position)

    return decode

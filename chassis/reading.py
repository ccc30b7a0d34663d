"""From Kafka records to deliveries: one reader per kind of topic, all pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from chassis.decision import Handlers, Message
from chassis.delivery import Delivery, Irrelevant, Position, Unreadable
from chassis.fold import Decode
from schemas import envelope
from schemas.event import BrokenPayload, Catalogue, DossierEvent, UnknownType


class Unidentifiable(Exception):
    """A record without a readable id: it can only be copied to the dead letters."""

    def __init__(self, reason: str, *, secret: bool = False) -> None:
        super().__init__(reason)
        self.secret = secret
        """The value may hold personal data in clear: keep its hash only."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One Kafka record."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Reader(Protocol):
    """Turns a record of one topic into a delivery."""

    def read(self, raw: Raw) -> Delivery:
        """Raises Unidentifiable if nobody can say whom it concerns."""


class StreamReader:
    """Reads one stream of events for one kind of aggregate."""

    def __init__(self, stream: str, catalogue: Catalogue, handlers: Handlers) -> None:
        self._stream = stream
        self._catalogue = catalogue
        self._handled = {t.TYPE for t in handlers if isinstance(t, type) and issubclass(t, DossierEvent)}

    def read(self, raw: Raw) -> Delivery:
        """An event of the stream, addressed to its aggregate."""
        try:
            attributes = envelope.read(raw.headers)
        except envelope.BadEnvelope as error:
            raise Unidentifiable(str(error)) from error
        if attributes.sequence is None:
            raise Unidentifiable("ce_sequence must be present in a stream of this system")
        position = Position(self._stream, attributes.sequence, raw.headers, raw.value)
        message = self._payload(attributes, raw.value)
        return Delivery(attributes.subject, message, trace=attributes.traceparent, position=position)

    def decode(self, position: Position) -> Message | Unreadable | Irrelevant:
        """Decodes a parked record again."""
        return self._payload(envelope.read(position.headers), position.value)

    def _payload(self, attributes: envelope.Envelope, value: bytes) -> Message | Unreadable | Irrelevant:
        if (attributes.type.rpartition(".v")[0] or attributes.type) not in self._handled:
            return Irrelevant()
        try:
            event = self._catalogue.decode(attributes.type, value)
        except UnknownType as error:
            return Unreadable("undecodable", str(error))
        except BrokenPayload as error:
            return Unreadable("invalid", str(error)[:1000])
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors(include_input=False)
            )
            return Unreadable("invalid", problems[:1000])
        if isinstance(event, DossierEvent) and event.dossier_id != attributes.subject:
            return Unreadable("invalid", "dossier_id is not the subject of the event")
        return event


def decoder(readers: Mapping[str, StreamReader]) -> Decode:
    """Decodes parked records of any of the streams."""

    def decode(position: Position) -> Message | Unreadable | Irrelevant:
        return readers[position.stream].decode(position)

    return decode

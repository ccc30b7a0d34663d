"""What every event has in common, and how its payload is written and read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter
from pydantic_core import PydanticSerializationError

from schemas.money import Vnd
from schemas.personal import SEAL, Seal
from schemas.versions import FIRST, Versions

MAX_EVENT_BYTES = 256 * 1024


def to_instant(value: datetime) -> datetime:
    """UTC, milliseconds; refuses a time without a zone."""
    if value.tzinfo is None:
        raise ValueError("must carry a time zone, for example 2026-11-24T08:30:00.000Z")
    if value.tzinfo is not UTC:
        try:
            value = value.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("must be in the years 1 to 9999, UTC") from error
    finer = value.microsecond % 1000
    return value.replace(microsecond=value.microsecond - finer) if finer else value


def format_instant(value: datetime) -> str:
    """``2026-11-24T08:30:00.123Z``."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


Instant = Annotated[datetime, AfterValidator(to_instant), PlainSerializer(format_instant, when_used="json")]
DossierId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Dong = Vnd
"""An amount of money: whole đồng."""


_FORM = TypeAdapter(dict[str, Any])


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Lets what `Seal` raises through as it is; pydantic wraps it."""
    try:
        yield
    except PydanticSerializationError as error:
        raise (error.__cause__ or error) from None


class Record(BaseModel):
    """Any value that is stored or published: frozen; readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def dump(self, seal: Seal | None = None) -> dict[str, Any]:
        """JSON-able form, with personal values sealed.

        Raises:
            Unsealed: it holds clear personal values and there is no `seal`.
        """
        with _unwrapped():
            return self.model_dump(mode="json", exclude_none=True, context={SEAL: seal})

    def dump_json(self, seal: Seal | None = None) -> bytes:
        """As `dump`, as UTF-8 JSON."""
        try:
            return self.model_dump_json(exclude_none=True, context={SEAL: seal}).encode()
        except PydanticSerializationError:
            self.dump(seal)  # raises what `seal` raised: on its way to text pydantic keeps only the words of it
            raise


class Event(Record):
    """A fact of one stream. A changed meaning is a new version; handlers see the current one only.

    `ABOUT`: the field that names its aggregate, which is also the subject of its envelope.
    """

    STREAM: ClassVar[str]
    TYPE: ClassVar[str]
    ABOUT: ClassVar[str | None] = None
    VERSIONS: ClassVar[Versions] = FIRST

    @classmethod
    def type_name(cls, version: int | None = None) -> str:
        """The CloudEvents type, for example ``dossier.accepted.v1``; without a version, of the one published."""
        return f"{cls.TYPE}.v{version or cls.VERSIONS.written}"

    def dump(self, seal: Seal | None = None) -> dict[str, Any]:
        """As it is published: in the version of `type_name`."""
        return self.VERSIONS.write(super().dump(seal))

    def dump_json(self, seal: Seal | None = None) -> bytes:
        """As `dump`, as UTF-8 JSON."""
        if self.VERSIONS.written == self.VERSIONS.current:
            return super().dump_json(seal)
        return json.dumps(self.dump(seal), ensure_ascii=False, separators=(",", ":")).encode()


class DossierEvent(Event):
    """An event about one dossier, in whichever stream."""

    ABOUT: ClassVar[str | None] = "dossier_id"
    dossier_id: DossierId


class UnknownType(ValueError):
    """No event of that type and version is known here."""


class BrokenPayload(ValueError):
    """A payload of an older version that its upcaster cannot read."""


class Catalogue:
    """The event types of one or more streams, by the type name of every version."""

    def __init__(self, types: Iterable[type[Event]]) -> None:
        self._classes = {t.TYPE: t for t in types}
        self.types: Mapping[str, type[Event]] = {
            t.type_name(n): t for t in self._classes.values() for n in range(1, t.VERSIONS.current + 1)
        }

    def decode(self, type_name: str, data: bytes) -> Event:
        """Reads a payload of any version as the current one.

        Raises:
            UnknownType: the type or its version is not in this catalogue.
            BrokenPayload: the upcaster of an older version failed on it.
            pydantic.ValidationError: the payload breaks its schema.
        """
        event_type = self.types.get(type_name)
        if event_type is None:
            raise UnknownType(self._unknown(type_name))
        if type_name == event_type.type_name(event_type.VERSIONS.current):
            return event_type.model_validate_json(data)
        form = _FORM.validate_json(data)
        try:
            form = event_type.VERSIONS.read(int(type_name.rpartition(".v")[2]), form)
        except Exception as error:
            raise BrokenPayload(f"{type_name} cannot be read: {type(error).__name__}: {error}") from error
        return event_type.model_validate(form)

    def _unknown(self, type_name: str) -> str:
        known = self._classes.get(type_name.rpartition(".v")[0])
        if known is not None:
            return f"unknown version {type_name!r}; this release reads up to {known.type_name(known.VERSIONS.current)}"
        return f"unknown event type {type_name!r}; known: {', '.join(sorted(self.types))}"

"""What every event has in common, and how its payload is written and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticSerializationError

from schemas.personal import SEAL, Seal

MAX_EVENT_BYTES = 256 * 1024


def to_instant(value: datetime) -> datetime:
    """UTC, milliseconds; refuses a time without a zone."""
    if value.tzinfo is None:
        raise ValueError("must carry a time zone, for example 2026-11-24T08:30:00.000Z")
    value = value.astimezone(UTC)
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def format_instant(value: datetime) -> str:
    """``2026-11-24T08:30:00.123Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[datetime, AfterValidator(to_instant), PlainSerializer(format_instant, when_used="json")]
DossierId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Dong = Annotated[int, Field(ge=0, le=10_000_000_000)]
"""An amount of money: whole đồng."""


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
    """A fact of one stream. Its type is `TYPE`, its version `VERSION`; a changed meaning is a new version."""

    STREAM: ClassVar[str]
    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents type, for example ``dossier.accepted.v1``."""
        return f"{cls.TYPE}.v{cls.VERSION}"


class DossierEvent(Event):
    """An event about one dossier, in whichever stream."""

    dossier_id: DossierId


class UnknownType(ValueError):
    """No event of that type and version is known here."""


class Catalogue:
    """The event types of one or more streams, by type name."""

    def __init__(self, types: Iterable[type[Event]]) -> None:
        self.types: Mapping[str, type[Event]] = {t.type_name(): t for t in types}

    def decode(self, type_name: str, data: bytes) -> Event:
        """Reads a payload.

        Raises:
            UnknownType: the type or its version is not in this catalogue.
            pydantic.ValidationError: the payload breaks its schema.
        """
        event_type = self.types.get(type_name)
        if event_type is None:
            raise UnknownType(f"unknown event type {type_name!r}; known: {', '.join(sorted(self.types))}")
        return event_type.model_validate_json(data)

"""Personal data as a type: sealed wherever it is written, ``***`` wherever it is printed.

A `Personal` value is *clear* only between the door it came in by and the first write, and inside the adapter that
sends it to a partner. Everything that is stored or published holds its *token*. The kind (``phone``, ``name`` …) is
part of the token and of what is authenticated, so a sealed phone number cannot be passed off as a name, nor one
dossier's as another's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

PREFIX: Final = "sealed:1:"
SEAL: Final = "seal"

Seal = Callable[[str, str], str]
"""Seals (kind, clear text) and returns the token."""


class Unsealed(ValueError):
    """A clear personal value was about to be written without a key to seal it with."""


class StillSealed(ValueError):
    """The clear text of a sealed value was asked for without opening it."""


class Personal:
    """One personal value, clear or sealed, that never shows itself."""

    __slots__ = ("_clear", "token")

    def __init__(self, *, clear: str | None = None, token: str | None = None) -> None:
        self._clear = clear
        self.token = token

    @classmethod
    def of(cls, clear: str) -> Personal:
        """A clear value that just came in through a door that checked it."""
        return cls(clear=clear)

    @property
    def clear(self) -> str:
        """The text itself.

        Raises:
            StillSealed: only the keyring turns a token into text.
        """
        if self._clear is None:
            raise StillSealed("this value is sealed; open it with the keyring of its dossier")
        return self._clear

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Personal) and (self._clear, self.token) == (other._clear, other.token)

    def __hash__(self) -> int:
        return hash((self._clear, self.token))


class Kind:
    """Annotation that says which kind of personal value a field holds."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def _validate(self, value: object) -> Personal:
        if isinstance(value, Personal):
            return value
        if isinstance(value, str) and value.startswith(f"{PREFIX}{self.kind}:"):
            return Personal(token=value)
        raise PydanticCustomError("unsealed", "must be a sealed {kind}, never clear text", {"kind": self.kind})

    def _serialise(self, value: Personal, info: core_schema.SerializationInfo) -> str:
        if value.token is not None:
            return value.token
        seal: Seal | None = (info.context or {}).get(SEAL)
        if seal is None:
            raise Unsealed(f"a clear {self.kind} may not be written")
        return seal(self.kind, value.clear)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self._serialise, info_arg=True),
        )

    def __get_pydantic_json_schema__(self, _schema: object, _handler: object) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{PREFIX}{self.kind}:", "description": f"sealed {self.kind}"}


Name = Annotated[Personal, Kind("name")]
Phone = Annotated[Personal, Kind("phone")]
Email = Annotated[Personal, Kind("email")]
IdentityNumber = Annotated[Personal, Kind("identity_number")]
Address = Annotated[Personal, Kind("address")]
Owner = Annotated[Personal, Kind("owner")]
"""The account of whoever filed, by the identity provider's `sub`: it says who may see the dossier."""
Comment = Annotated[Personal, Kind("comment")]
"""What an applicant writes in their own words, and what they are answered."""
Form = Annotated[Personal, Kind("form")]
"""The answers of an electronic form, as one JSON text."""
Secret = Annotated[Personal, Kind("secret")]
"""A code or a link only the applicant may know: whoever has it may have the result."""

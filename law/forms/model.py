"""The e-form of a procedure, and what is wrong with one field of it."""

from typing import Literal, Self

from pydantic import Field, model_validator

from law.facts import Provenance, Strict

FieldType = Literal["text", "date", "phone", "email", "identity", "code", "integer", "choice"]
ErrorCode = Literal["required", "unknown", "type", "too_long", "format", "choice", "range"]


class Choice(Strict):
    value: str
    label_vi: str
    label_en: str


class FormField(Strict):
    """One field. `max_length` in characters; `minimum`, `maximum` of integers; `personal` values are sealed at rest."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    label_vi: str
    label_en: str
    type: FieldType = "text"
    required: bool = True
    max_length: int = Field(default=200, ge=1, le=4000)
    minimum: int = 0
    maximum: int = 1_000_000_000
    choices: tuple[Choice, ...] = ()
    personal: bool = False

    @model_validator(mode="after")
    def _choices_for_choice(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f"{self.name}: choices belong to the type choice, and it needs some")
        return self


class Form(Provenance):
    """The e-form of one procedure version; `number` as the decree names it, where it has one."""

    number: str = ""
    fields: tuple[FormField, ...]

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [field.name for field in self.fields]
        if len(names) != len(set(names)):
            raise ValueError("a field name occurs twice")
        return self


class FieldError(Strict):
    """What is wrong with one field and what would be right; `path` is its name."""

    path: str
    code: ErrorCode
    message_vi: str
    message_en: str

    @property
    def pointer(self) -> str:
        """Return the field as a JSON pointer (RFC 6901)."""
        return "/" + self.path.replace("~", "~0").replace("/", "~1")

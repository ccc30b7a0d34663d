"""The e-form of a procedure: its fields, and what is wrong with the values filed.

Names are flat snake_case, values are JSON values. Errors name the field, never the value: it may be personal.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from law import phones
from law.errors import LawError, PhoneError
from law.facts import Provenance, Strict

FieldType = Literal["text", "date", "phone", "email", "identity", "code", "integer", "choice"]
ErrorCode = Literal["required", "unknown", "type", "too_long", "format", "choice", "range"]

_EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_IDENTITY = re.compile(r"[0-9]{9}|[0-9]{12}")  # CMND, or CCCD (TT 59/2021/TT-BCA): no check digit
_CODE = re.compile(r"[0-9A-Za-z.\-]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


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
    """What is wrong with one field; `path` is its name."""

    path: str
    code: ErrorCode
    message_vi: str
    message_en: str


class FormInvalid(LawError):
    """The values do not fit the form; `errors` holds every fault, in order of the form."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.path}: {error.message_en}" for error in errors))
        self.errors = tuple(errors)


def validate(form: Form, values: Mapping[str, Any]) -> tuple[FieldError, ...]:
    """Return every fault, in order of the form and then the unknown names in order; empty where the values fit."""
    known = {field.name for field in form.fields}
    found = [error for field in form.fields if (error := _check(field, values.get(field.name)))]
    unknown = [_error(name[:64], "unknown") for name in sorted(values) if name not in known]
    return (*found, *unknown)


def require_valid(form: Form, values: Mapping[str, Any]) -> None:
    """Raise FormInvalid with every fault, where there is one."""
    if errors := validate(form, values):
        raise FormInvalid(errors)


def _check(field: FormField, value: Any) -> FieldError | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return _error(field.name, "required") if field.required else None
    if field.type == "integer":
        return _check_integer(field, value)
    if not isinstance(value, str):
        return _error(field.name, "type")
    if len(value) > field.max_length:
        return _error(field.name, "too_long", limit=field.max_length)
    return _check_text(field, value)


def _check_integer(field: FormField, value: Any) -> FieldError | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return _error(field.name, "type")
    if not field.minimum <= value <= field.maximum:
        return _error(field.name, "range", low=field.minimum, high=field.maximum)
    return None


def _check_text(field: FormField, value: str) -> FieldError | None:
    if field.type == "choice":
        return None if value in {choice.value for choice in field.choices} else _error(field.name, "choice")
    if _CONTROL.search(value) or not _READERS[field.type](value):
        return _error(field.name, "format")
    return None


def _is_date(value: str) -> bool:
    try:
        return bool(_ISO_DATE.fullmatch(value) and date.fromisoformat(value))
    except ValueError:
        return False


def _is_phone(value: str) -> bool:
    try:
        return bool(phones.normalise(value))
    except PhoneError:
        return False


_READERS: dict[str, Callable[[str], object]] = {
    "text": lambda _: True,
    "date": _is_date,
    "phone": _is_phone,
    "email": _EMAIL.fullmatch,
    "identity": _IDENTITY.fullmatch,
    "code": _CODE.fullmatch,
}

_MESSAGES: dict[ErrorCode, tuple[str, str]] = {
    "required": ("bắt buộc nhập", "is required"),
    "unknown": ("không có trong biểu mẫu", "is not a field of this form"),
    "type": ("sai kiểu dữ liệu", "has the wrong type"),
    "too_long": ("dài quá {limit} ký tự", "is longer than {limit} characters"),
    "format": ("sai định dạng", "has the wrong format"),
    "choice": ("không thuộc danh mục lựa chọn", "is not one of the choices"),
    "range": ("phải từ {low} đến {high}", "must be from {low} to {high}"),
}


def _error(path: str, code: ErrorCode, **numbers: int) -> FieldError:
    vi, en = _MESSAGES[code]
    return FieldError(path=path, code=code, message_vi=vi.format(**numbers), message_en=en.format(**numbers))

"""Values against the schema of their form. `jsonschema` finds what is wrong; here it is said in two languages."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError

from law import units
from law._data import current
from law.errors import LawError, Unfit
from law.forms.formats import checker
from law.forms.guide import Guide, guide
from law.forms.model import ErrorCode, FieldError, Form, FormField
from law.forms.schema import schema

MAX_VALUES: Final = 500
"""More are not looked at one by one."""
MAX_KEPT: Final = 256
_CODES: Final[dict[str, ErrorCode]] = {
    "type": "type",
    "maxLength": "too_long",
    "enum": "choice",
    "minimum": "range",
    "maximum": "range",
    "pattern": "format",
    "format": "format",
    "minLength": "required",
}
_RANK: Final[tuple[ErrorCode, ...]] = ("required", "type", "too_long", "choice", "range", "format", "unknown")
_MESSAGES: Final[dict[ErrorCode, tuple[str, str]]] = {
    "required": ("bắt buộc nhập", "is required"),
    "unknown": ("không có trong biểu mẫu: bỏ đi", "is not a field of this form: leave it out"),
    "type": ("phải là {kind_vi}", "must be {kind_en}"),
    "too_long": ("dài quá {limit} ký tự", "is longer than {limit} characters"),
    "format": ("không được có ký tự điều khiển", "must hold no control characters"),
    "choice": ("chọn một trong: {choices_vi}", "must be one of: {choices_en}"),
    "range": ("phải từ {low} đến {high}", "must be from {low} to {high}"),
}
_CODE_FIELD: Final = ("chỉ gồm chữ không dấu, chữ số, dấu chấm và gạch ngang", "only letters, digits, dots and hyphens")


class FormInvalid(LawError):
    """The values do not fit the form; `errors` holds every fault, in order of the form."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.path}: {error.message_en}" for error in errors))
        self.errors = tuple(errors)


def validate(form: Form, values: Mapping[str, Any], on: date) -> tuple[FieldError, ...]:
    """Return the first fault of each field as rules are on the local day `on`; empty where the values fit.

    In order of the form, then the unknown names in order. Null and blank values count as not filled in.
    """
    if len(values) > MAX_VALUES:
        vi, en = f"quá {MAX_VALUES} giá trị", f"more than {MAX_VALUES} values"
        return (FieldError(path="", code="unknown", message_vi=vi, message_en=en),)
    filled = {name: value for name, value in values.items() if not _is_blank(value)}
    fields = {field.name: field for field in form.fields}
    found: dict[str, FieldError] = {}
    for error in sorted(_faults(form, filled, fields, on), key=lambda error: _RANK.index(error.code)):
        found.setdefault(error.path, error)
    for error in _communes(fields, filled, on):
        found.setdefault(error.path, error)
    known = [found.pop(name) for name in fields if name in found]
    return (*known, *(found[name] for name in sorted(found)))


def require_valid(form: Form, values: Mapping[str, Any], on: date) -> None:
    """Raise FormInvalid with every fault, where there is one."""
    if errors := validate(form, values, on):
        raise FormInvalid(errors)


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _validator(form: Form, on: date) -> Draft202012Validator:
    """Made once a form and day, for the data version in use."""
    kept = current(_validators)
    found = kept.get((form, on))
    if found is None:
        if len(kept) >= MAX_KEPT:
            kept.clear()
        found = kept[form, on] = Draft202012Validator(schema(form, guide(on)), format_checker=checker(on))
    return found


def _validators(_texts: Mapping[str, str]) -> dict[tuple[Form, date], Draft202012Validator]:
    return {}


def _faults(form: Form, values: Mapping[str, Any], fields: Mapping[str, FormField], on: date) -> Iterator[FieldError]:
    for error in _validator(form, on).iter_errors(dict(values)):
        match error.validator:
            case "required":
                missing = (name for name in error.validator_value if name not in values)
                yield from (_error(fields[name], "required") for name in missing)
            case "additionalProperties":
                yield from (_unknown(name) for name in values if name not in fields)
            case _:
                yield _of_field(fields[str(error.absolute_path[0])], error)


def _of_field(field: FormField, error: ValidationError) -> FieldError:
    code = _CODES[str(error.validator)]
    if isinstance(error.cause, Unfit):
        return FieldError(path=field.name, code=code, message_vi=error.cause.vi, message_en=error.cause.en)
    if code == "format" and field.type == "code":
        return FieldError(path=field.name, code=code, message_vi=_CODE_FIELD[0], message_en=_CODE_FIELD[1])
    return _error(field, code)


def _communes(fields: Mapping[str, FormField], values: Mapping[str, Any], on: date) -> Iterator[FieldError]:
    """A commune is one of the province beside it: no schema says that."""
    if units.units(on) is None:
        return
    guides: Mapping[str, Guide] = guide(on)
    for name in fields:
        about, value = guides.get(name), values.get(name)
        if about is None or about.check != "commune" or not isinstance(value, str):
            continue
        beside = values.get(name.replace("commune", "province"))
        try:
            of = units.province(beside, on) if isinstance(beside, str) else None
        except Unfit:
            of = None
        try:
            units.commune(value, of)
        except Unfit as error:
            yield FieldError(path=name, code="format", message_vi=error.vi, message_en=error.en)


def _unknown(name: str) -> FieldError:
    vi, en = _MESSAGES["unknown"]
    return FieldError(path=name[:64], code="unknown", message_vi=vi, message_en=en)


def _error(field: FormField, code: ErrorCode) -> FieldError:
    vi, en = _MESSAGES[code]
    whole = field.type == "integer"
    said = {
        "limit": field.max_length,
        "low": field.minimum,
        "high": field.maximum,
        "kind_vi": "số nguyên" if whole else "chữ",
        "kind_en": "a whole number" if whole else "text",
        "choices_vi": "; ".join(f"{choice.value} ({choice.label_vi})" for choice in field.choices),
        "choices_en": "; ".join(f"{choice.value} ({choice.label_en})" for choice in field.choices),
    }
    return FieldError(path=field.name, code=code, message_vi=vi.format(**said), message_en=en.format(**said))

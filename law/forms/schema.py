"""A form as JSON Schema 2020-12 (json-schema.org/draft/2020-12).

Titles and descriptions are Vietnamese; `x-` annotations hold the English ones, what is personal, and the sources.
A `format` beginning with `vn-` is ours (`law.forms.formats`): a validator that does not know it lets the value pass.
"""

from collections.abc import Mapping
from typing import Any, Final

from law.forms.guide import Guide
from law.forms.model import Form, FormField

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
NO_CONTROL: Final = r"^[^\u0000-\u0009\u000b-\u001f\u007f]*$"
CODE: Final = r"^[0-9A-Za-z.\-]+$"
_FORMATS: Final = {"date": "date", "phone": "vn-phone", "email": "email", "identity": "vn-identity-number"}
_CHECKS: Final = {"tax_code": "vn-tax-code", "province": "vn-province", "commune": "vn-commune"}


def schema(form: Form, guides: Mapping[str, Guide]) -> dict[str, Any]:
    """Return the schema of an object with the form's fields and no others; no value is nested."""
    return {
        "$schema": DIALECT,
        "type": "object",
        "x-form": form.number,
        "x-source": form.source,
        "x-mark": form.mark.value,
        "properties": {field.name: _field(field, guides.get(field.name)) for field in form.fields},
        "required": [field.name for field in form.fields if field.required],
        "additionalProperties": False,
    }


def _field(field: FormField, about: Guide | None) -> dict[str, Any]:
    said: dict[str, Any] = {"title": field.label_vi, "x-title-en": field.label_en, "x-personal": field.personal}
    if about is not None:
        said |= {
            "description": about.purpose_vi,
            "x-description-en": about.purpose_en,
            "x-purpose-source": about.source,
        }
    return {**said, **_values(field, about)}


def _values(field: FormField, about: Guide | None) -> dict[str, Any]:
    if field.type == "integer":
        return {"type": "integer", "minimum": field.minimum, "maximum": field.maximum}
    text: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": field.max_length}
    if field.type == "choice":
        labels = {choice.value: {"vi": choice.label_vi, "en": choice.label_en} for choice in field.choices}
        return {**text, "enum": list(labels), "x-labels": labels}
    text["pattern"] = CODE if field.type == "code" else NO_CONTROL
    checked = _CHECKS.get(about.check) if about is not None and about.check is not None else None
    if found := checked or _FORMATS.get(field.type):
        text["format"] = found
    return text

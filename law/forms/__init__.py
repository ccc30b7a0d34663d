"""The e-form of a procedure: its fields, its JSON Schema, and what is wrong with the values filed.

    model    the form as the data of a procedure version say it
    guide    why a field is asked and how it is checked, by effective date (`law/data/forms`)
    schema   the form as JSON Schema 2020-12, which is what values are checked against
    formats  what a schema's `format` means: days, phones, identity numbers, tax codes, provinces
    check    every fault of the values filed, in Vietnamese and English

Names are flat snake_case, values are JSON values. Errors name the field, never the value: it may be personal.
"""

from law.forms.check import FormInvalid, require_valid, validate
from law.forms.guide import Guide, guide
from law.forms.model import Choice, ErrorCode, FieldError, FieldType, Form, FormField
from law.forms.schema import schema

__all__ = [
    "Choice",
    "ErrorCode",
    "FieldError",
    "FieldType",
    "Form",
    "FormField",
    "FormInvalid",
    "Guide",
    "guide",
    "require_valid",
    "schema",
    "validate",
]

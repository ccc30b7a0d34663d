"""The gate on changed forms: what breaks a reader is named, what does not passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, create_model

from cli.compatibility import breaks
from schemas.event import Instant, Record, Text
from schemas.personal import Email, Phone


class Part(Record):
    code: str


class PartWithMore(Record):
    code: str
    note: str | None = None


def schema(**fields: Any) -> dict[str, Any]:
    model: type[Record] = create_model("Form", __base__=Record, **fields)
    return model.model_json_schema(mode="serialization")


OLD: dict[str, Any] = {
    "id": (Text, ...),
    "status": (Literal["open", "paid"], "open"),
    "total": (Annotated[int, Field(ge=0)], ...),
    "at": (Instant | None, None),
    "phone": (Phone | None, None),
    "parts": (tuple[Part, ...], ()),
    "holders": (Mapping[str, int], {}),
    "pair": (tuple[str, str] | None, None),
}


@pytest.mark.parametrize(
    ("field", "changed", "said"),
    [
        ("total", None, "total: removed, and the release before demands it"),
        ("status", None, "status: removed, and what the release before writes is lost"),
        ("payer", (Text, ...), "payer: new and required, and nothing stored so far has it"),
        ("at", (Instant, ...), "at: now required, and what is stored may be without it"),
        ("total", (int | None, ...), "total: may now be absent, and the release before demands it"),
        ("total", (str, ...), "total: was of type integer, is of type string"),
        ("total", (Annotated[int, Field(ge=1)], ...), "total: minimum was 0, is 1"),
        ("id", (Annotated[str, Field(min_length=1, max_length=10)], ...), "id: maxLength was 1000, is 10"),
        ("status", (Literal["open"], "open"), 'status: no longer allows "paid"'),
        ("status", (str, "open"), 'status: allowed only "open", "paid"'),
        ("id", (Literal["a"], ...), 'id: now allows only "a"'),
        ("status", (Literal["open", "gone"], "open"), 'status: no longer allows "paid"'),
        (
            "status",
            (Literal["open", "paid", "late"], "open"),
            'status: now also allows "late", which the release before refuses',
        ),
        ("status", (Literal["open", "paid"], "paid"), "status: absent meant 'open', now means 'paid'"),
        ("phone", (Email | None, None), "phone: pattern was '^sealed:1:phone:', is '^sealed:1:email:'"),
        ("parts", (tuple[PartWithMore, ...], ()), "parts[].note: new inside a part"),
        ("parts", (tuple[str, ...], ()), "parts[]: was of type object, is of type string"),
        ("holders", (Mapping[str, str], {}), "holders{}: was of type integer, is of type string"),
        ("pair", (tuple[str, int] | None, None), "pair[1]: was of type string, is of type integer"),
        ("at", (Instant | int | None, None), "at: now also allows integer, which the release before refuses"),
    ],
)
def test_what_breaks_a_reader_is_named(field: str, changed: Any, said: str) -> None:
    fields = {**OLD, field: changed}
    found = breaks(schema(**OLD), schema(**{k: v for k, v in fields.items() if v is not None}), carried=True)
    assert any(text.startswith(said) for text in found), found


@pytest.mark.parametrize(
    "added", [{}, {"note": (Text | None, None)}, {"more": (tuple[Part, ...], ())}, {"count": (int, 0)}]
)
def test_fields_with_a_default_may_be_added(added: dict[str, Any]) -> None:
    assert breaks(schema(**OLD), schema(**OLD, **added), carried=True) == []


def test_the_words_of_a_docstring_may_change() -> None:
    old, new = schema(**OLD), {**schema(**OLD), "description": "other words", "title": "Other"}
    assert breaks(old, new) == []


def test_a_part_may_gain_a_field_where_readers_do_not_write_back() -> None:
    new = schema(**{**OLD, "parts": (tuple[PartWithMore, ...], ())})
    assert breaks(schema(**OLD), new) == []

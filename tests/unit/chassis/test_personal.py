"""Personal values never show themselves, never leave clear, and never pass for another kind."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.event import Record
from schemas.personal import Name, Personal, Phone, StillSealed, Unsealed


class Person(Record):
    name: Name
    phone: Phone | None = None


def seal(kind: str, clear: str) -> str:
    return f"sealed:1:{kind}:{clear[::-1]}"


def test_it_prints_as_stars() -> None:
    assert "***" in repr(Person(name=Personal.of("Lò Thị Mẫu")))
    assert "Mẫu" not in f"{Person(name=Personal.of('Lò Thị Mẫu'))!r} {Personal.of('Mẫu')}"


def test_clear_text_cannot_be_written() -> None:
    with pytest.raises(Unsealed):
        Person(name=Personal.of("Lò Thị Mẫu")).dump()


def test_what_was_sealed_comes_back_sealed() -> None:
    stored = Person(name=Personal.of("abc")).dump(seal)
    assert stored == {"name": "sealed:1:name:cba"}
    again = Person.model_validate(stored)
    assert again.dump() == stored
    with pytest.raises(StillSealed):
        _ = again.name.clear


@pytest.mark.parametrize("name", ["Lò Thị Mẫu", "sealed:1:phone:cba", "sealed:2:name:cba"])
def test_neither_clear_text_nor_another_kind_is_read(name: str) -> None:
    with pytest.raises(ValidationError):
        Person.model_validate({"name": name})

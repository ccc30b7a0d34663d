from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from law import procedures
from law.forms import FormInvalid, require_valid, validate

ON = date(2026, 11, 24)
CARD = procedures.find("1.001440", ON).form
GOOD: dict[str, Any] = {
    "full_name": "Nguyễn Văn Thử",
    "birth_date": "1990-02-28",
    "sex": "male",
    "identity_number": "011090000001",
    "identity_date": "2021-05-01",
    "identity_place": "Nơi cấp thử nghiệm",
    "phone": "+84912345678",
    "address_province": "Điện Biên",
    "address_commune": "Mường Phăng",
    "address_detail": "Bản thử nghiệm",
    "qualification": "Trung cấp",
    "destination_name": "Điểm thử nghiệm",
}
LIBRARY = procedures.find("1.008895", ON).form


def test_good_values_pass() -> None:
    assert validate(CARD, GOOD, ON) == ()
    require_valid(CARD, {**GOOD, "email": "thu@example.vn", "language": None}, ON)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("full_name", None, "required"),
        ("full_name", "  ", "required"),
        ("full_name", 7, "type"),
        ("full_name", "x" * 101, "too_long"),
        ("full_name", "a\x00b", "format"),
        ("birth_date", "1990-02-30", "format"),
        ("birth_date", "19900228", "format"),
        ("sex", "other", "choice"),
        ("identity_number", "12345", "format"),
        ("phone", "01621234567", "format"),
        ("email", "not an address", "format"),
        ("colour", "blue", "unknown"),
    ],
)
def test_each_fault_names_its_field(field: str, value: Any, code: str) -> None:
    errors = validate(CARD, {**GOOD, field: value}, ON)
    assert [(error.path, error.code) for error in errors] == [(field, code)]
    assert errors[0].message_vi != errors[0].message_en


@pytest.mark.parametrize(("value", "code"), [(0, "range"), (True, "type"), ("12", "type"), (1.5, "type"), (30, None)])
def test_integers(value: Any, code: str | None) -> None:
    found = [error.code for error in validate(LIBRARY, {"area_m2": value}, ON) if error.path == "area_m2"]
    assert found == ([code] if code else [])


def test_all_faults_at_once_in_order() -> None:
    with pytest.raises(FormInvalid, match="full_name: is required") as caught:
        require_valid(CARD, {"zzz": 1}, ON)
    paths = [error.path for error in caught.value.errors]
    assert paths == [field.name for field in CARD.fields if field.required] + ["zzz"]


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3)


@given(st.dictionaries(st.sampled_from([field.name for field in CARD.fields]) | st.text(max_size=9), JSON))
def test_never_raises_and_never_repeats_a_value(values: dict[str, Any]) -> None:
    for error in validate(CARD, values, ON):
        assert error.message_en

"""Every procedure's form as JSON Schema: what fits is taken, and what is broken in one field is refused by its name."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bench.doors.values import NAMED, OF_TYPE, broken
from law import identity, procedures, units
from law._data import packaged
from law.errors import Unfit
from law.forms import Form, FormField, guide, schema, validate
from law.lint import check

ON = date(2026, 11, 24)
ALL = procedures.all(ON)
FORMS = [procedure.form for procedure in ALL]
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1).filter(lambda text: bool(text.strip()))


def filled(field: FormField) -> st.SearchStrategy[Any]:
    if field.type == "integer":
        return st.integers(field.minimum, field.maximum)
    if field.type == "choice":
        return st.sampled_from([choice.value for choice in field.choices])
    if field.type == "text" and field.name not in NAMED:
        return TEXT.map(lambda text: text[: field.max_length]).filter(lambda text: bool(text.strip()))
    return st.just(NAMED.get(field.name) or OF_TYPE[field.type])


@st.composite
def filings(draw: st.DrawFn) -> tuple[Form, dict[str, Any]]:
    form = draw(st.sampled_from(FORMS))
    return form, {field.name: draw(filled(field)) for field in form.fields}


@given(filings())
def test_what_fits_is_taken(filing: tuple[Form, dict[str, Any]]) -> None:
    form, values = filing
    assert validate(form, values, ON) == ()
    needed = {field.name: values[field.name] for field in form.fields if field.required}
    assert validate(form, needed, ON) == ()


@given(filings(), st.data())
def test_what_is_broken_in_one_field_is_refused_by_its_name(
    filing: tuple[Form, dict[str, Any]], data: st.DataObject
) -> None:
    form, values = filing
    field = data.draw(st.sampled_from(form.fields))
    errors = validate(form, {**values, field.name: data.draw(st.sampled_from(broken(field)))}, ON)
    assert [error.pointer for error in errors] == [f"/{field.name}"]
    assert errors[0].message_vi != errors[0].message_en


@given(filings(), TEXT.filter(lambda name: name not in NAMED))
def test_a_field_of_no_form_is_named(filing: tuple[Form, dict[str, Any]], name: str) -> None:
    form, values = filing
    if name in values:
        return
    assert [(error.path, error.code) for error in validate(form, {**values, name: 1}, ON)] == [(name[:64], "unknown")]


@pytest.mark.parametrize("procedure", ALL, ids=lambda procedure: procedure.code)
def test_each_schema_is_one_and_says_why_each_field_is_asked(procedure: procedures.Procedure) -> None:
    made = schema(procedure.form, guide(ON))
    Draft202012Validator.check_schema(made)
    assert json.loads(json.dumps(made)) == made
    for field in made["properties"].values():
        assert field["description"]
        assert field["x-description-en"] != field["description"]
        assert field["x-purpose-source"]


def test_more_values_than_any_form_has_are_not_looked_at() -> None:
    errors = validate(FORMS[0], {f"f{n}": 1 for n in range(501)}, ON)
    assert [error.path for error in errors] == [""]


BORN_THIS_YEAR, ABROAD, OLD_CARD = "011226000001", "101090000001", "012345678"


@pytest.mark.parametrize("number", ["011090000001", BORN_THIS_YEAR, ABROAD, OLD_CARD])
def test_identity_numbers_that_may_be(number: str) -> None:
    identity.check(number, ON)


@pytest.mark.parametrize(
    ("number", "says"), [("011227000001", "year of birth"), ("003090000001", "province"), ("0123456789", "12 digits")]
)
def test_identity_numbers_that_cannot_be(number: str, says: str) -> None:
    with pytest.raises(Unfit, match=says):
        identity.check(number, ON)


@pytest.mark.parametrize("text", ["11", "Điện Biên", "tỉnh điện biên", "DIEN BIEN"])
def test_a_province_by_code_or_name(text: str) -> None:
    found = units.province(text, ON)
    assert found is not None
    assert found.code == "11"
    for name in ("03334", "Phường Mường Thanh", "muong thanh", "Mường Thanh"):
        units.commune(name, found)
    with pytest.raises(Unfit, match="such as 03127"):
        units.commune("Thị trấn Nào Đó", found)


def test_a_province_that_was_merged_is_refused_since_the_merger_only() -> None:
    with pytest.raises(Unfit):
        units.province("Hà Giang", ON)
    assert units.province("Hà Giang", date(2025, 6, 30)) is None


def test_communes_of_other_provinces_are_known_by_their_shape() -> None:
    other = units.province("Lai Châu", ON)
    units.commune("03390", other)
    units.commune("Xã nào đó", other)
    with pytest.raises(Unfit):
        units.commune("339", other)


@pytest.mark.parametrize("code", ["5600128057", "5600128057-001", "011090000001"])
def test_tax_codes_of_enterprises_branches_and_households(code: str) -> None:
    form = procedures.find("1.000953", ON).form
    assert "tax_code" not in {error.path for error in validate(form, {"tax_code": code}, ON)}


def test_the_linter_names_a_field_without_purpose_and_a_purpose_without_field() -> None:
    texts = dict(packaged())
    name = "forms/guide-2018.json"
    guides = json.loads(texts[name])
    guides["fields"]["shoe_size"] = guides["fields"].pop("full_name")
    found = {finding.field: finding.problem for finding in check({**texts, name: json.dumps(guides)})}
    assert found.keys() == {"fields.full_name", "fields.shoe_size"}
    later = {**json.loads(texts[name]), "since": {"value": "2026-01-01", "source": "example", "mark": "U"}}
    overlap = check({**texts, "forms/guide-2026.json": json.dumps(later)})
    assert [finding.file for finding in overlap] == ["forms/guide-2026.json"]
    del texts[name], texts["units/nq1661-2025.json"]
    assert [finding.file for finding in check(texts)] == ["forms", "units"]


@pytest.mark.parametrize(
    ("was", "now"),
    [("Phường Him Lam", "Phường Điện Biên Phủ"), ("thi tran tuan giao", "Xã Tuần Giáo"), ("Pom Lót", "Xã Sam Mứn")],
)
def test_a_unit_that_is_no_more_is_known_by_what_it_became(was: str, now: str) -> None:
    found = units.province("11", ON)
    with pytest.raises(Unfit) as refused:
        units.commune(was, found)
    assert now in refused.value.vi
    assert now in refused.value.en


def test_what_communes_were_formed_of_is_all_there_was() -> None:
    former = [name for commune in units.communes("11", ON) for name in commune.formed_of]
    assert len(former) == len(set(former)) == 129
    kinds = Counter(name.split()[0] for name in former)
    assert kinds == {"Xã": 115, "Phường": 9, "Thị": 5}
    assert sorted(Counter(len(one.formed_of) == 2 for one in units.communes("11", ON)).values()) == [16, 29]

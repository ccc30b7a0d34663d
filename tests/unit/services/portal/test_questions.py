"""Questions from a form's schema: what was answered stays, what is wrong is beside its field, what is done says so."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from law import forms, procedures, units
from services.portal.places import places
from services.portal.questions import SECTIONS, Section, answers, asked_again, merged, sections
from services.portal.texts import LANGUAGES

DAY = date(2026, 11, 30)
PLACES = places({"provinces": [one.model_dump() for one in getattr(units.units(DAY), "provinces", ())]})
CODES = sorted({line.code for line in procedures.default().all(DAY)})


def asked(code: str, content: dict[str, Any], errors: Any = (), files: Any = None) -> dict[str, Section]:
    procedure = procedures.find(code, DAY)
    draft = {"content": {"applicant": {}, "agent": {}, "form": {}, "address": {}, "way": None,
                         "files": [], **content},
             "errors": errors}  # fmt: skip
    found = sections(draft, forms.schema(procedure.form, forms.guide(DAY)),
                     procedure.model_dump(mode="json"), files or {}, "vi", known_places=PLACES)  # fmt: skip
    return {part.key: part for part in found}


@pytest.mark.parametrize("code", CODES)
def test_every_procedure_can_be_asked_in_both_languages(code: str) -> None:
    procedure = procedures.find(code, DAY)
    schema = forms.schema(procedure.form, forms.guide(DAY))
    empty: dict[str, Any] = {"applicant": {}, "agent": {}, "form": {}, "address": {}, "way": None, "files": []}
    for language in LANGUAGES:
        found = sections(
            {"content": empty, "errors": []}, schema, procedure.model_dump(mode="json"), {}, language,
            known_places=PLACES,
        )  # fmt: skip
        assert tuple(part.key for part in found) == SECTIONS
        questions = [question for part in found for question in part.questions]
        assert all(question.label for question in questions)
        assert {f"form.{name}" for name in schema["properties"]} <= {question.name for question in questions}


def test_an_answer_goes_where_it_belongs_and_the_rest_stays() -> None:
    content = {"form": {"book_count": 7, "address": "Tổ 1"}, "applicant": {"name": "Lò Thị Mẫu"}}
    part = asked("1.008895", content)["form"]
    whole = merged({**content, "files": [1]}, part, {"form.book_count": " 3000 ", "form.address": " ", "way": "post"})
    assert whole["form"]["book_count"] == 3000
    assert whole["form"]["address"] is None
    assert (whole["applicant"], whole["files"], "way" in whole) == (content["applicant"], [1], False)
    odd = merged(content, part, {"form.book_count": "ba nghìn"})
    assert odd["form"]["book_count"] == "ba nghìn", "the service says what is wrong with it"


def test_digits_are_no_number_a_zero_in_front_counts() -> None:
    part = asked("1.001440", {})["form"]
    kinds = {question.name: question.kind for question in part.questions}
    assert kinds["form.identity_number"] == "digits"
    whole = merged({"form": {}}, part, {"form.identity_number": "011190000001"})
    assert whole["form"]["identity_number"] == "011190000001"


def test_a_part_is_empty_then_open_then_done() -> None:
    wrong = [{"field": "applicant.phone", "problem": "write", "problem_vi": "ghi"}]
    assert asked("1.008895", {}, wrong)["applicant"].standing == "empty"
    given = {"applicant": {"name": "Lò Thị Mẫu"}}
    part = asked("1.008895", given, wrong)["applicant"]
    assert (part.standing, [(q.name, q.fault) for q in part.faults]) == ("open", [("applicant.phone", "ghi")])
    assert asked("1.008895", given)["applicant"].standing == "done"
    assert asked("1.008895", {})["agent"].standing == "done", "nobody need act for them"


def test_documents_are_done_when_each_that_must_be_is_there_and_clean() -> None:
    files = {"f1": {"id": "f1", "state": "clean"}, "f2": {"id": "f2", "state": "clean"}}
    one, two = {"code": "notification", "file": "f1"}, {"code": "proof_of_conditions", "file": "f2"}
    assert asked("1.008895", {})["documents"].standing == "empty"
    assert asked("1.008895", {"files": [one]}, files=files)["documents"].standing == "open"
    assert asked("1.008895", {"files": [one, two]}, files=files)["documents"].standing == "done"
    infected = {**files, "f2": {"id": "f2", "state": "infected"}}
    assert asked("1.008895", {"files": [one, two]}, files=infected)["documents"].standing == "open"
    assert asked("1.008895", {"files": [one, two]}, files={"f1": files["f1"]})["documents"].standing == "open"


def test_a_supplement_asks_what_an_officer_asked_for_and_why() -> None:
    procedure = procedures.find("1.008895", DAY)
    schema = forms.schema(procedure.form, forms.guide(DAY))
    field = {"kind": "field", "name": "book_count", "why": "quá ít", "label": {"vi": "Số bản sách", "en": "Volumes"}}
    paper = {"kind": "document", "name": "proof_of_conditions", "why": "mờ"}
    items = asked_again([field, paper], schema, PLACES, "vi")
    assert [(one.question.name, one.document, one.why) for one in items] == [
        ("form.book_count", False, "quá ít"), ("documents.proof_of_conditions", True, "mờ"),
    ]  # fmt: skip
    assert answers(items, {"form.book_count": "3100", "form.address": "not asked"}) == {"book_count": 3100}
    assert answers(items, {"form.book_count": " "}) == {}
    again = [one.again({"form.book_count": "ba"}, {"form.book_count": "ghi số"}) for one in items]
    assert [(one.question.value, one.question.fault) for one in again] == [("ba", "ghi số"), ("", "")]


@pytest.mark.parametrize("typed", ["Phường Mường Thanh", "muong thanh", " phuong  muong thanh ", "03334"])
def test_a_commune_is_named_and_its_code_is_kept(typed: str) -> None:
    part = asked("1.008895", {})["delivery"]
    whole = merged({"address": {}}, part, {"address.province": "11", "address.commune": typed})
    assert whole["address"]["commune"] == "03334"
    shown = {one.name: one.shown for one in asked("1.008895", whole)["delivery"].questions}
    assert (shown["address.province"], shown["address.commune"]) == ("Điện Biên", "Phường Mường Thanh")


@pytest.mark.parametrize(("province", "typed"), [("11", "Phường Him Lam"), ("12", "Mường Thanh"), ("", "muong thanh")])
def test_a_name_that_is_no_commune_of_that_province_now_is_left_to_the_service(province: str, typed: str) -> None:
    part = asked("1.008895", {})["delivery"]
    whole = merged({"address": {}}, part, {"address.province": province, "address.commune": typed})
    assert whole["address"]["commune"] == typed


def test_who_names_a_unit_that_is_no_more_is_told_what_it_is_part_of() -> None:
    content = {"address": {"province": "11", "commune": "him lam", "detail": "Tổ 3"}}
    wrong = [{"field": "address.commune", "problem": "pattern", "problem_vi": "mẫu"}]
    found = {one.name: one.fault for one in asked("1.008895", content, wrong)["delivery"].questions}
    assert "Phường Điện Biên Phủ" in found["address.commune"]


def test_a_form_that_asks_for_a_commune_offers_those_there_are_and_takes_the_name() -> None:
    part = asked("1.001440", {})["form"]
    found = {one.name: one for one in part.questions}
    assert "Điện Biên" in {one.name for one in found["form.address_province"].suggestions}
    assert len(found["form.address_commune"].suggestions) == len(units.communes("11", DAY))
    whole = merged({"form": {}}, part, {"form.address_province": "dien bien", "form.address_commune": "Xã Na Sang"})
    assert (whole["form"]["address_province"], whole["form"]["address_commune"]) == ("Điện Biên", "Xã Na Sang")

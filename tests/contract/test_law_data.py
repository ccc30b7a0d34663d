"""The packaged law data: sound, enough, honest about how sure they are, and what services rely on."""

from datetime import date
from typing import get_args

import pytest

from law import procedures
from law._data import packaged
from law.fees import FeeInputs, assess, inputs_of
from law.lint import check
from law.procedures import Procedure
from schemas.parts import ResultKind, Way

DAYS = (date(2021, 6, 16), date(2026, 11, 25))
VERSIONS = {(entry.code, entry.version): entry for day in DAYS for entry in procedures.all(day)}.values()


def test_nothing_to_correct() -> None:
    assert [str(finding) for finding in check(packaged())] == []


def test_at_least_fourteen_procedures_on_the_day_of_the_plan() -> None:
    found = procedures.all(DAYS[0])
    assert len(found) >= 14
    assert len({entry.field.value.vi for entry in found}) >= 7


@pytest.mark.parametrize("entry", VERSIONS, ids=lambda entry: f"{entry.code}-{entry.version}")
def test_each_version_is_whole(entry: Procedure) -> None:
    assert entry.documents
    assert entry.form.fields
    assert entry.legal_basis
    assert entry.local_suffix.value.endswith("H18")
    assert entry.result.value in get_args(ResultKind)
    assert set(entry.ways.value) <= set(get_args(Way))
    assert entry.steps.value[0].role == "clerk"


@pytest.mark.parametrize("entry", VERSIONS, ids=lambda entry: f"{entry.code}-{entry.version}")
def test_its_fee_follows_from_a_valid_form(entry: Procedure) -> None:
    values: dict[str, str | int] = {
        field.name: field.choices[0].value if field.choices else field.minimum for field in inputs_of(entry)
    }
    found = assess(entry, DAYS[1], FeeInputs(values=values))
    assert found.total == sum(line.amount for line in found.lines)
    assert bool(entry.charges) == bool(found.lines or found.exemptions)


def test_no_data_file_is_kept_twice() -> None:
    texts = packaged()
    assert len(set(texts.values())) == len(texts)
    assert all(len(text) < 16_000 for text in texts.values())

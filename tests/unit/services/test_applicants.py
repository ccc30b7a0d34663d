"""Whom a procedure is for: people, business households, enterprises, organisations."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from bench.doors.filings import cases, valid
from law import procedures
from schemas.dossier import DossierSubmitted
from schemas.upstream import Filing
from services.submission.domain import reception
from services.submission.domain.filing import BadFiling, checked
from tests.unit.services.lives import RULES

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


def filed(procedure: str, kind: str) -> DossierSubmitted:
    body = valid(procedures.default().find(procedure, NOW.date()), random.Random(1))  # noqa: S311 - any will do
    filing = Filing.model_validate({**body, "applicant": {**body["applicant"], "kind": kind}})
    command = checked(filing, NOW, dossier=str(UUID(int=1)), owner="o", route="portal", token=lambda *_: "t")
    decision = reception.file(None, command, NOW, RULES)
    assert decision.state is not None
    event: Any = decision.events[0]
    assert decision.state.legal_form == event.legal_form
    return DossierSubmitted.model_validate(event)


@pytest.mark.parametrize(
    ("procedure", "kind", "stands_as", "legal_form"),
    [
        ("1.001440", "individual", "individual", None),
        ("1.001029", "household", "individual", "household"),
        ("1.001029", "enterprise", "enterprise", None),
        ("1.012080", "organisation", "enterprise", "organisation"),
    ],
)
def test_who_may_file_stands_as_a_person_or_a_body(
    procedure: str, kind: str, stands_as: str, legal_form: str | None
) -> None:
    event = filed(procedure, kind)
    assert (event.applicant.kind, event.legal_form) == (stands_as, legal_form)


@pytest.mark.parametrize(("procedure", "kind"), [("1.001440", "household"), ("1.001029", "organisation")])
def test_others_are_told_whom_it_is_for(procedure: str, kind: str) -> None:
    with pytest.raises(BadFiling) as refused:
        filed(procedure, kind)
    assert [wrong.field for wrong in refused.value.problems] == ["applicant.kind"]


def test_the_cases_of_the_doors_break_every_field_of_every_procedure() -> None:
    made = cases(6_000, 1, NOW.date())
    assert made == cases(6_000, 1, NOW.date())
    broken = {(case.body["procedure"], case.wrong) for case in made}
    for procedure in procedures.all(NOW.date()):
        assert {(procedure.code, f"form.{field.name}") for field in procedure.form.fields} <= broken

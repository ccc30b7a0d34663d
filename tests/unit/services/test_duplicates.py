"""A dossier that may have been filed twice is flagged; another procedure, person, or one long ended is not."""

from __future__ import annotations

import pytest

from services.submission.domain import duplicates
from services.submission.domain.dossier import Dossier

from .lives import PAYING, to_stage

ONE = to_stage("filed").dossier
AGAIN = ONE.model_copy(update={"id": "11111111-1111-4111-8111-111111111111"})


def test_the_same_filed_again_is_found_from_both_sides() -> None:
    assert duplicates.among(ONE, [ONE, AGAIN]) == [AGAIN]
    assert duplicates.among(AGAIN, [ONE, AGAIN]) == [ONE]
    assert duplicates.query(ONE) == duplicates.query(AGAIN)


@pytest.mark.parametrize("stage", sorted(duplicates.ENDED))
def test_one_that_ended_counts_while_the_other_is_open(stage: str) -> None:
    ended = AGAIN.model_copy(update={"stage": stage})
    assert duplicates.among(ONE, [ended]) == [ended]
    assert duplicates.among(ended, [ended.model_copy(update={"id": ONE.id})]) == []


def test_another_procedure_or_person_is_no_duplicate() -> None:
    other: Dossier = to_stage("filed", PAYING).dossier.model_copy(update={"id": AGAIN.id})
    assert duplicates.among(ONE, [other]) == []
    another = AGAIN.model_copy(update={"tokens": ("another phone", *ONE.tokens[1:])})
    namesake = AGAIN.model_copy(update={"tokens": (ONE.tokens[0], "another name", *ONE.tokens[2:])})
    assert duplicates.among(ONE, [another, namesake]) == []


def test_of_a_person_who_was_erased_nothing_is_looked_for() -> None:
    erased = ONE.model_copy(update={"tokens": (), "owner": ""})
    assert duplicates.query(erased) is None
    assert duplicates.among(erased, [AGAIN]) == []


def test_the_oldest_comes_first() -> None:
    older = AGAIN.model_copy(update={"id": "2" * 36, "filed_at": ONE.filed_at.replace(year=2025)})
    assert duplicates.among(ONE, [AGAIN, older]) == [older, AGAIN]

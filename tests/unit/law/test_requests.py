"""By when what a person asks about their data is answered and done."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from law import requests
from law._data import packaged
from law.calendar import default
from law.errors import LawDataError
from law.facts import Mark
from law.lint import check
from law.requests import RIGHTS, Right

FRIDAY, SATURDAY, TUESDAY = date(2026, 11, 27), date(2026, 11, 28), date(2026, 12, 1)


def test_it_is_answered_within_two_working_days() -> None:
    assert requests.due("see", FRIDAY, default()).answer_by == TUESDAY
    assert requests.due("see", SATURDAY, default()).answer_by == TUESDAY


@pytest.mark.parametrize(
    ("right", "done_by", "mark"),
    [
        ("see", date(2026, 12, 7), Mark.REMEMBERED),
        ("correct", date(2026, 12, 7), Mark.REMEMBERED),
        ("restrict", date(2026, 12, 14), Mark.VERIFIED),
        ("erase", date(2026, 12, 17), Mark.REMEMBERED),
    ],
)
def test_it_is_done_in_the_days_of_its_kind(right: Right, done_by: date, mark: Mark) -> None:
    due = requests.due(right, FRIDAY, default())
    assert (due.done_by, due.mark) == (done_by, mark)
    assert due.source


@given(st.dates(date(2026, 1, 1), date(2027, 11, 30)), st.sampled_from(RIGHTS))
def test_a_term_ends_on_a_working_day_and_is_answered_before_it_is_done(asked: date, right: Right) -> None:
    due = requests.due(right, asked, default())
    assert all(default().is_working_day(day) for day in (due.answer_by, due.done_by))
    assert asked < due.answer_by <= due.done_by + timedelta(days=3)


def test_before_the_law_nothing_is_said() -> None:
    with pytest.raises(LawDataError, match="nothing is in force"):
        requests.due("see", date(2025, 12, 31), default())


def test_the_linter_finds_a_right_without_a_term() -> None:
    texts = dict(packaged())
    answers = json.loads(texts["requests/2026.json"])
    del answers["done"]["restrict"]
    texts["requests/2026.json"] = json.dumps(answers)
    assert [(f.file, f.field) for f in check(texts)] == [("requests/2026.json", "done.restrict")]

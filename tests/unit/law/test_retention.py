"""How long what is kept of a dossier must be kept."""

from __future__ import annotations

from datetime import date

import pytest

from law import procedures, retention
from law._data import packaged, use
from law.errors import LawDataError
from law.facts import Mark
from law.lint import check
from law.retention import OUTCOMES, Schedule, Term, faults


def test_years_end_with_the_year_and_days_begin_with_the_day_of_the_end() -> None:
    assert Term(amount=10, unit="years").until(date(2026, 2, 28)) == date(2036, 12, 31)
    assert Term(amount=2, unit="years").until(date(2024, 2, 29)) == date(2026, 12, 31)
    assert Term(amount=1, unit="days").until(date(2026, 2, 28)) == date(2026, 2, 28)
    assert Term(amount=0, unit="days").until(date(2026, 2, 28)) == date(2026, 2, 27)


def test_it_is_over_the_day_after_and_not_on_the_last() -> None:
    kept = retention.kept("1.008895", "withdrawn", date(2026, 6, 1))
    assert (kept.until, kept.mark) == (date(2028, 12, 31), Mark.REMEMBERED)
    assert not kept.over(date(2028, 12, 31))
    assert kept.over(date(2029, 1, 1))


def test_every_procedure_has_a_term_for_every_outcome_with_its_source() -> None:
    codes = {version.code for version in procedures.all(date(2026, 6, 1))}
    assert len(codes) > 20
    for code in codes:
        for outcome in OUTCOMES:
            kept = retention.kept(code, outcome, date(2026, 6, 1))
            assert kept.source
            assert kept.until > date(2026, 6, 1)


def test_a_procedure_s_own_term_goes_before_that_of_all_and_only_for_its_outcomes() -> None:
    assert retention.kept("2.001631", "approved", date(2026, 6, 1)).until.year == 2096
    assert retention.kept("2.001631", "refused", date(2026, 6, 1)).until.year == 2036


def test_before_any_schedule_nothing_is_said() -> None:
    with pytest.raises(LawDataError, match="nothing is in force"):
        retention.kept("1.008895", "approved", date(2017, 12, 31))


def schedule(*rules: tuple[str, tuple[str, ...]]) -> Schedule:
    term = {"value": {"amount": 1, "unit": "years"}, "source": "example", "mark": "R"}
    listed = [{"procedure": code, "outcomes": outcomes, "term": term} for code, outcomes in rules]
    return Schedule.model_validate({"version": "1", "since": "2018-01-01", "rules": listed})


def test_the_linter_finds_an_outcome_without_a_term_and_one_with_two() -> None:
    assert list(faults(schedule(("*", OUTCOMES)))) == []
    found = [problem for _, problem in faults(schedule(("*", OUTCOMES[1:]), ("1.008895", OUTCOMES[:1])))]
    assert found == ["'approved' of a procedure without a rule of its own has no term: add one for '*'"]
    twice = [problem for _, problem in faults(schedule(("*", OUTCOMES), ("*", OUTCOMES[4:])))]
    assert twice == ["'stopped' of '*' has two terms: keep one"]


def test_a_data_version_with_such_a_fault_is_not_put_in_use() -> None:
    texts = {**packaged(), "retention/2018.json": schedule(("*", OUTCOMES[1:])).model_dump_json()}
    assert [(f.file, f.field) for f in check(texts)] == [("retention/2018.json", "rules")]


def test_a_data_version_without_terms_says_so_when_asked() -> None:
    use({name: text for name, text in packaged().items() if not name.startswith("retention/")})
    try:
        with pytest.raises(LawDataError, match="nothing is in force"):
            retention.kept("1.008895", "approved", date(2026, 6, 1))
    finally:
        use(None)

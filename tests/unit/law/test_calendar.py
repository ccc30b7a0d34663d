import json
from datetime import date, timedelta

import pytest

from law import calendar as calendars
from law.calendar import Calendar
from law.errors import CalendarMissing, LawDataError


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2021-02-16", False),
        ("2021-02-17", True),
        ("2021-05-03", False),
        ("2025-04-26", True),
        ("2025-05-02", False),
        ("2026-01-02", False),
        ("2026-01-10", True),
        ("2026-01-17", False),
        ("2026-04-27", False),
        ("2026-08-22", True),
        ("2026-08-31", False),
        ("2026-11-24", False),
        ("2027-05-03", False),
    ],
)
def test_known_days(day: str, works: bool) -> None:  # noqa: FBT001
    assert calendars.is_working_day(date.fromisoformat(day)) is works


def test_working_days_of_the_years() -> None:
    calendar = calendars.default()
    assert calendar.years == (2021, 2025, 2026, 2027)
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(map(calendar.is_working_day, days)) == 261 - 14 + 2  # 26/4 is a Sunday


def test_missing_year_is_not_guessed() -> None:
    with pytest.raises(CalendarMissing, match="2024"):
        calendars.is_working_day(date(2024, 5, 4))


def test_only_2027_is_predicted() -> None:
    predicted = [year for year in calendars.default().years if calendars.default().table(year).predicted]
    assert predicted == [2027]


def table(**changes: object) -> str:
    off = {"day": "2030-01-01", "name_vi": "a", "name_en": "a", "source": "test", "mark": "V"}
    return json.dumps({"year": 2030, "version": "1", "predicted": False, "days_off": [off], **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"year": 2031}, "must lie in 2031"),
        ({"colour": 1}, "colour"),
        (
            {"make_up_days": [{"day": "2030-01-02", "instead_of": "2030-01-01", "source": "test", "mark": "V"}]},
            "weekend",
        ),
        (
            {"make_up_days": [{"day": "2030-01-05", "instead_of": "2030-01-03", "source": "test", "mark": "V"}]},
            "makes up",
        ),
    ],
)
def test_wrong_data_names_the_file(changes: dict[str, object], message: str) -> None:
    with pytest.raises(LawDataError, match=f"calendar/2030.json: .*{message}"):
        Calendar.from_texts({"calendar/2030.json": table(**changes)})


def test_one_table_a_year() -> None:
    with pytest.raises(LawDataError, match="two calendar tables for 2030"):
        Calendar.from_texts({"a": table(), "b": table()})

import json
from datetime import date, timedelta

import holidays
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
        ("2022-01-03", False),
        ("2024-04-29", False),
        ("2024-05-04", True),
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
    assert calendar.years == (2021, 2022, 2023, 2024, 2025, 2026, 2027)
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(map(calendar.is_working_day, days)) == 261 - 14 + 2  # 26/4 is a Sunday


def test_missing_year_is_not_guessed() -> None:
    with pytest.raises(CalendarMissing, match="2028"):
        calendars.is_working_day(date(2028, 5, 4))


def test_only_2027_is_predicted() -> None:
    predicted = [year for year in calendars.default().years if calendars.default().table(year).predicted]
    assert predicted == [2027]


OFF = {"day": "2030-01-01", "name_vi": "a", "name_en": "a", "source": "test", "mark": "V"}


def table(**changes: object) -> str:
    return json.dumps({"year": 2030, "version": "1", "predicted": False, "days_off": [OFF], **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"year": 2031}, "must lie in 2031"),
        ({"colour": 1}, "colour"),
        ({"days_off": [{**OFF, "until": "2029-12-31"}]}, "ends 2029-12-31 before"),
        ({"days_off": [{**OFF, "until": "2030-01-02"}, {**OFF, "day": "2030-01-02"}]}, "listed twice"),
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
        Calendar.from_texts({"calendar/a.json": table(), "calendar/b.json": table()})


@pytest.mark.parametrize("year", calendars.default().years)
def test_the_library_lists_the_same_days_but_for_the_swap_announced_a_week_ahead(year: int) -> None:
    library = holidays.country_holidays("VN", years=year)
    own = calendars.default().table(year)
    made_up = {entry.day for entry in own.make_up_days}
    missing = {date(2026, 1, 2)} if year == 2026 else set()
    assert set(own.off) - missing == {day for day in library if day.year == year}
    assert missing <= set(own.off)
    assert made_up - {date(2026, 1, 10)} == {day for day in library.weekend_workdays if day.year == year}

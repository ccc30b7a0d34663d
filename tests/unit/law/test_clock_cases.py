"""Due dates worked out by hand; the id of each case says why."""

from datetime import UTC, date, datetime

import pytest

from law.clock import ZONE, Extension, Pause, due_date
from law.terms import SupplementPolicy, Term, TermUnit


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def span(text: str, policy: SupplementPolicy = "resume") -> Pause:
    begin, _, end = text.partition("/")
    return Pause(kind="supplement", requested=at(begin), answered=at(end), policy=policy)


WITHOUT_PAUSES: dict[str, tuple[str, int, TermUnit, str]] = {
    "Fri 13/2; Tết 16-20 off; 23 24 25 26 27": ("2026-02-13T16:00", 5, "working", "2026-02-27"),
    "17:00 sharp starts after Tết on 23; 24 25 26 27, Mon 2/3": ("2026-02-13T17:00", 5, "working", "2026-03-02"),
    "a millisecond before 17:00 still starts on 13/2": ("2026-02-13T16:59:59.999", 5, "working", "2026-02-27"),
    "filed on a day of Tết starts on 23; 24": ("2026-02-17T09:00", 1, "working", "2026-02-24"),
    "calendar 18/2 is in Tết, moved to Mon 23": ("2026-02-13T09:00", 5, "calendar", "2026-02-23"),
    "calendar 23/2 is the first day after Tết": ("2026-02-13T09:00", 10, "calendar", "2026-02-23"),
    "1/1 off, 2/1 swapped off, weekend, Mon 5": ("2025-12-31T09:00", 1, "working", "2026-01-05"),
    "Fri 9, make-up Sat 10/1": ("2026-01-08T09:00", 2, "working", "2026-01-10"),
    "filed on make-up Sat 10/1; Mon 12": ("2026-01-10T09:00", 1, "working", "2026-01-12"),
    "filed on make-up Sat 10/1 in the evening starts Mon 12; 13": ("2026-01-10T17:00", 1, "working", "2026-01-13"),
    "filed on an ordinary Sat starts Mon 19; 20": ("2026-01-17T09:00", 1, "working", "2026-01-20"),
    "Fri 21, make-up Sat 22/8": ("2026-08-20T09:00", 2, "working", "2026-08-22"),
    "calendar ends on make-up Sat 22/8 and stays": ("2026-08-12T09:00", 10, "calendar", "2026-08-22"),
    "calendar 31/8 swapped off, 1-2/9 off, Thu 3": ("2026-08-21T09:00", 10, "calendar", "2026-09-03"),
    "Fri 28/8; 31/8 1/9 2/9 off; 3, 4": ("2026-08-27T09:00", 3, "working", "2026-09-04"),
    "Fri 25, make-up Sat 26/4, Mon 28": ("2025-04-24T09:00", 3, "working", "2025-04-28"),
    "Tue 29; 30/4 1/5 2/5 off; Mon 5, Tue 6": ("2025-04-28T09:00", 3, "working", "2025-05-06"),
    "substitute Mon 27/4 off, Tue 28": ("2026-04-24T09:00", 1, "working", "2026-04-28"),
    "Culture Day Tue 24/11 off, Wed 25": ("2026-11-23T09:00", 1, "working", "2026-11-25"),
    "calendar ends Sat 26/6, moved to Mon 28": ("2021-06-16T09:00", 10, "calendar", "2021-06-28"),
    "calendar ends Sun 15/3, moved to Mon 16": ("2026-03-05T09:00", 10, "calendar", "2026-03-16"),
    "calendar ends Thu 1/7": ("2021-06-16T09:00", 15, "calendar", "2021-07-01"),
    "seven working days, one weekend between": ("2021-06-16T09:00", 7, "working", "2021-06-25"),
    "before office hours is the same day": ("2026-03-04T06:00", 1, "working", "2026-03-05"),
    "at lunch is the same day": ("2026-03-04T12:00", 1, "working", "2026-03-05"),
    "2024: Sat 4/5 made up for Mon 29/4; Thu 2, Fri 3, Sat 4": ("2024-04-26T09:00", 3, "working", "2024-05-04"),
}


@pytest.mark.parametrize(("filed", "amount", "unit", "last"), WITHOUT_PAUSES.values(), ids=WITHOUT_PAUSES.keys())
def test_due(filed: str, amount: int, unit: TermUnit, last: str) -> None:
    found = due_date(Term(amount=amount, unit=unit), at(filed))
    assert (found.day, found.paused_days) == (date.fromisoformat(last), 0)
    assert found.due == at(f"{last}T17:00").astimezone(UTC)


RESUMED: dict[str, tuple[int, TermUnit, list[str], str, int]] = {
    "Fri 18 and Mon 21 waited; 25 + 2 = Tue 29": (7, "working", ["2021-06-17T09:00/2021-06-21T10:00"], "2021-06-29", 2),
    "answered at 17:00, so Tue 22 too": (7, "working", ["2021-06-17T09:00/2021-06-21T17:00"], "2021-06-30", 3),
    "answered on Sat, so until Mon 21": (7, "working", ["2021-06-17T09:00/2021-06-19T09:00"], "2021-06-29", 2),
    "answered the same day: nothing waited": (7, "working", ["2021-06-17T09:00/2021-06-17T16:00"], "2021-06-25", 0),
    "same evening: Fri 18 waited": (7, "working", ["2021-06-17T09:00/2021-06-17T18:00"], "2021-06-28", 1),
    "calendar, 18 19 20 21 waited; 26 + 4 = Wed 30": (
        10,
        "calendar",
        ["2021-06-17T09:00/2021-06-21T10:00"],
        "2021-06-30",
        4,
    ),
    "calendar, 17 waited; Sun 27 moved to Mon 28": (
        10,
        "calendar",
        ["2021-06-16T10:00/2021-06-17T10:00"],
        "2021-06-28",
        1,
    ),
    "overlapping: 18 21 22 once": (
        7,
        "working",
        ["2021-06-17T09:00/2021-06-21T10:00", "2021-06-18T09:00/2021-06-22T10:00"],
        "2021-06-30",
        3,
    ),
    "one within the other: 18 21 22 23": (
        7,
        "working",
        ["2021-06-17T09:00/2021-06-23T10:00", "2021-06-18T09:00/2021-06-21T10:00"],
        "2021-07-01",
        4,
    ),
    "one after the other: 18, then 22": (
        7,
        "working",
        ["2021-06-17T09:00/2021-06-18T10:00", "2021-06-21T09:00/2021-06-22T10:00"],
        "2021-06-29",
        2,
    ),
    "asked on the last day, nothing left: ends with the answer": (
        7,
        "working",
        ["2021-06-25T09:00/2021-06-30T10:00"],
        "2021-06-30",
        3,
    ),
    "asked after the breach": (7, "working", ["2021-06-28T09:00/2021-06-30T10:00"], "2021-06-25", 0),
    "answered before it was asked": (7, "working", ["2021-06-21T09:00/2021-06-21T08:00"], "2021-06-25", 0),
}


@pytest.mark.parametrize(("amount", "unit", "pauses", "last", "paused"), RESUMED.values(), ids=RESUMED.keys())
def test_resumed(amount: int, unit: TermUnit, pauses: list[str], last: str, paused: int) -> None:
    term, spans = Term(amount=amount, unit=unit), [span(text) for text in pauses]
    found = due_date(term, at("2021-06-16T09:00"), spans)
    assert (found.day, found.paused_days) == (date.fromisoformat(last), paused)
    assert due_date(term, at("2021-06-16T09:00"), spans[::-1]) == found


def test_a_fee_paid_in_the_holiday_ends_its_pause_at_the_payment_not_at_the_notice() -> None:
    fee = Pause(kind="fee", requested=at("2026-02-13T09:00"), answered=at("2026-02-21T20:00"))
    found = due_date(Term(amount=5, unit="working"), at("2026-02-12T09:00"), [fee])
    assert (found.day, found.paused_days) == (date(2026, 2, 27), 1)


EARLIER = span("2021-06-17T09:00/2021-06-18T10:00")
RESTART = span("2021-06-18T09:00/2021-07-01T10:00", "restart")
EVENING = span("2021-06-18T09:00/2021-07-01T17:30", "restart")
LATER = span("2021-07-06T09:00/2021-07-07T10:00")
AGAIN = span("2021-07-06T09:00/2021-07-08T10:00", "restart")
ACROSS = span("2021-06-30T09:00/2021-07-05T10:00")
BACKWARDS = span("2021-06-18T09:00/2021-06-18T08:00", "restart")
RESTARTED: dict[str, tuple[list[Pause], dict[str, int], str, str, int]] = {
    "anew from Thu 1/7: 2 5 6 7 8 9 12": ([RESTART], {}, "2021-07-01", "2021-07-12", 0),
    "answered in the evening, anew from Fri 2": ([EVENING], {}, "2021-07-02", "2021-07-13", 0),
    "earlier pause and extension dropped": (
        [EARLIER, RESTART],
        {"2021-06-17T15:00": 3},
        "2021-07-01",
        "2021-07-12",
        0,
    ),
    "extension granted after it counts: 12 + 2": ([RESTART], {"2021-07-05T09:00": 2}, "2021-07-01", "2021-07-14", 0),
    "pause after it counts: 7/7 waited": ([RESTART, LATER], {}, "2021-07-01", "2021-07-13", 1),
    "restarted twice: anew from Thu 8/7: 9 12 13 14 15 16 19": ([RESTART, AGAIN], {}, "2021-07-08", "2021-07-19", 0),
    "the order in which they are given does not matter, the later one dropped the extension": (
        [AGAIN, RESTART],
        {"2021-07-05T09:00": 2},
        "2021-07-08",
        "2021-07-19",
        0,
    ),
    "answered before it was asked: nothing restarts": ([BACKWARDS], {}, "2021-06-16", "2021-06-25", 0),
    "a pause across the new start still covers 2 and 5": ([RESTART, ACROSS], {}, "2021-07-01", "2021-07-14", 2),
}


@pytest.mark.parametrize(
    ("pauses", "granted", "start", "last", "paused"), RESTARTED.values(), ids=RESTARTED.keys()
)  # fmt: skip
def test_restarted(pauses: list[Pause], granted: dict[str, int], start: str, last: str, paused: int) -> None:
    extensions = [Extension(amount=amount, granted=at(text)) for text, amount in granted.items()]
    found = due_date(Term(amount=7, unit="working"), at("2021-06-16T09:00"), pauses, extensions)
    expected = (date.fromisoformat(start), date.fromisoformat(last), paused)
    assert (found.term_start, found.day, found.paused_days) == expected


EXTENDED: dict[str, tuple[int, TermUnit, list[str], int, str]] = {
    "working: 25, then 28 29 30": (7, "working", [], 3, "2021-06-30"),
    "calendar: Thu 1/7 + 2 = Sat 3, moved to Mon 5": (15, "calendar", [], 2, "2021-07-05"),
    "calendar after the pause: 26 + 4 + 5 = Mon 5/7": (
        10,
        "calendar",
        ["2021-06-17T09:00/2021-06-21T10:00"],
        5,
        "2021-07-05",
    ),
    "working after the pause: 29 + 3 = Fri 2/7": (
        7,
        "working",
        ["2021-06-17T09:00/2021-06-21T10:00"],
        3,
        "2021-07-02",
    ),
}


@pytest.mark.parametrize(("amount", "unit", "pauses", "more", "last"), EXTENDED.values(), ids=EXTENDED.keys())
def test_extended(amount: int, unit: TermUnit, pauses: list[str], more: int, last: str) -> None:
    granted = [Extension(amount=more, granted=at("2021-06-24T15:00"))]
    found = due_date(Term(amount=amount, unit=unit), at("2021-06-16T09:00"), [span(text) for text in pauses], granted)
    assert found.day == date.fromisoformat(last)

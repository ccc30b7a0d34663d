"""Steps, stages, silence, filing ahead, and what a changed calendar does."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from law import calendar as calendars
from law import procedures
from law._data import packaged
from law.calendar import Calendar
from law.clock import (
    ZONE,
    Extension,
    OfficeHours,
    Pause,
    due_date,
    latest_filing,
    meaning_of_silence,
    recompute,
    stage_dues,
    step_dues,
)
from law.errors import ClockError
from law.steps import Step
from law.terms import Term, TermUnit

FLOW = procedures.find("1.001440", date(2021, 6, 16)).steps.value
STAGES = procedures.find("2.001631", date(2021, 6, 16)).stages
FILED = datetime(2021, 6, 16, 9, tzinfo=ZONE)
WAITED = Pause(
    kind="supplement",
    requested=datetime(2021, 6, 17, 9, tzinfo=ZONE),
    answered=datetime(2021, 6, 21, 10, tzinfo=ZONE),
)


def written(dues: list[datetime | None]) -> list[str]:
    return [due.astimezone(ZONE).strftime("%d %H:%M") if due else "" for due in dues]


def steps(amount: int, unit: TermUnit, pauses: list[Pause], extensions: list[Extension]) -> list[str]:
    found = step_dues(FLOW, Term(amount=amount, unit=unit), FILED, pauses, extensions)
    assert [step.code for step in found] == [step.code for step in FLOW]
    return written([step.due for step in found])


GRANTED = [Extension(amount=2, granted=datetime(2021, 6, 24, 9, tzinfo=ZONE))]
OPEN = WAITED.model_copy(update={"answered": None})
STEPS: dict[str, tuple[int, TermUnit, list[Pause], list[Extension], str]] = {
    "10 working days: 1 2 7 8 9 10": (
        10, "working", [], [], "17 17:00, 18 17:00, 25 17:00, 28 17:00, 29 17:00, 30 17:00",
    ),
    "5 working days: half days 1 2 7 8 9 10": (
        5, "working", [], [], "17 11:30, 17 17:00, 22 11:30, 22 17:00, 23 11:30, 23 17:00",
    ),
    "7 working days: half days 1.4 2.8 9.8 11.2 12.6 14 rounded up": (
        7, "working", [], [], "17 17:00, 18 11:30, 23 17:00, 24 17:00, 25 11:30, 25 17:00",
    ),
    "10 working days, Fri 18 and Mon 21 waited; the step due on the day of the request waits with it": (
        10, "working", [WAITED], [], "21 17:00, 22 17:00, 29 17:00, 30 17:00, 01 17:00, 02 17:00",
    ),
    "10 working days, 2 more granted on 24: steps due before keep their day": (
        10, "working", [], GRANTED, "17 17:00, 18 17:00, 29 17:00, 30 17:00, 01 17:00, 02 17:00",
    ),
    "5 calendar days: 3.5 is Sun 20, moved to Mon 21 in the evening, and those after it are not before": (
        5, "calendar", [], [], "17 11:30, 17 17:00, 21 17:00, 21 17:00, 21 17:00, 21 17:00",
    ),
    "open pause": (10, "working", [OPEN], [], ", , , , , "),
}  # fmt: skip


@pytest.mark.parametrize(("amount", "unit", "pauses", "granted", "dues"), STEPS.values(), ids=STEPS.keys())
def test_each_step_has_its_due(
    amount: int, unit: TermUnit, pauses: list[Pause], granted: list[Extension], dues: str
) -> None:
    assert steps(amount, unit, pauses, granted) == dues.split(", ")


def test_without_a_break_at_noon_half_days_end_with_the_day() -> None:
    hours = OfficeHours.model_validate({"intervals": [["08:00", "16:00"]]})
    found = step_dues(FLOW, Term(amount=5, unit="working"), FILED, hours=hours)
    assert written([step.due for step in found])[0] == "17 16:00"


def test_shares_must_add_to_one() -> None:
    odd = [step.model_copy(update={"share": Decimal("0.2")}) for step in FLOW]
    with pytest.raises(ClockError, match=r"add to 1\.2"):
        step_dues(odd, Term(amount=5, unit="working"), FILED)


OFFSETS = st.integers(0, 60 * 24 * 30).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def flows(draw: st.DrawFn) -> list[Step]:
    cuts = sorted(draw(st.sets(st.integers(1, 99), max_size=5)) | {100})
    shares = [Decimal(b - a) / 100 for a, b in zip([0, *cuts], cuts, strict=False)]
    return [FLOW[0].model_copy(update={"code": f"s{n}", "share": share}) for n, share in enumerate(shares)]


@settings(max_examples=60, deadline=None)
@given(
    flows(),
    st.builds(Term, amount=st.integers(1, 30), unit=st.sampled_from(["calendar", "working"])),
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.lists(st.tuples(OFFSETS, OFFSETS, st.sampled_from(["resume", "restart"])), max_size=3),
    st.lists(st.tuples(OFFSETS, st.integers(1, 5)), max_size=2),
)
def test_steps_rise_and_the_last_is_due_with_the_dossier(
    flow: list[Step],
    term: Term,
    filed: datetime,
    waits: list[tuple[timedelta, timedelta, str]],
    grants: list[tuple[timedelta, int]],
) -> None:
    pauses = [
        Pause.model_validate(
            {"kind": "supplement", "requested": filed + a, "answered": filed + a + b, "policy": policy}
        )
        for a, b, policy in waits
    ]
    extensions = [Extension(amount=amount, granted=filed + after) for after, amount in grants]
    dues = [step.due for step in step_dues(flow, term, filed, pauses, extensions)]
    assert dues == sorted(due for due in dues if due)
    assert dues[-1] == due_date(term, filed, pauses, extensions).due


def stages(*answered: str, pauses: tuple[Pause, ...] = ()) -> list[tuple[bool, date | None]]:
    assert STAGES is not None
    instants = [datetime.fromisoformat(text).replace(tzinfo=ZONE) for text in answered]
    found = stage_dues(STAGES.value, FILED, instants, pauses)
    return [(stage.planned, stage.due.day if stage.due else None) for stage in found]


def test_a_second_stage_is_planned_then_starts_with_the_answer_to_the_first() -> None:
    assert stages() == [(False, date(2021, 7, 7)), (True, date(2021, 7, 28))]
    whole = due_date(Term(amount=30, unit="working"), FILED)
    assert stages()[-1][1] == whole.day
    assert stages("2021-06-30T10:00") == [(False, date(2021, 7, 7)), (False, date(2021, 7, 21))]
    assert stages("2021-06-30T17:00") == [(False, date(2021, 7, 7)), (False, date(2021, 7, 22))]


def test_a_pause_belongs_to_the_stage_it_was_asked_in() -> None:
    assert stages("2021-06-30T10:00", pauses=(WAITED,)) == [(False, date(2021, 7, 9)), (False, date(2021, 7, 21))]
    in_second = Pause(
        kind="supplement",
        requested=datetime(2021, 7, 1, 9, tzinfo=ZONE),
        answered=datetime(2021, 7, 5, 9, tzinfo=ZONE),
        policy="restart",
    )
    assert stages("2021-06-30T10:00", pauses=(in_second,)) == [(False, date(2021, 7, 7)), (False, date(2021, 7, 26))]
    at_the_answer = Pause(
        kind="fee",
        requested=datetime(2021, 6, 30, 10, tzinfo=ZONE),
        answered=datetime(2021, 7, 2, 10, tzinfo=ZONE),
    )
    assert stages("2021-06-30T10:00", pauses=(at_the_answer,))[0] == (False, date(2021, 7, 7))
    assert stages("2021-06-30T10:00", pauses=(at_the_answer,))[1] == (False, date(2021, 7, 23))
    assert stages(pauses=(OPEN,)) == [(False, None), (True, None)]


@pytest.mark.parametrize(
    "answered", [("2021-06-15T09:00",), ("2021-06-30T09:00", "2021-06-29T09:00"), ("2021-07-01",) * 3]
)
def test_answers_to_stages_follow_each_other(answered: tuple[str, ...]) -> None:
    with pytest.raises(ClockError, match="follow each other"):
        stages(*answered)


def test_silence_is_consent_only_where_the_law_says_so_and_only_after_the_term() -> None:
    due = due_date(Term(amount=20, unit="calendar"), FILED)
    assert due.due == datetime(2021, 7, 6, 17, tzinfo=ZONE)
    festival = procedures.find("1.003676", date(2021, 6, 16)).silence
    assert festival is not None
    after = due.due + timedelta(milliseconds=1)
    assert meaning_of_silence(festival.value, due, due.due) == "waiting"
    assert meaning_of_silence(festival.value, due, after) == "consent"
    assert meaning_of_silence(None, due, after) == "breach"
    paused = due_date(Term(amount=20, unit="calendar"), FILED, [OPEN])
    assert meaning_of_silence("consent", paused, after) == "waiting"


AHEAD: dict[str, tuple[str, int, TermUnit, str]] = {
    "30 days before Fri 30/7 is Wed 30/6": ("2021-07-30", 30, "calendar", "2021-06-30"),
    "15 days before Sun 4/7 is Sat 19/6, so Fri 18": ("2021-07-04", 15, "calendar", "2021-06-18"),
    "5 working days before Fri 27/2/2026 is Fri 13/2, over Tết": ("2026-02-27", 5, "working", "2026-02-13"),
    "1 working day before Sun 11/1/2026 is make-up Sat 10": ("2026-01-11", 1, "working", "2026-01-10"),
}


@pytest.mark.parametrize(("event", "amount", "unit", "last"), AHEAD.values(), ids=AHEAD.keys())
def test_latest_filing(event: str, amount: int, unit: TermUnit, last: str) -> None:
    assert latest_filing(date.fromisoformat(event), Term(amount=amount, unit=unit)) == date.fromisoformat(last)


def test_a_changed_calendar_gives_both_dates_each_with_its_version() -> None:
    texts = {name: text for name, text in packaged().items() if name.startswith(("calendar/", "shared/"))}
    plan = json.loads(texts["calendar/2026.json"])
    plan["version"] = "2025.9-plan"
    plan["days_off"] = [entry for entry in plan["days_off"] if entry["day"] != "2026-01-02"]
    plan["make_up_days"] = [entry for entry in plan["make_up_days"] if entry["day"] != "2026-01-10"]
    old = Calendar.from_texts(texts | {"calendar/2026.json": json.dumps(plan)})
    term, filed = Term(amount=3, unit="working"), datetime(2025, 12, 31, 9, tzinfo=ZONE)
    told = due_date(term, filed, calendar=old)
    found = recompute(told, term, filed, calendar=calendars.default())
    assert (found.before.day, found.after.day, found.moved) == (date(2026, 1, 6), date(2026, 1, 7), True)
    assert "2025.9-plan" in found.before.calendar
    assert "2025.9-plan" not in found.after.calendar
    untouched = datetime(2026, 3, 4, 9, tzinfo=ZONE)
    assert not recompute(due_date(term, untouched, calendar=old), term, untouched, calendar=calendars.default()).moved

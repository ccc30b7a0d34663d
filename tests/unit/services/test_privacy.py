"""A person is forgotten when the term of their dossier is over, and not a day before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.decision import Refused
from cli.privacy import named
from schemas.personal import Personal
from services.submission import messages as do
from services.submission.domain import privacy
from services.submission.domain.dossier import Dossier
from services.submission.handlers import view

from .lives import OWNER, to_stage

FORGET = do.ForgetPerson()
LAST = {"returned": date(2036, 12, 31), "rejected": date(2028, 12, 31), "withdrawn": date(2028, 12, 31)}
"""Of dossiers that end in 2026."""
MIDNIGHT = timedelta(hours=7)


def day_after(last: date) -> datetime:
    """The first instant of the local day after, UTC."""
    return datetime(last.year + 1, 1, 1, tzinfo=UTC) - MIDNIGHT


@pytest.mark.parametrize("stage", LAST)
def test_it_is_forgotten_the_day_after_its_term_and_not_an_instant_before(stage: str) -> None:
    dossier = to_stage(stage).dossier
    kept = privacy.kept(dossier)
    assert kept is not None
    assert kept.until == LAST[stage]
    with pytest.raises(Refused, match="must still be kept"):
        privacy.forget(dossier, FORGET, day_after(kept.until) - timedelta(milliseconds=1))
    gone = privacy.forget(dossier, FORGET, day_after(kept.until)).state
    assert gone is not None
    assert (gone.owner, gone.tokens, gone.answers) == ("", (), {})
    assert (gone.code, gone.stage, gone.outcome, gone.ended_at) == (
        dossier.code, dossier.stage, dossier.outcome, dossier.ended_at,
    )  # fmt: skip
    assert OWNER not in str(view(gone))
    again = privacy.forget(gone, FORGET, day_after(kept.until)).state
    assert again == gone


@given(st.sampled_from(sorted(LAST)), st.integers(0, 20 * 365 * 24))
def test_never_before_the_term(stage: str, hours: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    dossier = to_stage(stage).dossier
    kept = privacy.kept(dossier)
    assert kept is not None
    try:
        privacy.forget(dossier, FORGET, now)
    except Refused:
        assert now < day_after(kept.until)
    else:
        assert now >= day_after(kept.until)


@pytest.mark.parametrize("stage", ["filed", "assigning", "examining", "deciding", "supplementing"])
def test_what_has_not_ended_has_no_term_and_is_not_forgotten(stage: str) -> None:
    dossier = to_stage(stage).dossier
    assert privacy.kept(dossier) is None
    with pytest.raises(Refused):
        privacy.forget(dossier, FORGET, datetime(2100, 1, 1, tzinfo=UTC))


def test_a_complaint_that_waits_keeps_it_and_its_answer_is_the_end() -> None:
    player = to_stage("returned")
    player.tell(do.Complain(owner=OWNER, text=Personal.of("…")))
    assert privacy.kept(player.dossier) is None
    later: Dossier = player.dossier.model_copy(
        update={
            "complaint": player.dossier.complaint
            and player.dossier.complaint.model_copy(update={"answered_at": datetime(2027, 1, 4, tzinfo=UTC)})
        }
    )
    kept = privacy.kept(later)
    assert kept is not None
    assert kept.until == date(2037, 12, 31)


def test_a_dossier_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="no such dossier"):
        privacy.forget(None, FORGET, datetime(2100, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("0912 345 678", {"phone": "0912345678"}),
        ("+84 912.345.678", {"phone": "+84912345678"}),
        ("011090012345", {"identity_number": "011090012345"}),
        ("account:abc", {"account": "abc"}),
        ("0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55", {"dossier": "0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55"}),
    ],
)
def test_a_person_is_named_by_what_it_looks_like(text: str, by: dict[str, str]) -> None:
    assert named(text) == by

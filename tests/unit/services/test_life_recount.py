"""A changed calendar moves what is due; both dates are kept. And what becomes of a fee nobody pays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.decision import Refused
from chassis.series import NumberTaken
from law import dataset
from schemas.personal import Personal
from services.submission import messages as do
from services.submission.domain import life
from services.submission.domain.dossier import Rules
from services.submission.handlers import view
from tests.unit.services import lives
from tests.unit.services.lives import CLERK, FREE, LEADER, OWNER, PAYING

ROOT = Path(__file__).parents[3]
RECOUNT = do.RecountDates()


def at(text: str) -> datetime:
    """Local time in Điện Biên."""
    return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC)


@pytest.fixture
def revised(tmp_path: Path) -> Iterator[Path]:
    """A reviewed calendar of another version, by which 26 and 27 November and 7 December 2026 are off."""
    shutil.copytree(ROOT / "law/data", tmp_path / "data")
    year = tmp_path / "data/calendar/2026.json"
    named = {"name_vi": "Nghỉ", "name_en": "Off", "source": "a decision of tomorrow", "mark": "V"}
    off = [{**named, "day": day} for day in ("2026-11-26", "2026-11-27", "2026-12-07")]
    table = json.loads(year.read_text())
    year.write_text(json.dumps({**table, "version": "2026.2", "days_off": [*table["days_off"], *off]}))
    yield tmp_path / "data"
    dataset.use(None)


def test_the_term_the_promise_the_first_answer_and_a_complaint_are_counted_again(revised: Path) -> None:
    stages = ("filed", "awaiting_fee", "examining", "returned", "rejected")
    working = {stage: lives.to_stage(stage, PAYING if stage == "awaiting_fee" else FREE) for stage in stages}
    working["returned"].tell(do.Complain(owner=OWNER, text=Personal.of("chậm")))
    before = {stage: player.dossier for stage, player in working.items()}
    dataset.use(revised)
    for player in working.values():
        player.tell(RECOUNT)
    said = {stage: player.said("retimed") for stage, player in working.items()}
    assert {stage: [e.matter for e in events] for stage, events in said.items()} == {
        "filed": ["first_answer"],
        "awaiting_fee": ["term"],
        "examining": [],  # 15 calendar days end on a working day as before
        "returned": ["complaint"],
        "rejected": [],
    }
    (first,), (promise,), (complaint,) = said["filed"], said["awaiting_fee"], said["returned"]
    assert (first.was_due, first.due_at) == (at("2026-11-26T09:30"), at("2026-11-30T09:30"))
    assert first.due_at == working["filed"].dossier.answer_by == working["filed"].due
    assert promise.was_due == before["awaiting_fee"].promised
    assert promise.due_at == working["awaiting_fee"].dossier.promised
    assert (complaint.was_due, complaint.due_at) == (at("2026-12-09T17:00"), at("2026-12-14T17:00"))
    assert "2026.2" in promise.calendar
    assert working["examining"].dossier is before["examining"]
    assert working["rejected"].dossier is before["rejected"]


def test_again_moves_nothing_and_a_new_date_is_warned_of_anew(revised: Path) -> None:
    player = lives.Player(now=at("2026-11-11T09:00"))
    number = NumberTaken(series="s", number=1)
    player.play([lives.filing(FREE, at("2026-11-11T09:00")), do.AcceptDossier(by=CLERK), number])
    player.tell(do.AssignDossier(by=LEADER, unit="culture"))
    assert player.dossier.due_at == at("2026-11-26T17:00")
    player.until(at("2026-11-25T08:00"))
    assert player.dossier.alert == "soon"
    dataset.use(revised)
    revision = player.dossier.revision
    decision = player.tell(RECOUNT)
    (event,) = player.said("retimed")
    assert (event.was_due, event.due_at) == (at("2026-11-26T17:00"), at("2026-11-30T17:00"))
    assert event.was_calendar != event.calendar == player.dossier.calendar
    assert decision.answer == {"moved": 1}
    assert (view(player.dossier)["alert"], player.dossier.revision) == (None, revision + 1)
    assert player.due == player.dossier.warn_at
    assert player.tell(RECOUNT).answer == {"moved": 0}
    with pytest.raises(Refused):
        lives.Player().tell(RECOUNT)


def test_a_breach_that_is_none_any_more_is_the_leader_s_concern_no_longer(revised: Path) -> None:
    player = lives.to_stage("filed").until(at("2026-11-26T10:00"))
    assert player.dossier.alert == "overdue"
    dataset.use(revised)
    player.tell(RECOUNT)
    assert (view(player.dossier)["alert"], player.due) == (None, at("2026-11-30T09:30"))


def test_a_fee_nobody_pays_ends_the_dossier_some_days_after_its_invoice_expired() -> None:
    player = lives.to_stage("awaiting_fee", PAYING)
    assert player.due is None
    player.tell(lives.expiry(at("2026-12-01T09:00")))
    assert player.due == player.dossier.pay_by == at("2026-12-04T17:00")
    player.until(at("2026-12-05T08:00"))
    (stopped,) = player.said("stopped")
    assert (player.dossier.stage, stopped.by, stopped.stopped_at) == ("stopped", None, at("2026-12-04T17:00"))
    player.tell(lives.payment(at("2026-12-01T08:00")))
    assert player.dossier.stage == "stopped"


def test_a_payment_whose_notice_is_late_goes_on() -> None:
    player = lives.to_stage("awaiting_fee", PAYING)
    player.tell(lives.expiry(at("2026-12-01T09:00")))
    player.now = at("2026-12-01T09:30")
    player.tell(lives.payment(at("2026-12-01T08:59")))
    assert (player.dossier.stage, player.dossier.pay_by) == ("assigning", None)
    player.tell(lives.expiry(at("2026-12-01T09:00")))
    assert player.dossier.pay_by is None


def test_an_agency_may_rather_wait_for_the_leader() -> None:
    rules = Rules(codes=lives.RULES.codes, fee_closing="wait")
    state = lives.to_stage("awaiting_fee", PAYING).dossier
    decision = life.handlers(rules)[type(lives.expiry(lives.FILED))](state, lives.expiry(lives.FILED), lives.FILED)
    assert decision.due is None

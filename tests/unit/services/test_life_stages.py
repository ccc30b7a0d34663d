"""A term in two stages: an answer within 15 working days, the certificate within 15 more from that answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.decision import Refused
from chassis.series import NumberTaken
from cli.demo.filings import plan
from services.submission import messages as do
from services.submission.domain import timing
from tests.unit.services import lives
from tests.unit.services.lives import CLERK, COLLEAGUE, FREE, ITEMS, LEADER, SPECIALIST, STAGED

ANSWER = do.AnswerStage(by=SPECIALIST, answer="Đăng ký ngày 20/03/2026")


def at(text: str) -> datetime:
    """Local time in Điện Biên."""
    return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC)


def taken(filed: str) -> lives.Player:
    player = lives.Player(STAGED, now=at(filed))
    player.play([lives.filing(STAGED, at(filed)), do.AcceptDossier(by=CLERK), NumberTaken(series="s", number=1)])
    return player.play([do.AssignDossier(by=LEADER, unit="culture"), do.TakeDossier(by=SPECIALIST)])


def test_the_applicant_is_told_both_stages_officers_must_meet_the_first() -> None:
    player = taken("2026-03-04T09:00")
    (accepted,) = player.said("accepted")
    assert accepted.due_at == player.dossier.due_at == at("2026-04-15T17:00")
    assert player.dossier.stage_due == player.dossier.target == at("2026-03-25T17:00")
    assert player.dossier.warn_at == at("2026-03-20T17:00")  # 12 of 15 working days
    assert timing.order(player.dossier).startswith("2026-03-25")


def test_an_early_answer_brings_the_second_stage_forward_and_it_is_warned_of_anew() -> None:
    player = taken("2026-03-04T09:00").until(at("2026-03-23T08:00"))
    (soon,) = player.said("due_soon")
    assert (soon.stage, soon.role, soon.due_at) == ("date", "specialist", at("2026-03-25T17:00"))
    player.tell(ANSWER)
    (answered,) = player.said("stage_answered")
    assert (answered.stage, answered.next, answered.stage_due) == ("date", "issue", None)
    assert answered.due_at == player.dossier.due_at == at("2026-04-13T17:00")
    assert answered.by.due_at is not None
    assert (player.dossier.stage_due, player.dossier.alert) == (None, None)
    player.until(at("2026-04-14T08:00"))
    (late,) = player.said("overdue")
    assert (late.stage, late.due_at) == (None, at("2026-04-13T17:00"))
    last = timing.procedure_of(player.dossier).steps.value[-1]
    assert timing.step_due(player.dossier, last) == player.dossier.due_at


def test_a_late_answer_is_a_breach_of_its_stage_and_the_next_still_has_its_whole_length() -> None:
    player = taken("2026-03-04T09:00").until(at("2026-03-30T09:00"))
    (late,) = player.said("overdue")
    assert (late.stage, late.matter, late.due_at) == ("date", "term", at("2026-03-25T17:00"))
    player.tell(ANSWER)
    assert player.dossier.due_at == at("2026-04-20T17:00")
    assert player.dossier.alert is None


def test_a_supplement_in_the_first_stage_moves_both() -> None:
    player = taken("2026-03-04T09:00")
    player.now = at("2026-03-05T09:00")
    player.tell(do.RequestSupplement(by=SPECIALIST, items=ITEMS[STAGED]))
    assert (player.dossier.due_at, player.dossier.stage_due) == (None, None)
    player.now = at("2026-03-11T09:00")
    player.tell(lives.answer(ITEMS[STAGED], player.dossier))
    assert player.dossier.stage_due == at("2026-04-01T17:00")  # begun anew on 11 March
    assert player.dossier.due_at == at("2026-04-22T17:00")


def test_silence_is_consent_where_the_law_says_so_and_a_breach_elsewhere() -> None:
    for filing, silence in ((lives.FESTIVAL, "consent"), (plan(3, "t")[2].filing, None)):
        player = lives.Player(now=at("2026-03-04T09:00"))
        command = lives.checking(filing, player.now)
        player.play([command, do.AcceptDossier(by=CLERK), NumberTaken(series="s", number=1)])
        player.until(at("2026-04-01T00:00"))
        (late,) = player.said("overdue")
        assert (late.silence, late.due_at) == (silence, at("2026-03-19T17:00"))
        assert player.dossier.consented_at == (late.due_at if silence else None)


def test_only_its_holder_answers_and_the_last_stage_is_answered_by_the_decision() -> None:
    player = taken("2026-03-04T09:00")
    with pytest.raises(Refused) as refused:
        player.tell(ANSWER.model_copy(update={"by": COLLEAGUE}))
    assert refused.value.code == "not_holder"
    player.tell(ANSWER)
    for each in (player, lives.to_stage("examining", FREE)):
        for command in (ANSWER, ANSWER.model_copy(update={"by": COLLEAGUE})):
            with pytest.raises(Refused) as refused:
                each.tell(command)
            assert refused.value.code == "last_stage"

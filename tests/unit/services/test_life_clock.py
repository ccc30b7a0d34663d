"""What a dossier's clock says on worked dates, and what falls due when: warnings, breaches, the end of a wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.decision import Refused
from chassis.series import NumberTaken
from law.codes import CodeSeries, Generation
from schemas.parts import SupplementItem
from schemas.personal import Personal
from services.submission import messages as do
from services.submission.domain import life, timing
from services.submission.domain.dossier import Rules
from services.submission.domain.supplement import request
from tests.unit.services import lives
from tests.unit.services.lives import CLERK, FREE, ITEMS, LATE, LEADER, OWNER, PAYING, SPECIALIST

NUMBER = NumberTaken(series="s", number=1)


def at(text: str) -> datetime:
    """Local time in Điện Biên."""
    return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC)


def received(kind: int, filed: str) -> lives.Player:
    player = lives.Player(kind, now=at(filed))
    return player.play([lives.filing(kind, at(filed)), do.AcceptDossier(by=CLERK), NUMBER])


def test_no_answer_in_eight_office_hours_is_the_leader_s_concern_once() -> None:
    player = lives.Player(now=at("2026-11-25T09:00")).play([lives.filing(FREE, at("2026-11-25T09:00"))])
    assert player.due == at("2026-11-26T09:30")
    player.until(at("2026-11-27T09:00"))
    (overdue,) = player.said("overdue")
    assert (overdue.matter, overdue.due_at) == ("first_answer", at("2026-11-26T09:30"))
    player.play([do.AcceptDossier(by=CLERK), NUMBER])
    assert player.dossier.alert is None


def test_a_warning_comes_before_the_breach_and_the_breach_to_the_leader() -> None:
    player = received(FREE, "2026-03-04T09:00")
    player.play([do.AssignDossier(by=LEADER, unit="culture"), do.TakeDossier(by=SPECIALIST)])
    due = player.dossier.due_at
    assert due == at("2026-03-19T17:00")
    assert player.dossier.warn_at == at("2026-03-16T17:00")  # 12 of 15 calendar days
    player.until(at("2026-03-20T00:00"))
    (soon,), (late,) = player.said("due_soon"), player.said("overdue")
    assert (soon.holder, soon.unit, soon.warned_at) == ("specialist1", "culture", at("2026-03-16T17:00"))
    assert (late.matter, late.escalated_at, late.step) == ("term", due, "examination")
    assert player.due is None
    with pytest.raises(Refused) as refused:
        player.tell(do.ExtendTerm(by=LEADER, days=5, reason="r"))
    assert refused.value.code == "overdue"


def test_a_term_is_extended_once_and_warned_of_again() -> None:
    player = received(FREE, "2026-03-04T09:00").until(at("2026-03-17T08:00"))
    assert len(player.said("due_soon")) == 1
    player.tell(do.ExtendTerm(by=LEADER, days=5, reason="chờ giám định"))
    (extended,) = player.said("extended")
    assert (extended.was_due, extended.due_at) == (at("2026-03-19T17:00"), at("2026-03-24T17:00"))
    assert player.dossier.alert is None
    assert player.due == at("2026-03-23T17:00")
    with pytest.raises(Refused) as refused:
        player.tell(do.ExtendTerm(by=LEADER, days=5, reason="r"))
    assert refused.value.code == "already_extended"


def test_what_was_warned_of_is_not_warned_of_again_when_a_pause_leaves_it_due_at_the_same_instant() -> None:
    player = received(LATE, "2026-03-04T09:00")
    player.play([do.AssignDossier(by=LEADER, unit="culture"), do.TakeDossier(by=SPECIALIST)])
    due, warned = player.dossier.due_at, player.dossier.warn_at
    assert due is not None
    assert warned is not None
    player.until(warned)
    player.tell(do.RequestSupplement(by=SPECIALIST, items=ITEMS[LATE]))
    player.tell(lives.answer(ITEMS[LATE], player.dossier))
    assert (player.dossier.due_at, player.due) == (due, due)
    player.until(due)
    assert [(e.due_at, e.warned_at) for e in player.said("due_soon")] == [(due, warned)]
    assert len(player.said("overdue")) == 1


def test_the_fee_pause_ends_when_it_was_paid_not_when_we_heard() -> None:
    player = received(PAYING, "2026-03-04T09:00")
    promised = player.dossier.promised
    assert (player.dossier.stage, player.dossier.due_at, player.due) == ("awaiting_fee", None, None)
    player.now = at("2026-03-12T09:00")
    player.tell(lives.payment(at("2026-03-09T10:00")))
    (settled,) = player.said("fee_settled")
    assert settled.promised == promised == at("2026-03-16T17:00")
    assert settled.due_at == at("2026-03-19T17:00")


def test_a_supplement_restarts_the_term_and_the_time_to_answer_has_an_end() -> None:
    player = received(FREE, "2026-03-04T09:00")
    player.play([do.AssignDossier(by=LEADER, unit="culture"), do.TakeDossier(by=SPECIALIST)])
    player.now = at("2026-03-10T10:00")
    player.tell(do.RequestSupplement(by=SPECIALIST, items=ITEMS[FREE]))
    assert player.dossier.due_at is None
    assert player.due == at("2026-04-09T17:00")  # 30 calendar days
    player.now = at("2026-03-20T10:00")
    player.tell(lives.answer(ITEMS[FREE], player.dossier))
    assert player.dossier.due_at == at("2026-04-06T17:00")  # 15 days after 20 March, moved off a Saturday
    assert (player.dossier.stage, player.dossier.holder) == ("examining", "specialist1")
    with pytest.raises(Refused) as refused:
        player.tell(do.RequestSupplement(by=SPECIALIST, items=ITEMS[FREE]))
    assert refused.value.code == "already_asked"


def test_what_is_not_supplemented_in_time_is_stopped_by_the_written_rule() -> None:
    player = lives.to_stage("supplementing").until(at("2027-01-15T00:00"))
    (stopped,) = player.said("stopped")
    assert (player.dossier.stage, stopped.by, player.due) == ("stopped", None, None)
    waiting = life.handlers(Rules(codes=CodeSeries(agency="H18.12"), closing="wait"))
    asked = waiting[do.RequestSupplement](
        lives.to_stage("filed").dossier, do.RequestSupplement(by=CLERK, items=ITEMS[FREE]), lives.FILED
    )
    assert asked.due is None


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([SupplementItem(kind="field", name="no_such", why="w")], "items.0.name"),
        ([SupplementItem(kind="document", name="address", why="w")], "items.0.name"),
        ([*ITEMS[FREE], *ITEMS[FREE]], "items"),
    ],
)
def test_a_request_names_what_exists_each_once(items: list[Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        lives.to_stage("filed").tell(do.RequestSupplement(by=CLERK, items=tuple(items)))
    assert (refused.value.code, refused.value.field) == ("invalid", field)


def test_an_answer_is_to_all_that_was_asked_for_and_to_nothing_else() -> None:
    player = lives.to_stage("supplementing")
    for fields, at_fault in (((), "form.address"), (("address", "founder_name"), "form.founder_name")):
        command = lives.answer(ITEMS[FREE], player.dossier).model_copy(update={"fields": fields})
        with pytest.raises(Refused) as refused:
            player.tell(command)
        assert refused.value.field == at_fault


def test_a_request_after_the_procedure_s_limit_is_too_late() -> None:
    player = received(FREE, "2026-03-04T09:00")
    player.play([do.AssignDossier(by=LEADER, unit="culture"), do.TakeDossier(by=SPECIALIST)])
    with pytest.raises(Refused) as refused:
        request(
            player.dossier, do.RequestSupplement(by=SPECIALIST, items=ITEMS[FREE]), at("2026-03-17T08:00"), lives.RULES
        )
    assert refused.value.code == "too_late"


def test_each_step_has_its_own_due_and_the_last_is_the_dossier_s() -> None:
    player = received(FREE, "2026-03-04T09:00")
    steps = timing.procedure_of(player.dossier).steps.value
    dues = [timing.step_due(player.dossier, step) for step in steps]
    known = [due for due in dues if due is not None]
    assert len(known) == len(steps) > 1
    assert known == sorted(known)
    assert known[-1] == player.dossier.due_at


def test_a_complaint_has_a_term_of_its_own() -> None:
    player = lives.to_stage("returned")
    assert timing.turn_due(player.dossier) is None, "what has ended is nobody's turn"
    player.tell(do.Complain(owner=OWNER, text=Personal.of("chậm")))
    complaint = player.dossier.complaint
    assert complaint is not None
    assert player.due == complaint.due_at == at("2026-12-09T17:00")
    assert timing.turn_due(player.dossier) == complaint.due_at
    player.until(at("2026-12-10T08:00"))
    assert [e.matter for e in player.said("overdue")] == ["complaint"]
    player.tell(do.AnswerComplaint(by=LEADER, answer=Personal.of("xin lỗi"), upheld=True))
    assert player.due is None
    assert timing.turn_due(player.dossier) is None


@pytest.mark.parametrize(
    ("generation", "agency", "code"),
    [
        (Generation.TT_01_2018, "000.00.12.H18", "000.00.12.H18-261125-0001"),
        (Generation.TT_03_2025, "H18.12", "H18.12-20261125-0000001"),
    ],
)
def test_both_generations_of_codes(generation: Generation, agency: str, code: str) -> None:
    table = life.handlers(Rules(codes=CodeSeries(agency=agency, generation=generation)))
    state = None
    for message in (lives.filing(), do.AcceptDossier(by=CLERK), NUMBER):
        state = table[type(message)](state, message, lives.FILED).state
    assert state is not None
    assert state.code == code

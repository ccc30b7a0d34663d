"""The graph of a dossier's life: every edge can be walked and says its event, everything else is refused by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest

from chassis.decision import Command, DeadlineDue, Impossible, Refused
from chassis.series import NumberTaken
from law.statuses import Status
from schemas import dossier, rights
from schemas.delivery import ResultDelivered
from schemas.event import Event
from schemas.payment import PaymentReceived
from schemas.personal import Personal
from schemas.work import DossierRetimed, DueSoon, Overdue
from services.submission import messages as do
from services.submission.domain import graph, papers
from services.submission.domain.dossier import Stage
from services.submission.domain.graph import EDGES, ENDS, STATUS
from services.submission.handlers import view
from tests.unit.services import lives
from tests.unit.services.lives import (
    CLERK,
    COLLEAGUE,
    FREE,
    ITEMS,
    LATE,
    LEADER,
    OWNER,
    PAYING,
    REGISTRAR,
    SPECIALIST,
    STAGED,
)

STAGES: tuple[Stage, ...] = get_args(Stage)
COMMANDS = tuple(dict.fromkeys(e.on for e in EDGES if issubclass(e.on, do.Official | do.Own)))


def kind_for(stage: Stage) -> int:
    return PAYING if stage == "awaiting_fee" else FREE


def player_at(stage: Stage, on: type[Any]) -> lives.Player:
    """A dossier in that stage, of a kind to which the edge's message happens."""
    staged = on is do.AnswerStage and stage != "awaiting_fee"
    player = lives.to_stage(stage, STAGED if staged else kind_for(stage))
    if on is do.CheckOriginal:
        player.state = player.dossier.model_copy(update={"documents": papers.documents([lives.FILE])})
    if on is do.TakeDossier and stage == "examining":
        player.tell(do.ReleaseDossier(by=SPECIALIST, reason="vắng"))
    if on is do.AnswerComplaint and stage in ENDS - {"withdrawn"}:
        player.tell(do.Complain(owner=OWNER, text=Personal.of("chậm")))
    return player


def message(on: type[Any], stage: Stage, player: lives.Player) -> Any:
    at_desk = CLERK if stage == "filed" else SPECIALIST
    made: dict[type[Any], Any] = {
        do.AcceptDossier: do.AcceptDossier(by=CLERK),
        do.RejectDossier: do.RejectDossier(by=CLERK, reason="r"),
        do.RequestSupplement: do.RequestSupplement(by=at_desk, items=ITEMS[player.kind]),
        do.SupplementDossier: lives.answer(ITEMS[player.kind], player.dossier),
        do.CheckOriginal: do.CheckOriginal(by=CLERK, file=lives.FILE.file),
        do.AssignDossier: do.AssignDossier(by=LEADER, unit="culture"),
        do.TakeDossier: do.TakeDossier(by=SPECIALIST),
        do.ReleaseDossier: do.ReleaseDossier(by=SPECIALIST, reason="r"),
        do.HandOver: do.HandOver(by=SPECIALIST, to=COLLEAGUE.officer, reason="r"),
        do.PassStep: do.PassStep(by=SPECIALIST),
        do.AnswerStage: do.AnswerStage(by=SPECIALIST, answer="ngày 05/01/2027"),
        do.ExamineDossier: do.ExamineDossier(by=SPECIALIST, proposal="approve"),
        do.ExtendTerm: do.ExtendTerm(by=LEADER, days=3, reason="r"),
        do.StopDossier: do.StopDossier(by=LEADER, reason="r", ground="g"),
        do.WithdrawDossier: do.WithdrawDossier(owner=OWNER),
        do.DecideDossier: do.DecideDossier(by=LEADER, outcome="refused", reason="r", ground="g"),
        do.IssueResult: do.IssueResult(by=REGISTRAR),
        do.RateDossier: do.RateDossier(owner=OWNER, score=4),
        do.Complain: do.Complain(owner=OWNER, text=Personal.of("t")),
        do.AnswerComplaint: do.AnswerComplaint(by=LEADER, answer=Personal.of("t"), upheld=False),
        NumberTaken: NumberTaken(series="s", number=1),
        PaymentReceived: lives.payment(player.now),
        ResultDelivered: lives.delivery(player.now),
        DeadlineDue: DeadlineDue(),
    }
    return made[on]


WALKS = [(edge, stage) for edge in EDGES for stage in sorted(edge.out_of)]


@pytest.mark.parametrize(("edge", "stage"), WALKS, ids=[f"{e.on.__name__}-{s}" for e, s in WALKS])
def test_every_edge_is_walked_and_says_its_event(edge: graph.Edge, stage: Stage) -> None:
    player = player_at(stage, edge.on)
    if edge.on is do.DecideDossier and "awaiting_fee" in edge.into:
        player = lives.to_stage(stage, LATE)
    before = player.dossier
    if edge.on is DeadlineDue:
        if stage == "awaiting_fee":
            player.tell(lives.expiry(player.now))
            before = player.dossier
        assert player.due is not None
        player.now = player.due
    told = message(edge.on, stage, player)
    if player.kind == LATE:
        told = do.DecideDossier(by=LEADER, outcome="approved")
    decision = player.tell(told)
    assert player.dossier.stage in edge.into
    assert player.dossier.revision > before.revision
    said = [type(event) for event in decision.events]
    assert said[-1:] == ([edge.event] if edge.event else [])
    if issubclass(edge.on, Command) and issubclass(edge.on, do.Official) and edge.event and player.kind != LATE:
        by = getattr(decision.events[-1], "by")  # noqa: B009 - not all events have it
        assert (by.officer, by.role) == (
            message(edge.on, stage, player).by.officer,
            message(edge.on, stage, player).by.role,
        )


FORBIDDEN = [(on, stage) for on in COMMANDS for stage in STAGES if on.__name__ not in graph.allowed(stage)]


@pytest.mark.parametrize(("on", "stage"), FORBIDDEN, ids=[f"{o.__name__}-{s}" for o, s in FORBIDDEN])
def test_every_other_command_is_refused_by_name(on: type[Any], stage: Stage) -> None:
    player = player_at(stage, on)
    before = player.dossier
    with pytest.raises(Refused) as refused:
        player.tell(message(on, stage, player))
    if (on, stage) == (do.ExamineDossier, "awaiting_fee"):
        assert refused.value.code == "fee_unpaid"
    else:
        assert refused.value.code == "wrong_stage"
        assert stage in refused.value.detail
        assert all(name in refused.value.detail for name in graph.allowed(stage))
    assert player.dossier is before


@pytest.mark.parametrize("stage", [s for s in STAGES if s not in {"receiving", "numbering"}])
def test_a_number_nobody_waits_for_is_impossible(stage: Stage) -> None:
    with pytest.raises(Impossible):
        lives.to_stage(stage, kind_for(stage)).tell(NumberTaken(series="s", number=1))


@pytest.mark.parametrize("stage", [s for s in STAGES if s not in {"returning", "returned"}])
def test_a_delivery_without_a_result_is_impossible(stage: Stage) -> None:
    player = lives.to_stage(stage, kind_for(stage))
    with pytest.raises(Impossible):
        player.tell(lives.delivery(player.now))


@pytest.mark.parametrize("stage", sorted(ENDS))
def test_an_end_stays_an_end(stage: Stage) -> None:
    player = lives.to_stage(stage)
    assert STATUS[stage].terminal
    assert player.due is None
    player.tell(lives.payment(player.now))
    assert (player.dossier.stage, view(player.dossier)["inbox"]) == (stage, None)


def test_every_stage_has_its_national_status_and_all_ten_are_used() -> None:
    assert set(STATUS) == set(STAGES)
    assert set(STATUS.values()) == set(Status)


def test_every_stage_is_reached_and_left_or_an_end() -> None:
    into = {stage for edge in EDGES for stage in edge.into}
    out_of = {stage for edge in EDGES for stage in edge.out_of - edge.into}
    assert into == set(STAGES)
    assert set(STAGES) - out_of == ENDS


def test_every_event_of_the_stream_is_said_by_an_edge_a_deadline_or_a_right_of_the_person() -> None:
    said: set[type[Event]] = {edge.event for edge in EDGES if edge.event} | {DossierRetimed, DueSoon, Overdue}
    said |= set(rights.EVENTS)
    assert said == set(dossier.EVENTS)


def test_two_officers_take_at_once() -> None:
    player = lives.to_stage("examining")
    player.tell(do.ReleaseDossier(by=SPECIALIST, reason="vắng"))
    seen = player.dossier.revision
    player.tell(do.TakeDossier(by=COLLEAGUE, revision=seen))
    with pytest.raises(Refused, match="revision") as stale:
        player.tell(do.TakeDossier(by=SPECIALIST, revision=seen))
    with pytest.raises(Refused, match="specialist2") as taken:
        player.tell(do.TakeDossier(by=SPECIALIST))
    assert (stale.value.code, taken.value.code) == ("stale", "taken")


def test_who_examined_does_not_decide_not_even_for_somebody_else() -> None:
    player = lives.to_stage("deciding")
    both = SPECIALIST.model_copy(update={"role": "leader"})
    for by in (
        both,
        both.model_copy(update={"on_behalf_of": "leader1"}),
        LEADER.model_copy(update={"on_behalf_of": "specialist1"}),
    ):
        with pytest.raises(Refused) as refused:
            player.tell(do.DecideDossier(by=by, outcome="approved"))
        assert refused.value.code == "four_eyes"


def test_a_deputy_acts_for_the_holder_and_both_are_named() -> None:
    player = lives.to_stage("examining")
    with pytest.raises(Refused) as refused:
        player.tell(do.PassStep(by=COLLEAGUE))
    assert refused.value.code == "not_holder"
    player.now += timedelta(hours=1)
    player.tell(do.PassStep(by=COLLEAGUE.model_copy(update={"on_behalf_of": "specialist1"}), note="đủ điều kiện"))
    act = player.said("step_done")[0].by
    assert (act.officer, act.on_behalf_of, act.step, act.note) == (
        "specialist2",
        "specialist1",
        "examination",
        "đủ điều kiện",
    )
    assert player.now - act.since > timedelta(minutes=59)
    assert set(player.dossier.officers) == {"specialist1", "specialist2"}
    with pytest.raises(Refused, match="last step"):
        player.tell(do.PassStep(by=SPECIALIST))


def test_another_unit_s_dossier_is_not_taken() -> None:
    player = lives.to_stage("assigning")
    player.tell(do.AssignDossier(by=LEADER, unit="culture"))
    other = SPECIALIST.model_copy(update={"unit": "sports"})
    for by in (other, SPECIALIST.model_copy(update={"unit": None})):
        with pytest.raises(Refused) as refused:
            player.tell(do.TakeDossier(by=by))
        assert refused.value.code == "forbidden"


def test_somebody_else_s_dossier_does_not_exist() -> None:
    player = lives.to_stage("filed")
    with pytest.raises(Refused) as refused:
        player.tell(do.WithdrawDossier(owner="citizen2"))
    assert refused.value.code == "not_found"


def test_a_dossier_stays_small_whatever_is_done_with_it() -> None:
    player = lives.to_stage("examining")

    def size() -> int:
        return len(player.dossier.dump_json(lambda kind, _clear: f"sealed:1:{kind}:AAAA"))

    before = size()
    for _ in range(3_000):
        player.tell(do.HandOver(by=SPECIALIST, to=COLLEAGUE.officer, reason="r"))
        player.tell(do.ReleaseDossier(by=COLLEAGUE, reason="r"))
        player.tell(do.TakeDossier(by=SPECIALIST))
    assert size() < before + 100
    assert before < 4_096

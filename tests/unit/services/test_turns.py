"""What an officer is told they may do is what is done when they do it, and what is in the way is what refuses it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chassis.decision import Refused
from chassis.http.routes import guards
from schemas.work import By
from services.submission import api
from services.submission import messages as do
from services.submission.domain.dossier import Stage
from services.submission.domain.graph import EDGES
from services.submission.domain.turns import GIVEN_BY, turns
from tests.unit.services import lives
from tests.unit.services.lives import CLERK, COLLEAGUE, LEADER, SPECIALIST
from tests.unit.services.test_life_graph import message, player_at
from tests.unit.services.test_routes import app

PATHS = {
    do.AcceptDossier: "accept",
    do.RejectDossier: "reject",
    do.RequestSupplement: "supplement",
    do.CheckOriginal: "files/{file}/original",
    do.AssignDossier: "assign",
    do.TakeDossier: "take",
    do.ReleaseDossier: "release",
    do.HandOver: "hand-over",
    do.PassStep: "steps",
    do.AnswerStage: "stages",
    do.ExamineDossier: "examine",
    do.ExtendTerm: "extend",
    do.StopDossier: "stop",
    do.DecideDossier: "decide",
    do.IssueResult: "issue",
    do.AnswerComplaint: "complaint/answer",
}
WALKS = [(edge.on, stage) for edge in EDGES if issubclass(edge.on, do.Official) for stage in sorted(edge.out_of)]


def told(player: lives.Player, on: type[Any], by: By) -> Any:
    return next(turn for turn in turns(player.dossier, (by,), player.now) if turn.command == on.__name__)


@pytest.mark.parametrize(("on", "stage"), WALKS, ids=[f"{on.__name__}-{stage}" for on, stage in WALKS])
def test_what_is_offered_is_done(on: type[Any], stage: Stage) -> None:
    player = player_at(stage, on)
    command = message(on, stage, player)
    assert told(player, on, command.by).refused is None
    player.tell(command)


def refusals() -> dict[str, tuple[lives.Player, type[Any], Any, Any]]:
    """By its word: a dossier, a command, who gives it, and the command itself."""
    held, unheld = lives.to_stage("examining"), lives.to_stage("examining")
    unheld.tell(do.ReleaseDossier(by=SPECIALIST, reason="vắng"))
    judged, late, twice = lives.to_stage("deciding"), lives.to_stage("examining"), lives.to_stage("examining")
    late.now += timedelta(days=90)
    twice.tell(do.ExtendTerm(by=LEADER, days=3, reason="r"))
    both, sports = SPECIALIST.model_copy(update={"role": "leader"}), COLLEAGUE.model_copy(update={"unit": "sports"})
    extend = do.ExtendTerm(by=LEADER, days=3, reason="r")
    last = lives.to_stage("examining")
    last.tell(do.PassStep(by=SPECIALIST))
    return {
        "taken": (held, do.TakeDossier, COLLEAGUE, do.TakeDossier(by=COLLEAGUE)),
        "forbidden": (unheld, do.TakeDossier, sports, do.TakeDossier(by=sports)),
        "not_holder": (held, do.ExamineDossier, COLLEAGUE, do.ExamineDossier(by=COLLEAGUE, proposal="approve")),
        "four_eyes": (judged, do.DecideDossier, both, do.DecideDossier(by=both, outcome="approved")),
        "overdue": (late, do.ExtendTerm, LEADER, extend),
        "already_extended": (twice, do.ExtendTerm, LEADER, extend),
        "last_step": (last, do.PassStep, SPECIALIST, do.PassStep(by=SPECIALIST)),
    }


@pytest.mark.parametrize("code", refusals())
def test_what_is_in_the_way_is_what_refuses(code: str) -> None:
    player, on, by, command = refusals()[code]
    refused = told(player, on, by).refused
    assert refused is not None
    with pytest.raises(Refused) as found:
        player.tell(command)
    assert (refused.code, refused.detail) == (found.value.code, found.value.detail)
    assert refused.code == code


def test_nobody_is_told_of_another_role_s_commands() -> None:
    player = lives.to_stage("filed")
    assert {turn.command for turn in turns(player.dossier, (LEADER, SPECIALIST), player.now)} == {"RequestSupplement"}
    assert {turn.role for turn in turns(player.dossier, (CLERK,), player.now)} == {"clerk"}


def test_every_command_of_an_officer_is_known_with_the_roles_of_its_route() -> None:
    assert set(GIVEN_BY) == {edge.on for edge in EDGES if issubclass(edge.on, do.Official)} == set(PATHS)
    found = guards(app(api))
    for command, roles in GIVEN_BY.items():
        (guard,) = (guard for guard in found[f"POST /dossiers/{{dossier}}/{PATHS[command]}"] if guard is not None)
        assert set(guard) == set(roles), command

"""What the portal that filed a dossier is told of it, step by step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chassis.series import NumberTaken
from schemas.event import Event
from schemas.upstream import StatusChange
from services.submission import messages as do
from services.submission.domain.telling import STEPS
from services.submission.portal_messages import TellPortal
from tests.unit.services import lives
from tests.unit.services.lives import CLERK, FILED, FREE, ITEMS, LEADER, OWNER, PAYING, REGISTRAR, SPECIALIST, UPFRONT

NUMBER = NumberTaken(series="s", number=1)
END = [
    do.AssignDossier(by=LEADER, unit="culture"),
    do.TakeDossier(by=SPECIALIST),
    do.ExamineDossier(by=SPECIALIST, proposal="approve"),
    do.DecideDossier(by=LEADER, outcome="approved"),
    do.IssueResult(by=REGISTRAR),
    NUMBER,
    lives.delivery(FILED + timedelta(hours=1)),
]


def upstream(kind: int = FREE) -> do.FileDossier:
    found = lives.filing(kind)
    return found.model_copy(update={"route": "upstream", "source": "dvc", "reference": "r1"})


def told(messages: list[object], kind: int = FREE) -> list[StatusChange]:
    """What was told of a dossier of a portal to which that happened."""
    player, changes = lives.Player(kind), []
    for message in messages:
        found = player.tell(message).effects
        changes += [effect.change for effect in found if isinstance(effect, TellPortal)]
        player.now += timedelta(minutes=1)
    return changes


def test_every_step_is_told_in_order_with_its_national_status() -> None:
    changes = told(
        [upstream(PAYING), do.AcceptDossier(by=CLERK), NUMBER, lives.payment(FILED + timedelta(minutes=3)), *END],
        PAYING,
    )
    assert [(change.number, change.step, change.status) for change in changes] == [
        (1, "accepted", 6),
        (2, "fee_settled", 2),
        (3, "assigned", 4),
        (4, "decided", 9),
        (5, "result_issued", 9),
        (6, "completed", 10),
    ]
    assert changes[0].total == 100_000
    assert {change.code for change in changes} == {changes[0].code}
    assert changes[3].outcome == "approved"
    assert (changes[4].result_number or "").startswith("1/2026/")


def test_a_supplement_names_its_items_and_a_withdrawal_ends_it() -> None:
    player = lives.Player()
    player.play([upstream(), do.RequestSupplement(by=CLERK, items=ITEMS[FREE])])
    answer = lives.answer(ITEMS[FREE], player.dossier)
    changes = told(
        [upstream(), do.RequestSupplement(by=CLERK, items=ITEMS[FREE]), answer, do.WithdrawDossier(owner=OWNER)]
    )
    assert [(change.step, change.status) for change in changes] == [
        ("supplement_requested", 5),
        ("supplemented", 1),
        ("withdrawn", 7),
    ]
    (item,) = changes[0].items
    assert (item.name, item.why) == ("address", "thiếu số nhà")
    assert changes[0].answer_by is not None


def test_a_fee_before_reception_is_told_with_the_filing() -> None:
    (change,) = told([upstream(UPFRONT)], UPFRONT)
    assert (change.number, change.step, change.status) == (1, "fee_requested", 6)
    assert change.total


def test_of_a_dossier_no_portal_filed_nobody_is_told() -> None:
    assert told([lives.filing(), do.AcceptDossier(by=CLERK), NUMBER, *END]) == []


@pytest.mark.parametrize("event", STEPS, ids=lambda event: event.TYPE)
def test_every_step_says_when_it_happened(event: type[Event]) -> None:
    _, when = STEPS[event]
    assert "date-time" in str(event.model_json_schema()["properties"][when])

"""The way through the post: whatever order statuses come in, the same end; when it comes back, is lost, is changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.decision import DeadlineDue, Refused
from schemas.payment import PaymentReceived
from services.delivery.domain import s10
from services.delivery.domain.choice import must_be_open
from services.delivery.domain.delivery import Rules
from services.delivery.messages import (
    Cancelled,
    Choice,
    Choose,
    CloseCase,
    ConsignmentTaken,
    HandOver,
    Moved,
    PapersTaken,
    ReceivePapers,
    SendPapers,
)

from .deliveries import ADDRESS, ITEM, NOW, Life, golden, kinds, made, making, minutes, rendered, told, travelling

OTHER = "RR123456785VN"
OLD = ADDRESS.model_copy(update={"commune": "03130"})
"""Phường Him Lam, until 30/6/2025."""
EVERY = [*range(25), 28, 29]
STATUSES = st.sampled_from(EVERY)
MOVES = st.lists(
    st.builds(lambda status, at: Moved(status=status, at=NOW + timedelta(minutes=at)), STATUSES, st.integers(0, 8)),
    min_size=1,
    max_size=10,
)
FINAL = {14: "delivered", 19: "returned", 8: "cancelled", 9: "cancelled", 22: "cancelled", 23: "partial"}
AT_THE_DESK, HAS_IT = {8, 9}, {6, 7, *range(10, 20), 23, 24}


def where(life: Life) -> tuple[str, str | None, object, object]:
    return life.at.status, life.at.trouble, life.at.moves, life.at.delivered_at


def rule(moves: list[Moved]) -> str:
    """The rule once more, in other words: the last final status; of two at one instant, the one that is no arrival.

    What ended at the desk did not end there if the post office had it afterwards.
    """
    outcome = "travelling"
    for at in sorted({m.at for m in moves}):
        had_later = any(m.at > at and m.status in HAS_IT for m in moves)
        over = FINAL.keys() - (AT_THE_DESK if had_later else set())
        finals = sorted(m.status for m in moves if m.at == at and m.status in over)
        bad = [status for status in finals if status != 14]
        if finals:
            outcome = FINAL[bad[-1] if bad else 14]
    return outcome


@given(moves=MOVES, data=st.data())
def test_any_order_and_multiplicity_ends_the_same_and_as_the_rule_says(moves: list[Moved], data: st.DataObject) -> None:
    straight = travelling()
    straight.hear(told(*moves))
    shuffled = travelling()
    left = data.draw(st.permutations([*moves, *data.draw(st.lists(st.sampled_from(moves), max_size=5))]))
    while left:
        size = data.draw(st.integers(1, len(left)))
        shuffled.hear(told(*left[:size]))
        left = left[size:]
    assert where(shuffled) == where(straight)
    expected = rule(moves)
    assert (shuffled.at.trouble or shuffled.at.status) == expected
    assert (shuffled.at.trouble == "returned") == (expected == "returned")
    assert bool(straight.said("consignment_returned")) == (expected == "returned")
    assert len(shuffled.said("consignment_moved")) == len(set(moves))


def test_a_failed_attempt_is_not_the_end() -> None:
    life = travelling()
    life.hear(told(*minutes((6, 1), (12, 2), (15, 3))))
    assert life.due is not None
    life.hear(told(*minutes((12, 4), (14, 5), (21, 9))))
    assert (life.at.status, life.at.delivered_at) == ("delivered", NOW + timedelta(minutes=5))
    assert len(life.said("result_delivered")) == 1


def test_what_came_back_waits_for_a_new_choice_and_goes_under_a_new_number() -> None:
    life = travelling()
    life.hear(told(*minutes((6, 1), (15, 2), (19, 3))))
    assert kinds(life.events)[-2:] == ["consignment_returned", "failed"]
    life.hear(Choose(choice=Choice(way="post")), timedelta(hours=1))
    orders = life.caused("post.order")
    assert [o.order for o in orders] == [life.at.dossier_id, f"{life.at.dossier_id}:2"]
    life.hear(ConsignmentTaken(tracking=OTHER))
    life.hear(told(*minutes((14, 9))))
    assert life.said("result_delivered") == [], "what is told of the first one no longer decides"
    life.hear(told(*minutes((14, 200)), tracking=OTHER))
    assert life.at.status == "delivered"
    assert [p.tracking for p in life.at.past] == [ITEM]


def test_delivered_and_then_returned_is_returned_and_said() -> None:
    life = travelling()
    life.hear(told(*minutes((14, 5))))
    assert life.at.status == "delivered"
    life.hear(told(*minutes((19, 8))))
    assert (life.at.trouble, life.at.delivered_at) == ("returned", None)
    with pytest.raises(Refused, match="no such consignment"):
        life.hear(told(*minutes((14, 9)), tracking=OTHER))


def test_nothing_heard_for_too_long_opens_a_case_which_a_late_arrival_closes() -> None:
    life = travelling(Rules(lost_after=timedelta(days=10)))
    life.hear(told(*minutes((6, 0))))
    life.hear(DeadlineDue(), timedelta(days=9))
    assert life.at.status == "travelling"
    life.hear(DeadlineDue(), timedelta(days=1))
    assert (life.at.trouble, life.due) == ("lost", None)
    assert len(life.said("consignment_lost")) == 1
    life.hear(told(*minutes((11, 20_000))))
    assert life.at.status == "travelling"
    life.hear(DeadlineDue(), timedelta(days=30))
    assert life.at.case is not None
    assert life.at.case.opened_at == NOW + timedelta(days=10), "the same case"
    life.hear(told(*minutes((14, 60_000))))
    assert (life.at.status, life.at.case.outcome if life.at.case else None) == ("delivered", "found")


def test_a_case_is_closed_once_by_what_was_paid() -> None:
    life = travelling()
    life.hear(DeadlineDue(), timedelta(days=40))
    life.hear(CloseCase(officer="c", outcome="compensated", amount=200_000))
    assert life.said("case_closed")[0].amount == 200_000
    with pytest.raises(Refused):
        life.hear(CloseCase(officer="c", outcome="refused"))


def lost_twice() -> Life:
    life = travelling()
    life.hear(DeadlineDue(), timedelta(days=20))
    life.hear(Choose(choice=Choice(way="post")))
    life.hear(ConsignmentTaken(tracking=OTHER))
    life.hear(DeadlineDue(), timedelta(days=20))
    return life


def test_each_loss_is_a_case_of_its_own() -> None:
    life = lost_twice()
    assert [e.tracking for e in life.said("consignment_lost")] == [ITEM, OTHER]
    life.hear(CloseCase(officer="c", outcome="refused", tracking=ITEM))
    life.hear(CloseCase(officer="c", outcome="compensated", amount=90_000))
    assert [(e.tracking, e.outcome) for e in life.said("case_closed")] == [(ITEM, "refused"), (OTHER, "compensated")]


def test_an_arrival_closes_the_case_of_that_consignment_alone() -> None:
    life = lost_twice()
    life.hear(told(*minutes((14, 90_000)), tracking=OTHER))
    assert (life.at.status, [e.tracking for e in life.said("case_closed")]) == ("delivered", [OTHER])
    life.hear(told(*minutes((19, 95_000))))
    assert [(e.tracking, e.outcome) for e in life.said("case_closed")] == [(OTHER, "found"), (ITEM, "found")]
    assert life.at.status == "delivered", "what was given up decides nothing"
    with pytest.raises(Refused):
        life.hear(CloseCase(officer="c", outcome="refused"))


def test_what_could_not_be_fetched_waits_for_a_new_choice_unless_it_is_fetched_after_all() -> None:
    life = travelling()
    life.hear(told(*minutes((4, 1), (5, 2), (4, 3), (8, 4))))
    assert (life.at.status, life.at.trouble) == ("failed", "cancelled")
    life.hear(told(*minutes((6, 5))))
    assert (life.at.status, life.at.trouble) == ("travelling", None)
    assert life.due is not None, "it is asked about again"
    life.hear(told(*minutes((14, 9))))
    assert life.at.status == "delivered"


@pytest.mark.parametrize("left", [HandOver(officer="c"), told(*minutes((6, 1)))], ids=["clerk", "post"])
def test_the_choice_is_free_until_it_has_left(left: object) -> None:
    life = travelling()
    life.hear(left)
    with pytest.raises(Refused, match="has it") as refused:
        life.hear(Choose(choice=Choice(way="in_person")))
    assert refused.value.code == "left"
    with pytest.raises(Refused) as said:
        must_be_open(life.at)
    assert said.value.code == "left", "it is said before anything is chosen"


def test_where_nothing_is_known_of_the_dossier_nothing_can_be_chosen() -> None:
    must_be_open(travelling().at)
    with pytest.raises(Refused) as refused:
        must_be_open(travelling().at.having(way=None))
    assert refused.value.code == "not_available"


@pytest.mark.parametrize("done", [True, False])
def test_an_order_not_yet_fetched_is_taken_back(done: bool) -> None:  # noqa: FBT001 - as the post office answers
    life = travelling()
    assert life.hear(Choose(choice=Choice(way="in_person", desk="03127"))).answer == {"status": "asked"}
    assert [e.order for e in life.caused("post.cancel")] == [life.at.dossier_id]
    life.hear(told(*minutes((9, 1))))
    assert life.said("failed") == []
    life.hear(Cancelled(done=done))
    assert (life.at.status, life.at.desk, life.at.wanted) == ("available", "03127", None)
    assert life.said("choice_changed")[0].was == "post"


def test_a_cancellation_that_came_too_late_is_told() -> None:
    life = travelling()
    life.hear(Choose(choice=Choice(way="in_person")))
    life.hear(Cancelled(done=False))
    assert (life.at.status, life.at.way) == ("travelling", "post")
    assert len(life.said("choice_refused")) == 1


def test_an_order_nobody_could_tell_about_is_taken_back_when_another_way_was_chosen() -> None:
    life = made("post")
    life.hear(life.caused("post.order")[0].unknown())
    life.hear(Choose(choice=Choice(way="in_person")))
    life.hear(ConsignmentTaken(tracking=ITEM))
    assert life.at.status == "available"
    assert len(life.caused("post.cancel")) == 1


def test_a_fee_paid_beforehand_lets_it_go() -> None:
    life = made("post", Rules(fee=30_000, fee_by="payment"))
    (due,) = life.said("fee_due")
    assert life.caused("post.order") == []
    other = golden("payment", "received")
    life.hear(other)
    assert life.caused("post.order") == []
    assert isinstance(other, PaymentReceived)
    life.hear(other.model_copy(update={"invoice": due.invoice}))
    life.hear(other.model_copy(update={"invoice": due.invoice}))
    assert [e.cod for e in life.caused("post.order")] == [0]


def test_who_will_not_pay_the_fee_chooses_another_way() -> None:
    life = made("post", Rules(fee=30_000, fee_by="payment"))
    (due,) = life.said("fee_due")
    life.hear(Choose(choice=Choice(way="in_person")))
    assert (life.at.status, life.at.held, life.at.fee) == ("available", None, None)
    life.hear(golden("payment", "received").model_copy(update={"invoice": due.invoice}))
    assert life.caused("post.order") == []


def test_a_fee_paid_to_the_postman_is_on_the_order_and_is_paid_when_the_money_came() -> None:
    life = made("post", Rules(fee=30_000))
    assert [e.cod for e in life.caused("post.order")] == [30_000]
    assert life.said("fee_due") == []
    life.hear(ConsignmentTaken(tracking=ITEM))
    life.hear(told(*minutes((6, 1), (12, 2), (14, 3))))
    assert life.at.cod == 30_000
    life.hear(told(*minutes((21, 60))))
    assert life.at.fee is not None
    assert (life.at.cod, life.at.fee.paid_at) == (0, NOW + timedelta(minutes=60))


def test_it_is_fetched_from_the_desk_where_the_result_lies() -> None:
    life = made("in_person")
    life.hear(Choose(choice=Choice(way="in_person", desk="03127")))
    life.hear(Choose(choice=Choice(way="post", address=ADDRESS)))
    assert [e.desk for e in life.caused("post.order")] == ["03127"]
    assert [e.desk for e in made("post").caused("post.order")] == ["H18"]


def test_papers_come_by_post_once() -> None:
    life = made("online")
    life.hear(SendPapers(address=ADDRESS))
    with pytest.raises(Refused, match="already"):
        life.hear(SendPapers(address=ADDRESS))
    life.hear(PapersTaken(tracking=OTHER))
    assert life.due is not None
    life.hear(DeadlineDue(), timedelta(minutes=15))
    assert [e.tracking for e in life.caused("post.ask")] == [OTHER]
    life.hear(told(*minutes((14, 5)), tracking=OTHER))
    life.hear(ReceivePapers(officer="c", tracking=OTHER))
    assert len(life.said("papers_arrived")) == 1
    life.hear(ReceivePapers(officer="c", tracking=ITEM))
    assert [e.tracking for e in life.said("papers_arrived")] == [OTHER, ITEM]


def test_an_address_in_a_commune_of_before_is_refused_by_name() -> None:
    with pytest.raises(Refused) as refused:
        made("in_person").hear(Choose(choice=Choice(way="post", address=OLD)))
    assert refused.value.field == "address.commune"


def test_a_commune_that_ended_before_the_result_left_is_not_ordered_to() -> None:
    life = making("post")
    life.hear(golden("dossier", "submitted").model_copy(update={"way": "post", "address": OLD}))
    life.hear(rendered(f"{life.at.dossier_id}/result"))
    assert (life.at.status, life.at.trouble, life.caused("post.order")) == ("failed", "refused", [])
    life.hear(Choose(choice=Choice(way="post", address=ADDRESS)))
    assert [e.address.commune for e in life.caused("post.order")] == ["03127"]


@given(moves=st.lists(MOVES, min_size=20, max_size=30))
def test_a_consignment_of_many_statuses_stays_small(moves: list[list[Moved]]) -> None:
    life = travelling()
    for day, some in enumerate(moves):
        life.hear(told(*(m.model_copy(update={"at": m.at + timedelta(days=day)}) for m in some)))
    assert len(life.at.moves) <= 100


@pytest.mark.parametrize("item", ["RR123456785VN", "EE473124829VN", "RA473124829VN"])
def test_item_numbers_have_a_check_digit(item: str) -> None:
    assert s10.is_valid(item)
    assert not any(map(s10.is_valid, [item[:-1], item.lower(), f"{item} ", "RA\u0664\u0667\u0663124829VN"]))


def test_one_wrong_digit_is_noticed() -> None:
    item = "RA473124829VN"  # a check digit of 5 or 0 stands for two remainders and notices less
    wrong = [item[:at] + str((int(item[at]) + 1) % 10) + item[at + 1 :] for at in range(2, 11)]
    assert not any(map(s10.is_valid, wrong))

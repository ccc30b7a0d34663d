"""How a result comes, in words; what a choice asks for and what delivery is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from services.portal.deliveries import again, arriving, asked, chosen, expected, follows, in_force, wish
from services.portal.places import places
from services.portal.preferences import answers, questions, unanswered
from services.portal.preferences import wish as told
from services.portal.texts import text

COMMUNE = {"code": "03334", "name": "Phường Mường Thanh", "formed_of": ["Phường Noong Bua"]}
PLACES = places(
    {
        "provinces": [
            {"code": "11", "name": "Điện Biên", "communes": [COMMUNE]},
            {"code": "12", "name": "Lai Châu", "communes": []},
        ]
    }
)
DESKS = [{"code": "H18", "name": "Bộ phận Một cửa tỉnh"}, {"code": "03334", "name": "Bộ phận Một cửa Mường Thanh"}]
ADDRESS = {"province": "11", "commune": "03334", "detail": "Tổ 3"}


def choice(**changes: Any) -> dict[str, Any]:
    return {
        "way": "online", "desk": "H18", "address": None, "authorised": None, "refused": None, "wanted": None,
        "tangible": False, "fee": {"amount": 0, "by": "cod"}, **changes,
    }  # fmt: skip


def test_what_was_chosen_is_said_with_names() -> None:
    at = chosen(choice(way="post", address=ADDRESS), ("post", "online"), DESKS, PLACES, "vi")
    assert (at.address, at.desk) == ("Tổ 3, Phường Mường Thanh, Điện Biên", "")
    assert at.ways == ("online", "post"), "the procedure's, in our order"
    assert chosen(choice(way="in_person"), ("in_person",), DESKS, PLACES, "vi").desk == DESKS[0]["name"]
    late = chosen(choice(refused="left"), ("online",), DESKS, PLACES, "en")
    assert late.refused == text("en", "deliver.refused.left")


def test_what_follows_is_said_before() -> None:
    assert follows("online", choice(tangible=True), "vi")[1] == text("vi", "deliver.follows.tangible")
    dear = choice(fee={"amount": 26_500, "by": "payment"})
    assert "26.500 đồng" in follows("post", dear, "vi")[1]
    assert follows("post", choice(), "en")[1] == text("en", "deliver.follows.fee_none")


@pytest.mark.parametrize(("typed", "commune"), [("muong thanh", "03334"), ("Him Lam", "Him Lam")])
def test_post_goes_to_a_commune_by_name(typed: str, commune: str) -> None:
    questions = asked("post", choice(address=ADDRESS), DESKS, PLACES, "vi")
    assert [one.value for one in questions] == ["11", "Phường Mường Thanh", "Tổ 3"]
    assert all(one.required for one in questions)
    given = {"address.province": "11", "address.commune": typed, "address.detail": " Tổ 4 "}
    assert wish("post", questions, given) == {
        "way": "post", "address": {"province": "11", "commune": commune, "detail": "Tổ 4"},
    }  # fmt: skip
    shown = again(questions, given, ["address.commune"], "vi")
    assert [one.fault != "" for one in shown] == [False, True, False]
    assert shown[1].value == typed
    was = again(questions, {**given, "address.commune": "noong bua"}, ["address.commune"], "vi")
    assert "Phường Mường Thanh" in was[1].fault


def test_at_a_desk_somebody_else_may_collect_it() -> None:
    questions = asked("in_person", choice(), DESKS, PLACES, "vi")
    assert wish("in_person", questions, {"desk": "03334"}) == {"way": "in_person", "desk": "03334"}
    given = {"desk": "H18", "authorised.name": "Lò Thị Mẫu"}
    assert wish("in_person", questions, given)["authorised"] == {"name": "Lò Thị Mẫu"}
    assert [one.name for one in again(questions, given, ["authorised.identity_number"], "vi") if one.fault] == [
        "authorised.identity_number"
    ]


def test_the_code_to_collect_it_is_shown_where_it_waits() -> None:
    desk = {"code": "H18", "name": "Bộ phận Một cửa tỉnh", "hours": "8–17"}
    waits = arriving({"way": "online", "status": "available", "desk": desk, "pickup": "12345678"}, "vi")
    assert (waits.desk, waits.pickup) == (desk["name"], "12345678")
    assert arriving({"way": "online", "status": "delivered", "desk": desk}, "vi").desk == ""


def test_nothing_is_expected_of_what_ended_before_a_result() -> None:
    assert not expected({"way": "online", "status": "waiting"}, ended=True)
    assert expected({"way": "online", "status": "waiting"}, ended=False)
    assert expected({"way": "online", "status": "delivered"}, ended=True)
    assert not expected(None, ended=False)
    assert in_force({"documents": [{"sha256": "a"}, {"sha256": "b", "revoked_at": "now"}, {}]}) == [{"sha256": "a"}]


def test_preferences_go_both_ways_and_nothing_else_is_taken() -> None:
    now = {"channel": "both", "language": "en", "optional": False}
    assert told(answers(now)) == now
    assert told({**answers(now), "channel": "pigeon"}) is None
    wrong = unanswered(questions({**answers(now), "channel": "pigeon"}, "vi"), "vi")
    assert [one.name for one in wrong if one.fault] == ["channel"]

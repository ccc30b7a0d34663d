"""At the desk, online and both: what waits, what is reminded, what is made once; links that open once."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from chassis.decision import DeadlineDue, Refused
from schemas.personal import Personal
from services.delivery.domain.delivery import Rules
from services.delivery.messages import (
    AddDocument,
    Authorised,
    Choice,
    Choose,
    Collect,
    ConsignmentTaken,
    MakeAgain,
    MakeLink,
    OpenLink,
    PapersTaken,
    RegisterPhysical,
    ReplaceDocument,
    RevokeDocument,
    SendPapers,
)

from .deliveries import ADDRESS, ITEM, NOW, Life, forms, kinds, made, making, minutes, rendered, told

DAY = timedelta(days=1)


def test_reminders_come_in_time_and_then_it_counts_as_uncollected_and_can_still_be_had() -> None:
    life = made("in_person", Rules(remind_after=(7 * DAY, 20 * DAY), uncollected_after=30 * DAY))
    said = []
    while life.due is not None:
        assert life.due > life.now
        life.hear(DeadlineDue(), life.due - life.now)
        said.append((kinds(life.events)[-1], (life.now - NOW).days))
    assert said == [("pickup_reminded", 7), ("pickup_reminded", 20), ("failed", 30)]
    assert len(life.said("uncollected")) == 1
    life.hear(Collect(officer="c"))
    assert life.at.status == "delivered"


def test_a_sweeper_that_was_away_reminds_once() -> None:
    life = made("in_person")
    life.hear(DeadlineDue(), 25 * DAY)
    assert len(life.said("pickup_reminded")) == 1
    assert life.due == NOW + 30 * DAY


def test_an_authorised_person_collects_what_the_applicant_said_they_may() -> None:
    life = made("in_person")
    with pytest.raises(Refused, match="authorised nobody"):
        life.hear(Collect(officer="c", receiver="authorised", proof="both"))
    person = Authorised(name=Personal.of("Lò Văn Thay"), identity_number=Personal.of("011087000001"))
    life.hear(Choose(choice=Choice(way="in_person", authorised=person)))
    life.hear(Collect(officer="c", receiver="authorised", proof="both"))
    assert life.said("result_delivered")[0].receiver == "authorised"


@pytest.mark.parametrize("desk", ["H18", "03127"])
def test_the_choice_names_the_desk(desk: str) -> None:
    life = making("online")
    life.hear(Choose(choice=Choice(way="in_person", desk=desk)))
    life.hear(rendered(f"{life.at.dossier_id}/result"))
    assert life.said("result_available")[-1].desk == desk
    with pytest.raises(Refused) as refused:
        life.hear(Choose(choice=Choice(way="in_person", desk="nowhere")))
    assert refused.value.field == "desk"


def test_a_delivered_result_is_not_chosen_again() -> None:
    with pytest.raises(Refused, match="arrived"):
        made("online").hear(Choose(choice=Choice(way="post")))


def test_both_originals_go_and_the_dossier_ends_with_the_paper_one() -> None:
    life = made("online", forms(paper=True))
    assert [(e.way) for e in life.said("result_available")] == ["online", "in_person"]
    assert life.said("result_delivered") == []
    life.hear(Collect(officer="c"))
    assert len(life.said("result_delivered")) == 1


def test_both_originals_by_post_one_is_downloaded_and_the_other_brought() -> None:
    life = made("post", forms(paper=True))
    assert [e.way for e in life.said("result_available")] == ["online"]
    assert len(life.caused("post.order")) == 1
    life.hear(ConsignmentTaken(tracking=ITEM))
    assert life.said("result_delivered") == [], "the electronic one alone does not end it"
    life.hear(told(*minutes((14, 9))))
    assert len(life.said("result_delivered")) == 1


def test_the_paper_original_of_who_chose_online_can_still_be_sent() -> None:
    life = made("online", forms(paper=True))
    life.hear(Choose(choice=Choice(way="post", address=ADDRESS)))
    assert (life.at.status, len(life.caused("post.order"))) == ("ordering", 1)


def test_one_more_result_is_said_to_be_there_and_one_in_the_place_of_another_is_not() -> None:
    life = made("online")
    life.hear(AddDocument(officer="r", file="f", title="Phụ lục"))
    second = life.caused("document.sign")[-1].document
    life.hear(rendered(second, "b" * 64))
    assert [e.document for e in life.said("result_available")] == [None, second]
    assert all(d.valid for d in life.at.documents)
    assert life.at.document != second, "the first is the one that is meant without a code"
    life.hear(ReplaceDocument(officer="r", document=life.at.documents[0].document, reason="sai tên"))
    life.hear(rendered(life.caused("document.sign")[-1].document, "c" * 64))
    assert len(life.said("result_available")) == 2


def test_a_signer_that_refuses_after_an_attempt_died_ends_it_all_the_same() -> None:
    life = making("online")
    life.hear(life.caused("document.sign")[0].unknown())
    assert (life.at.status, life.at.trouble) == ("failed", "document")


def test_a_plaque_must_lie_at_the_desk_before_anything_leaves() -> None:
    life = made("post", forms(physical="plaque"))
    assert (life.at.held, life.caused("post.order")) == ("physical", [])
    for _ in range(2):
        life.hear(RegisterPhysical(officer="c", kind="plaque", serial="P-7"))
    assert len(life.caused("post.order")) == 1
    assert len(life.said("physical_registered")) == 1


def test_a_procedure_with_scanned_results_waits_for_the_scan() -> None:
    life = making("online", forms(scanned=True))
    assert (life.at.held, life.effects) == ("scan", [])
    life.hear(AddDocument(officer="r", file="f", title="Quyết định"))
    (effect,) = life.caused("document.sign")
    assert (effect.scan, effect.roles) == ("f", ("agency",))
    life.hear(rendered(effect.document))
    assert life.at.status == "delivered"


@pytest.mark.parametrize(("signed", "kind"), [(True, "document.sign"), (False, "document.render")])
def test_signing_only_where_the_procedure_asks_for_it(signed: bool, kind: str) -> None:  # noqa: FBT001
    life = making("online", forms(signed=signed))
    assert [e.TYPE for e in life.effects] == [kind]


def test_a_document_is_replaced_by_a_new_one_and_the_old_one_says_so() -> None:
    life = made("online")
    old = life.at.documents[0]
    life.hear(ReplaceDocument(officer="r", document=old.document, reason="sai tên"))
    with pytest.raises(Refused, match="in its place"):
        life.hear(ReplaceDocument(officer="r", document=old.document, reason="sai tên"))
    effect = life.caused("document.sign")[-1]
    assert old.code in effect.note
    assert life.at.documents[0].valid, "the old one is valid until the new one is there"
    life.hear(rendered(effect.document, "b" * 64))
    first, second = life.at.documents
    assert (first.valid, first.replaced_by, first.reason) == (False, second.document, "sai tên")
    assert (second.valid, life.at.document, life.at.sha256) == (True, second.document, "b" * 64)
    assert second.code != first.code
    assert set(life.at.codes) == {first.code, "a" * 64, second.code, "b" * 64}
    with pytest.raises(Refused, match="replaced"):
        life.hear(RevokeDocument(officer="l", document=first.document, reason="r"))
    life.hear(RevokeDocument(officer="l", document=second.document, reason="thu hồi"))
    assert [e.replaced_by for e in life.said("document_revoked")] == [second.document, None]


def test_a_second_document_that_cannot_be_made_leaves_the_first() -> None:
    life = made("online")
    life.hear(AddDocument(officer="r", file="f", title="Phụ lục"))
    life.hear(life.caused("document.sign")[-1].failed("refused"))
    assert len(life.at.documents) == 1
    assert (life.at.status, kinds(life.events)[-1]) == ("delivered", "document_failed")


def test_a_first_document_that_could_not_be_made_is_made_again_or_comes_late() -> None:
    life = making("online")
    first = life.caused("document.sign")[0]
    life.hear(first.failed("refused"))
    assert (life.at.status, life.at.trouble) == ("failed", "document")
    with pytest.raises(Refused, match="could not be made"):
        life.hear(Choose(choice=Choice(way="in_person")))
    life.hear(MakeAgain(officer="r"))
    assert life.caused("document.sign")[1] == first
    life.hear(first.failed("refused"))
    life.hear(rendered(first.document))
    assert (life.at.status, life.at.trouble) == ("delivered", None)
    with pytest.raises(Refused):
        life.hear(MakeAgain(officer="r"))


def test_a_delivery_that_had_everything_happen_to_it_stays_within_its_budget() -> None:
    life = made("post")
    for round_ in range(30):
        item = f"RA{10_000_000 + round_}0VN"
        life.hear(ConsignmentTaken(tracking=item))
        at = [(status, round_ * 1000 + n) for n, status in enumerate([*[10, 11, 12, 15] * 30, 19])]
        for start in range(0, len(at), 40):
            life.hear(told(*minutes(*at[start : start + 40]), tracking=item))
        life.hear(Choose(choice=Choice(way="post", address=ADDRESS)))
        with suppress(Refused):
            life.hear(SendPapers(address=ADDRESS))
            life.hear(PapersTaken(tracking=f"RB{10_000_000 + round_}0VN"))
            life.hear(told(*minutes(*at[:40], (14, 90_000)), tracking=f"RB{10_000_000 + round_}0VN"))
        with suppress(Refused):
            life.hear(AddDocument(officer="r", file="f" * 200, title="t" * 300))
            life.hear(rendered(life.caused("document.sign")[-1].document, f"{round_:064x}"))
        with suppress(Refused):
            link(life, f"{round_:064x}")
    assert len(life.at.dump_json(lambda kind, _clear: f"sealed:1:{kind}:{'A' * 200}")) < 64 * 1024


def test_the_same_document_told_twice_changes_nothing() -> None:
    life = made("in_person")
    before = life.at
    life.hear(rendered(life.at.documents[0].document, "c" * 64))
    assert life.at == before


def link(life: Life, token: str = "t", minutes: int = 60) -> None:
    life.hear(
        MakeLink(
            token=token,
            proof="right",
            url=Personal.of("u"),
            pin=Personal.of("p"),
            expires_at=life.now + timedelta(minutes=minutes),
        )
    )


def test_a_link_opens_once() -> None:
    life = made("online")
    link(life)
    assert life.hear(OpenLink(token="t", proof="wrong")).answer == {"left": 4}
    assert life.hear(OpenLink(token="t", proof="right")).answer == {"document": life.at.document}
    with pytest.raises(Refused):
        life.hear(OpenLink(token="t", proof="right"))


def test_a_link_closes_after_five_wrong_pins_and_after_its_time() -> None:
    life = made("online")
    link(life)
    for left in (4, 3, 2, 1, 0):
        assert life.hear(OpenLink(token="t", proof="wrong")).answer == {"left": left}
    link(life, "late")
    for token, after in (("t", 0), ("late", 60), ("never", 0)):
        with pytest.raises(Refused):
            life.hear(OpenLink(token=token, proof="right"), timedelta(minutes=after))


def test_links_are_bounded_and_need_a_document() -> None:
    with pytest.raises(Refused):
        link(making("online"))
    life = made("online")
    for number in range(8):
        link(life, str(number))
    with pytest.raises(Refused, match="8 links"):
        link(life, "one more")

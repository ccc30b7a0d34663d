"""Reports are read strictly, days compared three ways, differences queued until a person resolves them; VietQR."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.decision import Refused
from schemas.dossier import FeeSettled
from schemas.money import Vnd, total
from services.payment import books
from services.payment.api.reconciliation import as_csv
from services.payment.domain import ledger, reports, vietqr
from services.payment.domain.compare import Difference, compare
from services.payment.domain.days import GONE, Day, RecordDay, Resolve, record, resolve
from services.payment.domain.reference import reference_of
from services.payment.messages import RefundAnswered, RequestRefund

from .invoices import DOSSIER, NOW, Player, accepted, paid

DAY = date(2026, 11, 24)
HEAD = "type,txn_ref,transaction_no,amount,charge,time,status\n"
VECTOR = (
    "00020101021238540010A00000072701240006970436011010123456780208QRIBFTTA530370454066500005802VN"
    "62110807HS 000163045035"
)
"""Domain facts 3.4: two independent implementations agree on it."""


def settled() -> Player:
    player = paid()
    player.tell(FeeSettled(dossier_id=DOSSIER, paid_at=NOW, due_at=NOW, promised=NOW))
    return player


def report(*lines: tuple[str, str, int, int], net: int | None = None) -> reports.Report:
    rows = [f"{kind},{ref},1,{amount},{charge},20261124160000,00" for kind, ref, amount, charge in lines]
    signs = {"payment": 1, "refund": -1}
    right = sum(signs[kind] * amount - charge for kind, _, amount, charge in lines)
    end = f"settlement,,,{right if net is None else net},0,20261124235959,"
    return reports.gateway(HEAD + "\n".join([*rows, end, ""]), DAY)


def ref(player: Player) -> str:
    return player.invoice.takings[0].id


def kinds(found: list[Difference]) -> list[str]:
    return [difference.kind for difference in found]


def test_a_day_that_fits_has_no_difference() -> None:
    player = settled()
    fits = report(("payment", ref(player), 650_000, 7_150))
    assert compare(fits, "vnpay", DAY, [player.invoice], NOW + timedelta(days=1)) == []


def test_every_difference_is_named() -> None:
    player = settled()
    mine, later = ref(player), NOW + timedelta(days=1)
    for found, expected in (
        (report(), ["missing_there"]),
        (report(("payment", mine, 650_001, 0)), ["amount"]),
        (report(("payment", mine, 650_000, 0), ("payment", "x", 5, 0)), ["missing_here"]),
        (report(("payment", mine, 650_000, 0), ("payment", mine, 650_000, 0)), ["twice_there"]),
        (report(("payment", mine, 650_000, 0), ("refund", mine, 650_000, 0)), ["refund_missing_here"]),
        (report(("payment", mine, 650_000, 7_150), net=650_000), ["settlement"]),
    ):
        assert kinds(compare(found, "vnpay", DAY, [player.invoice], later)) == expected
    unknowing = paid()
    fits = report(("payment", ref(unknowing), 650_000, 0))
    assert compare(fits, "vnpay", DAY, [unknowing.invoice], NOW) == []
    assert kinds(compare(fits, "vnpay", DAY, [unknowing.invoice], later)) == ["dossier"]


def test_refunds_are_compared_too() -> None:
    player = settled()
    player.tell(RequestRefund(taking=ref(player), amount=Vnd(650_000), ground="g", by="accountant1"))
    player.approve()
    player.tell(RefundAnswered(refund="R1", result="made", code="06"))
    both = report(("payment", ref(player), 650_000, 0), ("refund", ref(player), 650_000, 0))
    assert compare(both, "vnpay", DAY, [player.invoice], NOW) == []
    none = report(("payment", ref(player), 650_000, 0))
    assert kinds(compare(none, "vnpay", DAY, [player.invoice], NOW)) == ["refund_missing_there"]


def test_the_day_is_cut_in_local_time() -> None:
    late = Player(now=NOW.replace(hour=17, minute=30))
    late.tell(accepted(*paid().invoice.lines))
    late.gateway(late.attempt())
    assert compare(report(), "vnpay", DAY, [late.invoice], late.now) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "first line must be"),
        (HEAD, "cut short"),
        (HEAD + "payment,x,1,5.0,0,20261124160000,00\n", "line 2"),
        (HEAD + "payment,x,1,-5,0,20261124160000,00\n", "line 2"),
        (HEAD + "payment,x,1,5,0,20261123160000,00\n", "is not of 2026-11-24"),
        (HEAD + "payment,x,1,5,0,today,00\n", "no time"),
        (HEAD + "gift,x,1,5,0,20261124160000,00\n", "neither payment"),
        (HEAD + "payment,x\n", "2 fields"),
        (HEAD + 'payment,"x\n', "no CSV"),
        (HEAD + "settlement,,,0,0,20261124235959,\npayment,x,1,5,0,20261124160000,00\n", "last line"),
    ],
)
def test_a_report_is_whole_or_refused(text: str, why: str) -> None:
    with pytest.raises(reports.BadReport, match=why):
        reports.gateway(text, DAY)


def test_a_statement_names_entries_and_leaves_debits() -> None:
    text = (
        "entry,time,amount,description\nFT1,20261124090000,650000,HS x\nFT2,20261124090000,-5,phi\n"
    )  # fmt: skip
    assert [(e.id, e.amount) for e in reports.statement(text)] == [("FT1", 650_000)]
    with pytest.raises(reports.BadReport, match="entry number"):
        reports.statement("entry,time,amount,description\n,20261124090000,5,x\n")


def command(*differences: Difference, net: int = 100) -> RecordDay:
    return RecordDay(
        method="vnpay",
        day=DAY,
        sha256="0" * 64,
        by="accountant1",
        lines=1,
        paid=Vnd(110),
        refunded=Vnd(5),
        charges=Vnd(5),
        net=net,
        differences=differences,
    )


def test_a_discrepancy_waits_until_a_person_resolves_it_and_stays_resolved() -> None:
    one, other = (Difference(key=f"amount:{r}", kind="amount", ref=r, ours=1, theirs=2) for r in "ab")
    state = record(None, command(one, other), NOW).state
    assert state is not None
    assert [d.age(NOW + timedelta(days=3)) for d in state.waiting] == [3, 3]
    assert books.by_age([state], NOW + timedelta(days=3)) == {"today": 0, "week": 2, "older": 0}
    said = Resolve(key=one.key, resolution="=sai sót của cổng", by="accountant1")
    state = resolve(state, said, NOW + timedelta(days=4)).state
    assert state is not None
    with pytest.raises(Refused, match="resolved"):
        resolve(state, said, NOW)
    state = record(state, command(one), NOW + timedelta(days=5)).state
    assert state is not None
    assert [(d.resolution, d.open) for d in state.discrepancies] == [("=sai sót của cổng", False), (GONE, False)]
    shown_again = record(state, command(one, other), NOW + timedelta(days=6)).state
    assert shown_again is not None
    assert [(d.difference.ref, d.opened_at) for d in shown_again.waiting] == [("b", NOW + timedelta(days=6))]
    lines = as_csv(state, NOW + timedelta(days=9)).splitlines()
    assert lines[1].startswith("amount,a,1,2,")
    assert ",4,'=sai sót của cổng,accountant1," in lines[1]


@pytest.mark.parametrize(("paid_", "refunded", "charges"), [(110, 5, 5), (0, 50, 0), (10, 50, 3), (10, 0, 10)])
def test_a_settlement_is_booked_and_balances(paid_: int, refunded: int, charges: int) -> None:
    day = command().model_copy(
        update={"paid": Vnd(paid_), "refunded": Vnd(refunded), "charges": Vnd(charges)}
    )  # fmt: skip
    state = record(None, day, NOW).state
    assert state is not None
    found = ledger.balances(state.journals)
    assert sum(found.values()) == 0
    assert found.get("bank", 0) == paid_ - refunded - charges
    assert found.get("charges", 0) == charges
    assert Day.model_validate(state.dump()) == state


def test_a_queue_has_room_for_so_many_and_says_how_many_more() -> None:
    many = [Difference(key=f"k{n}", kind="missing_here", ref=str(n), theirs=1) for n in range(250)]
    state = record(None, command(*many), NOW).state
    assert state is not None
    assert (len(state.discrepancies), state.more) == (200, 50)
    assert len(state.dump_json()) < 64 * 1024


def test_the_vector_of_vietqr() -> None:
    assert vietqr.payload("970436", "1012345678", Vnd(650_000), "HS 0001") == VECTOR
    assert vietqr.crc("123456789") == 0x29B1


@given(amount=st.integers(1, 10**10), dossier=st.uuids(), at=st.integers(0, 200), letter=st.characters(codec="ascii"))
def test_a_code_says_what_it_was_made_of_and_no_character_of_it_may_change(
    amount: int, dossier: object, at: int, letter: str
) -> None:
    reference = reference_of(str(dossier))
    text = vietqr.payload("970436", "1012345678", Vnd(amount), reference)
    found = vietqr.parse(text)
    assert (found["54"], vietqr.tags(found["62"])["08"]) == (str(amount), reference)
    changed = text[: at % len(text)] + letter + text[at % len(text) + 1 :]
    if changed != text:
        with pytest.raises(vietqr.BadQr):
            vietqr.parse(changed)


@pytest.mark.parametrize("purpose", ["", "phí", "a" * 60, "a*b"])
def test_a_purpose_that_banks_would_change_is_refused(purpose: str) -> None:
    with pytest.raises(vietqr.BadQr):
        vietqr.payload("970436", "1012345678", Vnd(1), purpose)


def test_sums_of_a_report_are_amounts() -> None:
    found = report(("payment", "a", 5, 1), ("refund", "b", 2, 0))
    assert (found.paid, found.refunded, found.charges, found.net) == (5, 2, 1, 2)
    assert isinstance(total([found.paid, found.refunded]), Vnd)

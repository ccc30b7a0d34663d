"""Errands at delivery and payment, and filing for others: whose they are, on what occasion, and what is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest

from chassis.http.routes import guards
from law import forms, procedures
from schemas.payment import CaseKind, Method
from services.payment import api as payment
from services.payment.domain.compare import Kind
from services.payment.domain.records import RefundStatus
from services.payment.domain.work import WAITS as PAYMENT_WAITS
from services.portal.desk import assisting
from services.portal.desk.asks import filled, questions
from services.portal.desk.books import WAITS, differences, money_of
from services.portal.desk.errands import DELIVERY, FEE, MONEY, RESOLVE, Errand, address, at_hand, envelope, loss
from services.portal.places import Places
from services.portal.texts import LANGUAGES, TEXTS
from tests.unit.services.test_routes import app, delivery

TARGETS = {"documents": "code", "refunds": "refund", "cases": "case", "receipts": "number"}
ALL = (*DELIVERY, *MONEY, RESOLVE)
EVERYBODY = {role for errand in ALL for role in errand.roles}
DOCUMENT = {"code": "AAAA", "title": "Chứng nhận", "sha256": "0" * 64, "number": "7/2026", "scanned": False}
INVOICE: dict[str, Any] = {
    "dossier_id": "d", "number": "H18-1", "total": 100_000, "outstanding": 0, "status": "paid",
    "standing": {"word": "paid", "vi": "Đã nộp", "en": "Paid"},
    "takings": [{"id": "cash:PT-1", "method": "cash", "amount": 100_000, "paid_at": "2026-11-30T03:00:00Z"}],
    "refunds": [{"id": "r1", "amount": 10_000, "ground": "Điều 5", "status": "requested", "requested_by": "clerk1"}],
    "receipts": [{"number": "0000001", "amount": 100_000, "status": "issued"}],
    "cases": [{"id": "c1", "kind": "suspected", "detail": "unclear", "opened_at": "2026-11-30T03:00:00Z"}],
}  # fmt: skip


def slugs(errands: tuple[Errand, ...], state: dict[str, Any], *roles: str) -> set[str]:
    return {one.slug for one in at_hand(errands, roles or EVERYBODY, state, "vi")}


def test_every_errand_has_its_words() -> None:
    for errand in ALL:
        assert {f"desk.do.{errand.slug}.{word}" for word in ("name", "follows", "go", "done")} <= set(TEXTS["vi"])
        for language in LANGUAGES:
            assert all(question.label for question in questions(errand.asks, {}, {}, {}, language))
    words = {
        "case": get_args(CaseKind),
        "method": get_args(Method),
        "refund": get_args(RefundStatus),
        "difference": get_args(Kind),
        "waits": WAITS,
    }
    assert {f"desk.{group}.{one}" for group, found in words.items() for one in found} <= set(TEXTS["vi"])
    assert WAITS == PAYMENT_WAITS


@pytest.mark.parametrize(("module", "errands"), [(delivery, DELIVERY), (payment, MONEY)], ids=["delivery", "payment"])
def test_every_errand_is_of_those_its_route_is_for(module: Any, errands: tuple[Errand, ...]) -> None:
    there = guards(app(module))
    for errand in errands:
        what, _, _ = errand.path.partition("/{target}")
        path = errand.path.replace("target", TARGETS.get(what, "target"))
        (roles,) = there[f"POST /dossiers/{{dossier}}/{path}"]
        assert set(errand.roles) == set(roles or ()), errand.slug


def test_there_is_occasion_for_an_errand_or_it_is_not_offered() -> None:
    waiting: dict[str, Any] = {"status": "waiting", "documents": []}
    assert slugs(DELIVERY, waiting) == {"papers-received"}
    ready = {"status": "available", "documents": [DOCUMENT]}
    assert slugs(DELIVERY, ready, "clerk") == {"collect", "papers-received", "link"}
    assert slugs(DELIVERY, ready, "registrar") == {"link", "replace"}
    assert slugs(DELIVERY, ready, "leader") == {"revoke"}
    revoked = {"status": "available", "documents": [{**DOCUMENT, "revoked_at": "2026-11-30T03:00:00Z"}]}
    assert slugs(DELIVERY, revoked, "leader", "registrar") == set()
    gone = {"status": "travelling", "documents": []}
    assert "handed-to-post" in slugs(DELIVERY, gone)
    assert "handed-to-post" not in slugs(DELIVERY, {**gone, "handed_at": "2026-11-30T03:00:00Z"})
    lost, found = {"tracking": "EE123456785VN"}, {"tracking": "EE123456777VN", "outcome": "found"}
    assert "case-close" in slugs(DELIVERY, {**gone, "case": lost})
    assert "case-close" in slugs(DELIVERY, {**gone, "case": found, "cases": [lost]}), "an earlier one"
    assert "case-close" not in slugs(DELIVERY, {**gone, "case": found})
    assert slugs(DELIVERY, {"status": "rendering", "held": "scan", "documents": []}, "registrar") == {"upload"}
    assert slugs(DELIVERY, {"status": "failed", "trouble": "document", "documents": []}, "registrar") == {"retry"}


def test_a_scan_that_cannot_be_sealed_is_uploaded_anew_and_a_scan_is_replaced_by_another() -> None:
    broken = {"status": "failed", "trouble": "document", "documents": [{"code": "AAAA", "scanned": True}]}
    assert slugs(DELIVERY, broken, "registrar") == {"upload", "retry"}
    sealed = {"status": "delivered", "documents": [{**DOCUMENT, "scanned": True}]}
    assert slugs(DELIVERY, sealed, "registrar") == {"link", "replace-scan"}
    assert slugs(DELIVERY, {**sealed, "documents": [*sealed["documents"], DOCUMENT]}, "registrar") == {
        "link", "replace", "replace-scan",
    }  # fmt: skip


def test_a_loss_and_an_envelope_are_said_in_a_line() -> None:
    one = {"tracking": "EE123456785VN", "opened_at": "2026-11-30T03:00:00Z", "amount": 0}
    assert loss(one, "en") == "EE123456785VN: the post office has not answered yet"
    assert loss({**one, "outcome": "compensated", "amount": 90_000}, "en") == "EE123456785VN: compensated, 90,000 VND"
    assert envelope({"tracking": "EE1"}, "en") == "EE1: on their way"
    assert envelope({"tracking": "EE1", "failed": "lost"}, "en") == "EE1: did not come"
    assert envelope({"tracking": "EE1", "arrived_at": "2026-11-30T03:00:00Z"}, "en") == "EE1: came at 10:00, 30/11/2026"


def test_what_is_necessary_with_one_answer_is_not_sent_with_another() -> None:
    closing = next(errand for errand in DELIVERY if errand.slug == "case-close")
    given = {"tracking": "EE123456785VN", "outcome": "compensated", "amount": "90.000"}
    assert filled(closing.asks, given, "vi")[0]["amount"] == 90_000
    assert set(filled(closing.asks, {**given, "amount": ""}, "vi")[1]) == {"amount"}
    refused, faults = filled(closing.asks, {**given, "outcome": "refused"}, "vi")
    assert (refused, faults) == ({"tracking": "EE123456785VN", "outcome": "refused"}, {})


def test_money_is_worked_on_where_there_is_some() -> None:
    state = {"invoices": [INVOICE]}
    found = {"refund-approve", "refund-decline", "refund-ask", "money-case", "receipt-replace"}
    assert slugs(MONEY, state, "accountant") == found
    assert slugs(MONEY, state, "clerk") == {"refund-ask"}
    by_rule = {**INVOICE, "refunds": [{**INVOICE["refunds"][0], "requested_by": None}]}
    del by_rule["refunds"][0]["requested_by"]
    assert "refund-decline" not in slugs(MONEY, {"invoices": [by_rule]}, "leader")
    (case,) = (e for e in MONEY if e.slug == "money-case")
    (choice,) = (case.choices(state, "vi") or {})["target"]
    assert choice.label == f"{TEXTS['vi']['desk.case.suspected']} (unclear)"
    due = {**INVOICE, "takings": [], "refunds": [], "receipts": [], "cases": [], "status": "open", "outstanding": 5}
    assert slugs(MONEY, {"invoices": [due]}) == {"cash"}


def test_what_is_chosen_is_part_of_the_address_and_the_fee_has_no_number() -> None:
    errands = {errand.slug: errand for errand in ALL}
    assert address(errands["refund-approve"], {"target": "r1", "by_hand": True}) == (
        "refunds/r1/approve",
        {"by_hand": True},
    )
    assert address(errands["cash"], {"invoice": FEE, "amount": 5}) == ("cash", {"invoice": None, "amount": 5})
    assert address(errands["cash"], {"invoice": "H18-1-1", "amount": 5})[1]["invoice"] == "H18-1-1"


def test_what_happened_with_money_is_said_in_order() -> None:
    (one,) = money_of([INVOICE], "vi")
    assert [moved.amount for moved in one.moved] == ["100.000 đồng", "10.000 đồng", "100.000 đồng", ""]
    assert "clerk1" in one.moved[1].about
    waiting = {"key": "k", "kind": "amount", "ref": "FT1", "ours": 5, "theirs": 6}
    done = {**waiting, "key": "l", "resolved_at": "2026-11-30T03:00:00Z"}
    (day,) = differences([{"method": "vietqr", "day": "2026-11-24", "discrepancies": [waiting, done]}], "en")
    assert day.title == "24/11/2026, bank transfer"
    assert [line.rpartition(" · ")[2] for line in day.waiting] == ["5 VND / 6 VND"]


def test_who_agreed_how_and_when() -> None:
    now = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
    first = {one.name: one.value for one in assisting.consent({}, {}, now, "vi").questions}
    assert (first["consented_on"], first["consented_time"], first["consent"]) == ("2026-11-30", "09:05", "")
    assert (
        assisting.agreed_at({"consented_on": "2026-11-30", "consented_time": " 09:05 "}) == "2026-11-30T09:05:00+07:00"
    )
    for odd in (
        {},
        {"consented_on": "2026-11-30", "consented_time": "sáng"},
        {"consented_on": "x", "consented_time": "1"},
    ):
        assert assisting.agreed_at(odd) is None


def test_a_filing_for_somebody_has_what_was_answered_and_nothing_else() -> None:
    procedure = procedures.find("1.008895", date(2026, 11, 30))
    schema = forms.schema(procedure.form, forms.guide(date(2026, 11, 30)))
    basis = assisting.Basis(procedure.model_dump(mode="json"), schema, Places())
    parts = assisting.asked(basis, assisting.EMPTY, {}, "vi")
    given = {"applicant.kind": "individual", "applicant.name": "Lò Thị Mẫu", "form.book_count": "3000", "way": "online"}
    content = assisting.answered(parts, given)
    assert assisting.filing("1.008895", content, []) == {
        "procedure": "1.008895",
        "way": "online",
        "applicant": {"kind": "individual", "name": "Lò Thị Mẫu"},
        "form": {"book_count": 3000},
    }
    missing = assisting.missing(parts, given, "vi")
    assert "applicant.phone" in missing
    assert "applicant.email" not in missing
    assert "way" not in missing


def test_what_submission_says_is_wrong_is_said_at_its_question() -> None:
    faults = {
        "filing.applicant.phone": "a",
        "consented_at": "b",
        "files.1.file": "c",
        "documents.photo": "d",
        "files.9.x": "e",
    }
    assert assisting.said(faults, ["notification", "proof"]) == {
        "applicant.phone": "a", "consented_time": "b", "documents.proof": "c", "documents.photo": "d", "files.9.x": "e",
    }  # fmt: skip

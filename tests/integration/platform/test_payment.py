"""Payment on the running platform: every way to pay, refunds by two people, the daily reconciliation, who may."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from typer.testing import CliRunner

from bench.payment.world import FEE, PARTNERS, SERVICES, World, world
from cli.demo.client import wait_for
from cli.payment import payment
from deploy.local import stack
from deploy.local.platform import Backbone
from services.payment.domain import vietqr, vnpay
from services.payment.domain.reference import reference_of
from simulators.payment_gateway.pages import FAILURES

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with Backbone(tmp_path_factory.mktemp("payment")) as backbone:
        running = await stack.start(backbone, services=SERVICES, partners=PARTNERS)
        async with world(backbone, running) as found:
            yield found


async def opened(place: World) -> str:
    dossier = str(uuid.uuid4())
    await place.accepted([dossier])
    await place.until(dossier, status="open")
    return dossier


async def paid(place: World) -> tuple[str, dict[str, Any]]:
    dossier = await opened(place)
    begun = await place.begin(dossier)
    await place.decide(begun)
    await place.until(dossier, status="paid")
    return dossier, begun


async def post(place: World, who: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = await place.ask(who, "POST", path, body if body is not None else {})
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def standing(place: World, dossier: str, word: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        found = await place.invoice(dossier)
        return found if found is not None and found["standing"]["word"] == word else None

    return await wait_for(word, there)


async def test_a_second_payment_goes_back_once_a_person_let_it_go(place: World) -> None:
    dossier = await opened(place)
    first, second = await place.begin(dossier), await place.begin(dossier)
    await asyncio.gather(place.decide(first), place.decide(second))
    found = await standing(place, dossier, "refund_coming")
    (refund,) = found["refunds"]
    assert (refund["reason"], refund["amount"], refund["status"]) == ("second_payment", FEE, "requested")
    work = (await place.ask("leader1", "GET", "/work?waits=requested")).json()["invoices"]
    assert dossier in [invoice["dossier_id"] for invoice in work]
    await post(place, "leader1", f"/dossiers/{dossier}/refunds/{refund['id']}/approve")
    found = await standing(place, dossier, "paid")
    assert [(r["status"], r["approved_by"]) for r in found["refunds"]] == [("made", "leader1")]
    charges = (await place.client.get(place.stack.url("gateway") + "/control/transactions")).json()
    mine = [c for c in charges if c["txn_ref"] in {first["attempt"], second["attempt"]}]
    assert sorted(len(c["refunds"]) for c in mine) == [0, 1]


async def test_what_one_officer_asks_for_another_one_approves(place: World) -> None:
    dossier, begun = await paid(place)
    body = {"taking": begun["attempt"], "amount": int(FEE), "ground": "NĐ 45/2020, Điều 11"}
    refund = (await post(place, "accountant1", f"/dossiers/{dossier}/refunds", body))["refund"]
    approve = f"/dossiers/{dossier}/refunds/{refund}/approve"
    same = await place.ask("accountant1", "POST", approve, {})
    assert (same.status_code, same.json()["code"]) == (409, "same_person")
    assert (await place.ask("citizen1", "POST", approve, {})).status_code == 403
    await post(place, "leader1", approve)
    await standing(place, dossier, "refunded")

    async def cancelled() -> bool | None:
        found = await place.invoice(dossier)
        return True if found and [r["status"] for r in found["receipts"]] == ["cancelled"] else None

    await wait_for("the receipt to be cancelled", cancelled)


async def test_cash_transfer_and_a_code_that_can_be_scanned(place: World) -> None:
    dossier = await opened(place)
    offered = (await place.ask("citizen1", "GET", f"/dossiers/{dossier}/vietqr")).json()
    assert (offered["reference"], offered["amount"]) == (reference_of(dossier), FEE)
    assert vietqr.parse(offered["payload"])["54"] == str(FEE)
    image = await place.ask("citizen1", "GET", f"/dossiers/{dossier}/vietqr.svg")
    assert image.content.startswith(b"<?xml")
    now = datetime.now(LOCAL).strftime("%Y%m%d%H%M%S")
    text = (
        "entry,time,amount,description\n"
        f"FT1,{now},{FEE},MBVCB.1.{offered['reference'].lower()}.CT tu 0101\n"
        f"FT2,{now},5000,khong ro\n"
    )
    for known in (0, 1):
        answer = await _file(place, "/statements", text)
        assert answer.json() == {"matched": 1, "repeated": known, "unmatched": 1}
    found = await place.until(dossier, status="paid")
    assert [t["method"] for t in found["takings"]] == ["vietqr"]
    assert (await place.ask("citizen1", "GET", f"/dossiers/{dossier}/vietqr")).status_code == 409
    other = await opened(place)
    wrong = await place.ask("accountant1", "POST", f"/dossiers/{other}/cash", {"amount": 5, "voucher": "PT-1"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_amount")
    await post(place, "accountant1", f"/dossiers/{other}/cash", {"amount": int(FEE), "voucher": "PT-1"})
    assert (await place.until(other, status="paid"))["takings"][0]["id"] == "cash:PT-1"


async def test_the_national_platform_asks_tells_and_is_asked(place: World) -> None:
    dossier = await opened(place)
    begun = (await place.ask("citizen1", "POST", f"/dossiers/{dossier}/payments", {"method": "paygov"})).json()
    assert "Phi, le phi ho so" in (await place.client.get(begun["url"])).text
    back = await place.client.post(begun["url"], data={"decision": "pay"})
    shown = await place.client.get(back.headers["location"])
    assert "đang xác nhận" in shown.text
    found = await place.until(dossier, status="paid")
    (taking,) = found["takings"]
    assert (taking["method"], taking["amount"], taking["receipt_url"][:8]) == ("paygov", FEE, "https://")
    forged = {"data": "e30=", "responseCode": "00", "secureCode": "0" * 64}
    url = place.stack.url("payment") + "/payments/paygov"
    assert (await place.client.post(f"{url}/result", json=forged)).status_code == 400
    assert (await place.client.get(f"{url}/return", params=forged)).status_code == 400
    now = datetime.now(LOCAL)
    row = f"payment,{begun['attempt']},1,{int(FEE) + 1},0,{now:%Y%m%d%H%M%S},00"
    end = f"settlement,,,{int(FEE) + 1},0,{now:%Y%m%d}235959,"
    text = f"type,txn_ref,transaction_no,amount,charge,time,status\n{row}\n{end}\n"
    path = f"/reconciliations/paygov/{now.date().isoformat()}"
    assert (await _file(place, path, text)).json()["open"] == 1
    gateway = place.stack.url("gateway") + "/paygov/control"
    (told,) = [t["told"] for t in (await place.client.get(f"{gateway}/transactions")).json()]
    assert told == ["00"]
    await place.client.post(f"{gateway}/lose-result/1")
    silent = await opened(place)
    begun = (await place.ask("citizen1", "POST", f"/dossiers/{silent}/payments", {"method": "paygov"})).json()
    back = await place.client.post(begun["url"], data={"decision": "pay"})
    await place.client.get(back.headers["location"])
    await place.until(silent, status="paid")
    cash = await place.ask("citizen1", "POST", f"/dossiers/{silent}/payments", {"method": "cash"})
    assert (cash.status_code, cash.json()["code"]) == (422, "not_offered")


async def test_a_receipt_is_a_signed_file_that_stays_the_same(place: World) -> None:
    dossier, _ = await paid(place)

    async def numbered() -> str | None:
        found = await place.invoice(dossier)
        return found.get("receipt") if found else None

    path = f"/dossiers/{dossier}/receipts/{await wait_for('the receipt', numbered)}"
    first, again = [await place.ask("citizen1", "GET", f"{path}/xml") for _ in range(2)]
    assert first.content == again.content
    assert b"SignatureValue" in first.content
    assert (await place.ask("citizen1", "GET", path)).content.startswith(b"%PDF-")
    assert (await place.ask("citizen1", "GET", f"/dossiers/{dossier}/receipts/BL26P-9999999")).status_code == 404


async def test_the_fee_is_calculated_anew_by_the_law_in_code(place: World) -> None:
    dossier, _ = await paid(place)
    body = {"procedure": "1.001440", "on": "2022-09-01", "reason": "thẻ tại điểm"}
    answer = await post(place, "accountant1", f"/dossiers/{dossier}/invoice/recalculate", body)
    assert answer == {"outstanding": 0, "refunded": int(FEE) - 200_000}
    unknown = await place.ask(
        "accountant1", "POST", f"/dossiers/{dossier}/invoice/recalculate", {**body, "procedure": "9.999999"}
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "procedure")


async def test_the_day_is_reconciled_and_what_was_planted_is_found(place: World) -> None:
    (omitted, first), (changed, second) = await paid(place), await paid(place)
    day = datetime.now(LOCAL).date()
    report = f"{place.stack.url('gateway')}/control/report/{day:%Y%m%d}"
    planted = {"omit": [first["attempt"]], "amounts": {second["attempt"]: 7}, "ghosts": [9_000]}
    assert omitted != changed
    (await place.client.post(f"{report}/plant", json=planted)).raise_for_status()
    path = f"/reconciliations/vnpay/{day.isoformat()}"
    answer = await _file(place, path, (await place.client.get(report)).text)
    assert answer.is_success, answer.text
    found = (await place.ask("auditor1", "GET", path)).json()
    assert {(d["kind"], d["ref"]) for d in found["discrepancies"]} == {
        ("missing_there", first["attempt"]),
        ("amount", second["attempt"]),
        ("missing_here", "GHOST0001"),
    }
    keys = [d["key"] for d in found["discrepancies"]]
    resolved = {"key": keys[0], "resolution": "cổng xác nhận sai"}
    assert (await post(place, "accountant1", f"{path}/resolve", resolved))["open"] == 2
    table = (await place.ask("auditor1", "GET", f"{path}/csv")).text.splitlines()
    assert (len(table), table[0].split(",")[0]) == (4, "kind")
    queue = (await place.ask("leader1", "GET", "/discrepancies")).json()["days"]
    assert (day.isoformat(), 2) in [(d["day"], d["open"]) for d in queue]
    (await place.client.post(f"{report}/plant", json={})).raise_for_status()
    again = await _file(place, path, (await place.client.get(report)).text)
    assert (again.json()["open"], again.json()["more"]) == (0, 0)
    cut = await _file(place, path, "type,txn_ref\n")
    assert cut.status_code == 422
    books = (await place.ask("auditor1", "GET", f"/ledger?day={day.isoformat()}")).json()
    assert books["balanced"]


def success(attempt: str) -> dict[str, str]:
    """What VNPAY says of an attempt that was paid, unsigned."""
    return {
        "vnp_Amount": str(FEE * 100),
        "vnp_PayDate": "20261124160000",
        "vnp_ResponseCode": "00",
        "vnp_TransactionNo": "1",
        "vnp_TransactionStatus": "00",
        "vnp_TxnRef": attempt,
    }


async def test_the_page_a_payer_comes_back_to_changes_nothing_but_when_the_gateway_is_asked(place: World) -> None:
    dossier = await opened(place)
    begun = await place.begin(dossier)
    values = success(begun["attempt"])

    async def seen() -> tuple[dict[str, Any], datetime]:
        found = await place.invoice(dossier)
        assert found is not None
        return found, datetime.fromisoformat(found["attempts"][0].pop("ask_at"))

    before, at_first = await seen()
    url = place.stack.url("payment") + "/payments/vnpay/return"
    signed = {**values, vnpay.HASH: vnpay.sign(values, place.secret)}
    assert "đang xác nhận" in (await place.client.get(url, params=signed)).text
    assert (await place.client.get(url, params={**signed, "vnp_Amount": "1"})).status_code == 400

    async def moved() -> dict[str, Any] | None:
        after, at = await seen()
        return after if at < at_first else None

    assert await wait_for("the gateway to be asked sooner", moved) == before


async def _file(place: World, path: str, text: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {place.tokens['accountant1']}", "idempotency-key": uuid.uuid4().hex}
    return await place.client.post(place.stack.url("payment") + path, content=text, headers=headers)


async def test_old_and_forged_notices_change_nothing(place: World) -> None:
    dossier, begun = await paid(place)

    async def receipted() -> dict[str, Any] | None:
        found = await place.invoice(dossier)
        return found if found is not None and "receipt" in found else None

    before = await wait_for("the receipt", receipted)
    values = success(begun["attempt"])
    signed = {**values, vnpay.HASH: vnpay.sign(values, place.secret)}
    strange = {**values, "vnp_TxnRef": "f" * 32 + "001"}
    url = place.stack.url("payment") + "/payments/vnpay/ipn"
    for notice, code in (
        (signed, "02"),
        ({**signed, "vnp_Amount": "1"}, "97"),
        ({**strange, vnpay.HASH: vnpay.sign(strange, place.secret)}, "01"),
        ({}, "97"),
    ):
        assert (await place.client.get(url, params=notice)).json()["RspCode"] == code
    assert await place.invoice(dossier) == before


async def test_the_command_line_does_what_an_accountant_does(
    place: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in ("cli.operator", "cli.payment"):
        monkeypatch.setattr(f"{module}.address", place.stack.url)

    async def hoso(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, payment, list(words))
        return done.exit_code, done.output

    dossier, begun = await paid(place)
    body = {"taking": begun["attempt"], "amount": 1000, "ground": "NĐ 45/2020"}
    await post(place, "accountant1", f"/dossiers/{dossier}/refunds", body)
    assert dossier in (await hoso("work", "requested"))[1]
    assert "gateway" in (await hoso("approve", dossier, "R1"))[1]
    await wait_for("the refund", lambda: _made(place, dossier))
    assert '"amount": 1000' in (await hoso("show", dossier))[1]
    assert (await hoso("approve", dossier, "R7"))[0] == 1
    day = datetime.now(LOCAL).date()
    report = f"{place.stack.url('gateway')}/control/report/{day:%Y%m%d}"
    (await place.client.post(f"{report}/plant", json={"ghosts": [77_000]})).raise_for_status()
    code, said = await hoso("reconcile")
    assert (code, "wait" in said) == (1, True)
    assert "GHOST0001" in (await hoso("differences"))[1]
    assert "missing_here,GHOST0001,,77000," in (await hoso("differences", "--csv"))[1]
    (await place.client.post(f"{report}/plant", json={})).raise_for_status()
    assert (await hoso("reconcile"))[0] == 0
    assert "there is no such" in (await hoso("resolve", "missing_here:x", "--because", "b"))[1]
    assert "balanced" in (await hoso("ledger"))[1]
    file = tmp_path / "bank.csv"
    file.write_text("entry,time,amount,description\nFT9,20261124090000,5,x\n")
    assert "1 name none" in (await hoso("statement", str(file)))[1]
    metrics = (await place.client.get(place.stack.url("payment") + "/metrics")).text
    assert 'hoso_payment_work{waits="requested"}' in metrics
    assert 'hoso_payment_work_oldest_seconds{waits="unanswered"}' in metrics
    assert "hoso_payment_books_faulty 0.0" in metrics


async def _made(place: World, dossier: str) -> bool | None:
    found = await place.invoice(dossier)
    return True if found is not None and found["refunds"][0]["status"] == "made" else None


async def test_every_way_not_to_pay_is_known_by_its_code_and_a_late_success_still_pays(place: World) -> None:
    dossier = await opened(place)
    codes = [code for code in FAILURES if code != "07"]
    for code in codes:
        await place.decide(await place.begin(dossier), code)

    async def told() -> list[Any] | None:
        found = await place.invoice(dossier)
        attempts = found["attempts"] if found else []
        return attempts if {a["status"] for a in attempts} == {"failed"} else None

    attempts = await wait_for("every attempt", told)
    assert [attempt["code"] for attempt in attempts] == codes
    faults = place.stack.url("gateway") + "/control/faults"
    await place.client.post(faults, json={"late_success_next": 1, "late_success_ms": 500})
    await place.decide(await place.begin(dossier))
    assert (await place.invoice(dossier) or {})["status"] == "open"
    await place.until(dossier, status="paid")
    await place.client.delete(faults)

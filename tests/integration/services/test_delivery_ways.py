"""Delivery as a process: online, by post, at the desk, through the doors that people and the post office use."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import io
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pypdfium2
import pytest
import pytest_asyncio
import zxingcpp
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfWriter
from typer.testing import CliRunner

from bench.delivery import site as ways
from bench.delivery.site import IDENTITY, LIBRARY, SCANNED, SECRET, STAR, YOGA, Ways
from cli.main import app
from deploy.local.platform import Backbone
from simulators.post_office.office import PLANS

PERSONAL = ("Lò Thị Mẫu", "0912345678", "84912345678", IDENTITY, "Bản Ví Dụ", "citizen1")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(backbone: Backbone) -> AsyncIterator[Ways]:
    async with AsyncExitStack() as ends:
        yield await ways.start(backbone, ends)


def scan() -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(595, 842)
    writer.write(out)
    return out.getvalue()


async def verify(site: Ways, pdf: bytes) -> list[bool]:
    roots = list(load_certs_from_pemder_data(site.keys["leader"]["chain"].encode()))
    context = ValidationContext(trust_roots=roots, revocation_mode="soft-fail")
    signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    found = [await async_validate_pdf_signature(s, signer_validation_context=context) for s in signatures]
    return [status.bottom_line for status in found]


async def test_a_signed_result_is_downloaded_and_verified_by_code_by_file_and_on_the_page(site: Ways) -> None:
    path = await site.decided(YOGA, "online")
    shown = await site.status(path, "delivered")
    pdf = (await site.ask("citizen1", "GET", f"{path}/document")).content
    assert await verify(site, pdf) == [True, True]
    (document,) = shown["documents"]
    found = (await site.ask(None, "GET", f"/verification/{document['code'].lower().replace('-', ' ')}")).json()
    assert found["sha256"] == hashlib.sha256(pdf).hexdigest() == shown["sha256"]
    assert (found["status"], [s["role"] for s in found["signatures"]]) == ("valid", ["leader", "agency"])
    by_file = await site.ask(None, "POST", "/verification", content=pdf)
    assert by_file.json() == found
    changed = pdf[:-9] + bytes([pdf[-9] ^ 1]) + pdf[-8:]
    assert (await site.ask(None, "POST", "/verification", content=changed)).status_code == 404
    page = await site.ask(None, "GET", f"/verify/{document['code']}")
    assert found["sha256"] in page.text
    assert "đang có hiệu lực" in page.text
    uploaded = await site.ask(None, "POST", "/verify", files={"file": ("k.pdf", changed, "application/pdf")})
    assert (uploaded.status_code, "bị sửa đổi" in uploaded.text) == (404, True)
    assert (await site.ask(None, "GET", "/verify/AAAA-AAAA-AAAA-AAAA")).status_code == 404
    for text in (
        page.text,
        json.dumps(found),
        json.dumps((await site.ask("clerk1", "GET", f"{path}/delivery")).json()),
    ):
        assert not [word for word in PERSONAL if word in text]
    assert (await site.ask("citizen2", "GET", f"{path}/document")).status_code == 404


async def test_the_command_checks_signatures_and_asks_the_office(site: Ways, tmp_path: Path) -> None:
    path = await site.decided(YOGA, "online")
    await site.status(path, "delivered")
    pdf = (await site.ask("citizen1", "GET", f"{path}/document")).content
    (tmp_path / "ca.pem").write_text(site.keys["leader"]["chain"])
    for name, content, code, words in (
        ("good.pdf", pdf, 0, "valid: "),
        ("changed.pdf", pdf.replace(b"/ByteRange", b"/Byterange", 1), 1, "not issued by this office"),
        ("none.pdf", b"text", 1, "no readable PDF"),
    ):
        (tmp_path / name).write_bytes(content)
        given = ["verify", str(tmp_path / name), "--trust", str(tmp_path / "ca.pem"), "--url", site.url("delivery")]
        result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "300"}).invoke, app, given)
        assert (result.exit_code, words in result.output) == (code, True), result.output


async def test_a_result_without_signature_says_so(site: Ways) -> None:
    path = await site.decided(LIBRARY, "online")
    shown = await site.status(path, "delivered")
    page = await site.ask(None, "GET", f"/verify/{shown['documents'][0]['code']}")
    assert "không kèm chữ ký số" in page.text


async def test_the_printed_code_leads_to_the_page_of_that_document(site: Ways) -> None:
    path = await site.decided(YOGA, "online")
    shown = await site.status(path, "delivered")
    pdf = (await site.ask("citizen1", "GET", f"{path}/document")).content
    printed = pypdfium2.PdfDocument(pdf)[0].render(scale=200 / 72, grayscale=True).to_numpy().squeeze()
    (address,) = [code.text for code in zxingcpp.read_barcodes(printed)]
    page = await site.client.get(address)
    assert (page.status_code, shown["sha256"] in page.text) == (200, True)


async def test_several_results_are_each_downloaded_and_verified(site: Ways) -> None:
    path = await site.decided(YOGA, "online")
    await site.status(path, "delivered")
    sent = await site.ask("registrar1", "POST", f"{path}/documents?title=Biên bản thẩm định", content=scan())
    assert sent.status_code == 202
    shown = await site.until(path, lambda found: bool(found["documents"][-1].get("sha256")))
    for document in shown["documents"]:
        pdf = (await site.ask("citizen1", "GET", f"{path}/documents/{document['code']}")).content
        found = (await site.ask(None, "POST", "/verification", content=pdf)).json()
        assert (found["status"], found["code"]) == ("valid", document["code"])
    assert [e.document for e in await site.said(path, "result_available")] == [None, shown["documents"][1]["document"]]


async def test_replaced_and_revoked_documents_say_so_for_ever(site: Ways) -> None:
    path = await site.decided(YOGA, "online")
    first = (await site.status(path, "delivered"))["documents"][0]["code"]
    second = (await site.post("registrar1", f"{path}/documents/{first}/replace", {"reason": "sai ngày sinh"}))["code"]
    shown = await site.until(path, lambda found: bool(found["documents"][-1].get("sha256")))
    assert shown["documents"][1]["code"] == second
    old = (await site.ask(None, "GET", f"/verification/{first}")).json()
    assert (old["status"], old["replaced_by"], old["reason"]) == ("replaced", second, "sai ngày sinh")
    assert second in (await site.ask(None, "GET", f"/verify/{first}")).text
    kept = await site.ask("citizen1", "GET", f"{path}/documents/{first}")
    assert await verify(site, kept.content) == [True, True]
    await site.post("leader1", f"{path}/documents/{second}/revoke", {"reason": "cấp sai thẩm quyền"})
    assert (await site.ask(None, "GET", f"/verification/{second}")).json()["status"] == "revoked"
    again = await site.ask("registrar1", "POST", f"{path}/documents/{second}/replace", json={"reason": "nữa"})
    assert (again.status_code, again.json()["code"]) == (409, "not_valid")


async def test_a_scan_is_the_result_sealed_by_the_agency(site: Ways) -> None:
    path = await site.decided(SCANNED, "online")
    await site.until(path, lambda found: found.get("held") == "scan")
    wrong = await site.ask("registrar1", "POST", f"{path}/documents?title=Quyết định", content=b"GIF89a")
    assert wrong.status_code == 422
    broken = await site.ask("registrar1", "POST", f"{path}/documents?title=Quyết định", content=b"%PDF-1.7 %%EOF")
    assert broken.status_code == 202
    await site.until(path, lambda found: found.get("trouble") == "document")
    sent = await site.ask("registrar1", "POST", f"{path}/documents?title=Quyết định", content=scan())
    assert sent.status_code == 202
    await site.status(path, "delivered")
    pdf = (await site.ask("citizen1", "GET", f"{path}/document")).content
    assert pdf.startswith(scan())
    assert await verify(site, pdf) == [True]


async def test_a_one_time_link_opens_once_with_its_pin(site: Ways) -> None:
    path = await site.decided(LIBRARY, "online")
    await site.status(path, "delivered")
    assert (await site.ask("citizen2", "POST", f"{path}/links")).status_code == 404
    answer = await site.post("clerk1", f"{path}/links/for-applicant")
    assert set(answer) == {"expires_at"}
    made = await site.said(path, "link_made")
    assert len(made) == 1
    dossier = path.rpartition("/")[2]
    url, pin = [await site.keyring.open(dossier, v) for v in (made[0].url, made[0].pin)]
    link = url.removeprefix(site.url("delivery"))
    assert "one-time-code" in (await site.ask(None, "GET", link)).text
    wrong = await site.ask(None, "POST", link, data={"pin": f"{(int(pin) + 1) % 10**6:06d}"})
    assert (wrong.status_code, "Còn 4 lần thử" in wrong.text) == (403, True)
    right = await site.ask(None, "POST", link, data={"pin": pin})
    assert (right.status_code, right.content[:5]) == (200, b"%PDF-")
    assert (await site.ask(None, "POST", link, data={"pin": pin})).status_code == 404
    assert (await site.ask(None, "GET", "/download/" + "A" * 43)).status_code == 404


async def test_at_the_desk_the_identity_document_opens_it_and_for_another_the_code_too(site: Ways) -> None:
    path = await site.decided(YOGA, "in_person")
    shown = await site.status(path, "available")
    assert shown["desk"]["name"].startswith("Trung tâm Phục vụ hành chính công")
    assert re.fullmatch(r"\d{8}", shown["pickup"])
    assert "pickup" not in (await site.ask("clerk1", "GET", f"{path}/delivery")).json()
    known, other = {"identity_number": IDENTITY}, {"identity_number": "011190000002"}
    right, wrong = {"code": shown["pickup"]}, {"code": f"{(int(shown['pickup']) + 1) % 10**8:08d}"}
    for proof in ({}, wrong, other, right, {**known, **wrong}, {**other, **right}):
        assert (await site.ask("clerk1", "POST", f"{path}/collect", json=proof)).status_code == 403
    person = {"name": "Lò Văn Thay", "identity_number": "011087000009"}
    await site.post("citizen1", f"{path}/delivery/choice", {"way": "in_person", "desk": "03127", "authorised": person})
    shown = await site.until(path, lambda found: bool(found["desk"]["code"] == "03127"))
    choice = (await site.ask("citizen1", "GET", f"{path}/delivery/choice")).json()
    assert (choice["way"], choice["desk"], choice["authorised"]) == ("in_person", "03127", person["name"])
    assert (choice["refused"], choice["tangible"]) == (None, False)
    assert (await site.ask("citizen2", "GET", f"{path}/delivery/choice")).status_code == 404
    proof = {"receiver": "authorised", "identity_number": person["identity_number"]}
    assert (await site.ask("clerk1", "POST", f"{path}/collect", json=proof)).status_code == 403
    await site.post("clerk1", f"{path}/collect", {**proof, "code": shown["pickup"]})
    assert [e.receiver for e in await site.said(path, "result_delivered")] == ["authorised"]


async def test_a_plaque_waits_for_its_registration_and_is_collected_by_identity(site: Ways) -> None:
    path = await site.decided(STAR, "in_person")
    await site.until(path, lambda found: found.get("held") == "physical")
    await site.post("clerk1", f"{path}/physical", {"kind": "plaque", "serial": "SAO-3/2026"})
    await site.status(path, "available")
    await site.post("clerk1", f"{path}/collect", {"identity_number": IDENTITY})
    await site.status(path, "delivered")


async def test_who_chose_online_downloads_at_once_and_fetches_the_plaque(site: Ways) -> None:
    path = await site.decided(STAR, "online")
    await site.until(path, lambda found: found.get("held") == "physical")
    assert (await site.ask("citizen1", "GET", f"{path}/document")).content.startswith(b"%PDF-")
    await site.post("clerk1", f"{path}/physical", {"kind": "plaque", "serial": "SAO-4/2026"})
    await site.status(path, "available")
    assert [e.TYPE for e in await site.events(path)].count("delivery.result_delivered") == 0
    await site.post("clerk1", f"{path}/collect", {"identity_number": IDENTITY})
    await site.status(path, "delivered")


async def test_a_commune_that_is_no_more_is_refused_by_name(site: Ways) -> None:
    path = await site.decided(YOGA, "in_person")
    await site.status(path, "available")
    wish = {"way": "post", "address": {"province": "11", "commune": "03130", "detail": "Tổ 5"}}
    refused = await site.ask("citizen1", "POST", f"{path}/delivery/choice", json=wish)
    assert (refused.status_code, "address.commune" in refused.text) == (422, True)


async def tracking_of(site: Ways, path: str) -> str:
    return str((await site.until(path, lambda found: "tracking" in found))["tracking"])


@pytest.fixture
async def slow_post(site: Ways) -> AsyncIterator[None]:
    yield
    await site.post_office("/control/faults", method="DELETE")


@pytest.mark.usefixtures("slow_post")
async def test_by_post_late_twice_and_out_of_order_it_is_delivered_once(site: Ways) -> None:
    await site.post_office("/control/faults", {"late_ms": 150, "twice": True, "out_of_order": True})
    path = await site.decided(YOGA, "post")
    await site.post_office(f"/control/consignments/{await tracking_of(site, path)}", {"fate": "redelivered"})
    await site.status(path, "delivered")
    for kind in ("consignment_ordered", "result_delivered"):
        assert len(await site.said(path, kind)) == 1


@pytest.mark.usefixtures("slow_post")
async def test_a_post_office_that_never_calls_is_asked(site: Ways) -> None:
    await site.post_office("/control/faults", {"silent": True, "untold": [6, 7]})
    path = await site.decided(YOGA, "post")
    shown = await site.status(path, "delivered")
    assert [m["status"] for m in shown["moves"]] == [1, 2, 10, 11, 12, 14]


ENDS: Final = {
    "returned": "returned",
    "contradictory": "returned",
    "partial": "partial",
    "cancelled": "cancelled",
    "unfetched": "cancelled",
    "called_off": "cancelled",
    "lost": "travelling",
}
"""Where a plan of the post office leads, if not to the applicant."""


def test_the_simulated_post_office_tells_every_status_there_is() -> None:
    assert {status for plan in PLANS.values() for status in plan} == {*range(25), 28, 29}


def was_told(statuses: set[int], found: dict[str, Any]) -> bool:
    return statuses <= {m["status"] for m in found["moves"]}


@pytest.mark.usefixtures("slow_post")
async def test_every_plan_of_the_post_office_ends_as_the_rule_says(site: Ways) -> None:
    paths = {}
    for fate in PLANS:
        await site.post_office("/control/faults", {"fate": fate, "twice": True})
        paths[fate] = await site.decided(YOGA, "post")
        await tracking_of(site, paths[fate])
    for fate, path in paths.items():
        # The first status is that of the order itself, which nobody calls about.
        shown = await site.until(path, functools.partial(was_told, {*PLANS[fate][1:]}))
        assert shown.get("trouble", shown["status"]) == ENDS.get(fate, "delivered"), fate
        if fate != "found":  # it came back and was brought after all: told together, it was never back
            returned = [e for e in await site.events(path) if e.TYPE == "delivery.consignment_returned"]
            assert bool(returned) == (ENDS.get(fate) == "returned"), fate


async def test_what_came_back_is_chosen_anew_and_collected(site: Ways) -> None:
    path = await site.decided(YOGA, "post")
    tracking = await tracking_of(site, path)
    label = await site.ask("clerk1", "GET", f"{path}/label")
    assert label.content.startswith(b"%PDF-")
    await site.post_office(f"/control/consignments/{tracking}", {"fate": "returned"})
    shown = await site.until(path, lambda found: found.get("trouble") == "returned")
    assert shown["status"] == "failed"
    await site.post("citizen1", f"{path}/delivery/choice", {"way": "in_person"})
    shown = await site.status(path, "available")
    await site.post("clerk1", f"{path}/collect", {"code": shown["pickup"], "identity_number": IDENTITY})
    await site.status(path, "delivered")


@pytest.mark.usefixtures("slow_post")
async def test_an_order_that_was_not_fetched_is_taken_back(site: Ways) -> None:
    await site.post_office("/control/faults", {"hold": True})
    path = await site.decided(YOGA, "post")
    tracking = await tracking_of(site, path)
    before = (await site.ask("citizen1", "GET", f"{path}/delivery/choice")).json()
    assert (before["address"]["province"], before["refused"], before["wanted"]) == ("11", None, None)
    assert await site.post("citizen1", f"{path}/delivery/choice", {"way": "in_person"}) == {"status": "asked"}
    shown = await site.status(path, "available")
    assert (shown["past"][0]["tracking"], "tracking" in shown) == (tracking, False)
    assert (await site.ask("clerk1", "GET", f"{path}/label")).status_code == 404


async def test_papers_are_fetched_from_the_applicant(site: Ways) -> None:
    path = await site.decided(LIBRARY, "online")
    await site.status(path, "delivered")
    address = {"province": "11", "commune": "03127", "detail": "Bản Ví Dụ"}
    await site.post("citizen1", f"{path}/papers", address)
    await site.until(path, lambda found: any("arrived_at" in p for p in found["inbound"]))
    assert len(await site.said(path, "papers_arrived")) == 1


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    stamp = str(int(at if at is not None else time.time()))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-post-timestamp": stamp, "x-post-signature": signature}


async def test_a_call_back_that_is_forged_old_or_nonsense_changes_nothing(site: Ways) -> None:
    path = await site.decided(LIBRARY, "online")
    await site.status(path, "delivered")
    url = site.url("delivery") + "/post/events"
    status: dict[str, Any] = {"status": 14, "updatedDate": "2026-11-25T08:00:00+07:00"}
    told = {"SoDonHang": path.rpartition("/")[2], "itemCode": "RA473124829VN", "statuses": [status]}
    body = json.dumps(told).encode()
    cases = [
        (body, signed(body, secret="another-secret-of-16"), 401),
        (body, signed(body, at=time.time() - 900), 401),
        (body + b" ", signed(body), 401),
        (body, signed(body), 404),
    ]
    strange: list[Any] = [{**told, "itemCode": "RA473124820VN"}, {**told, "statuses": [{}]}, {**told, "SoDonHang": "x"}]
    for wrong in (*strange, []):
        nonsense = json.dumps(wrong).encode()
        cases.append((nonsense, signed(nonsense), 422))
    for content, headers, expected in cases:
        assert (await site.client.post(url, content=content, headers=headers)).status_code == expected


async def test_killed_while_it_signs_and_orders_there_is_one_document_one_order_one_number(site: Ways) -> None:
    paths = [await site.decided(YOGA, "post") for _ in range(12)]
    restarts = site.backbone.supervisor.restarts("ways-delivery")
    await site.until(paths[0], lambda found: bool(found.get("document")))
    site.backbone.supervisor.kill("ways-delivery")
    await site.backbone.supervisor.wait_restarted("ways-delivery", restarts)
    for path in paths:
        shown = await site.status(path, "delivered")
        dossier = path.rpartition("/")[2]
        stored = {e.sha256 for e in await site.said(path, "document_stored")}
        pdf = (await site.ask("citizen1", "GET", f"{path}/document")).content
        assert stored == {shown["sha256"]} == {hashlib.sha256(pdf).hexdigest()}
        assert await verify(site, pdf) == [True, True]
        orders = await site.post_office("/control/consignments", method="GET")
        assert [o["item"] for o in orders if o["order"] == dossier] == [shown["tracking"]]

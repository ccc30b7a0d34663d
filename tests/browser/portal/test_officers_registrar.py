"""The registrar's documents and what lies at the desk: scans, plaques, documents replaced, links, papers, losses."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pypdf import PdfWriter

from cli.demo.client import wait_for
from services.portal.texts import text
from tests.browser.portal.desk import (
    antiquity,
    choose,
    decided,
    delivering,
    library,
    press,
    received,
    refused,
    shown,
    wrongs,
)
from tests.browser.portal.test_acting import opened
from tests.browser.portal.test_officers_results import ADDRESS
from tests.browser.portal.test_paying import says
from tests.browser.portal.town import Town, looked_at, visitor

pytestmark = pytest.mark.journey

BROKEN = b"%PDF-1.7 %%EOF"
LOST_DAYS = 20
"""After so many days without a word a consignment is lost; 15 are enough."""


def scan(title: str) -> bytes:
    """A page without anything on it."""
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(595, 842)
    writer.add_metadata({"/Title": title})
    writer.write(out)
    return out.getvalue()


async def give(page: Any, content: bytes) -> None:
    """The file of the form."""
    await page.locator("#scan").set_input_files({"name": "q.pdf", "mimeType": "application/pdf", "buffer": content})


async def uploads(page: Any) -> None:
    """Nothing, no PDF, one that cannot be sealed, which is tried again; then one that can."""
    assert text("vi", "desk.held.scan") in await shown(page)
    await choose(page, "vi", "upload")
    await refused(page, "vi", "upload")
    assert await wrongs(page) == 2
    await looked_at(page, "desk-upload-wrong")
    await page.locator("#title").fill("Giấy chứng nhận <b>")
    await give(page, b"GIF89a")
    assert text("vi", "desk.wrong.scan_invalid") in await refused(page, "vi", "upload")
    assert await page.locator("#title").input_value() == "Giấy chứng nhận <b>"
    await page.locator(".wrong a").click()
    assert await page.evaluate("document.activeElement.id") == "scan"
    await give(page, BROKEN)
    await press(page, "vi", "upload")
    await says(page, text("vi", "desk.trouble.document"))
    await looked_at(page, "desk-scan-broken")

    await choose(page, "vi", "retry")
    await looked_at(page, "desk-retry")
    await press(page, "vi", "retry")
    await says(page, text("vi", "desk.trouble.document"))
    await choose(page, "vi", "upload")
    await page.locator("#title").fill("Giấy chứng nhận")
    await give(page, scan("signed by hand"))
    await press(page, "vi", "upload")
    await says(page, text("vi", "desk.held.physical"))


async def registers(page: Any) -> None:
    """A plaque, whose number is wrong at first."""
    await choose(page, "vi", "physical")
    await page.locator("#kind").select_option("plaque")
    await page.locator("#serial").fill("Số 12 năm 2026")
    assert text("vi", "desk.wrong.serial") in await refused(page, "vi", "physical")
    await looked_at(page, "desk-physical-wrong")
    await page.locator("#serial").fill("CV-12/2026")
    await press(page, "vi", "physical")
    assert f"{text('vi', 'desk.ask.kind_plaque')} CV-12/2026" in await shown(page)
    assert text("vi", "desk.delivery.available") in await shown(page)
    await looked_at(page, "desk-plaque")


async def replaces(page: Any) -> None:
    """The scan, by another."""
    name = text("vi", "desk.do.replace.name")
    assert await page.get_by_role("link", name=name, exact=True).count() == 0, "a scan is not made anew"
    await choose(page, "vi", "replace-scan")
    await refused(page, "vi", "replace-scan")
    assert await wrongs(page) == 4
    await looked_at(page, "desk-replace-scan-wrong")
    await page.locator("#replaces").select_option(index=1)
    await page.locator("#title").fill("Giấy chứng nhận, sửa")
    await page.locator("#reason").fill("sai")
    await give(page, scan("again"))
    await press(page, "vi", "replace-scan")
    await says(page, text("vi", "verify.replaced"))
    await looked_at(page, "desk-scan-replaced")


async def test_a_scan_that_cannot_be_sealed_is_uploaded_anew_goes_with_its_plaque_and_is_replaced(
    town: Town, browser: Any
) -> None:
    path = await decided(town, antiquity(), issued=True)
    await delivering(town, path, held="scan")
    for who, size, act in (
        ("registrar1", "phone", uploads),
        ("clerk1", "phone", registers),
        ("registrar1", "wide", replaces),
    ):
        async with visitor(browser, size, bypass_csp=True) as page:
            await opened(town, page, f"/desk{path}/result", who)
            await act(page)
    documents = (await delivering(town, path, status="available"))["documents"]
    assert [one["scanned"] for one in documents] == [True] * len(documents)
    assert documents[-2]["replaced_by"] == documents[-1]["document"]


async def test_a_document_is_replaced_and_its_link_opens_once(town: Town, browser: Any) -> None:
    email = "link@example.vn"
    applicant = {**library()["applicant"], "email": email}
    path = await decided(town, library(applicant=applicant), issued=True)
    await delivering(town, path, status="delivered")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/en/desk{path}/result", "registrar1")
        await choose(page, "en", "replace")
        await page.locator("#target").select_option(index=1)
        await page.locator("#reason").fill("x")
        assert text("en", "desk.wrong.reason") in await refused(page, "en", "replace")
        await looked_at(page, "desk-replace-wrong")
        await page.locator("#reason").fill("Sai tên <b>thư viện</b>")
        await press(page, "en", "replace")
        await says(page, text("en", "verify.replaced"))
        assert "Sai tên <b>thư viện</b>" in await shown(page)
        await looked_at(page, "desk-replaced")
        old, new = (await delivering(town, path, status="delivered"))["documents"]
        assert old["replaced_by"] == new["document"]
        await page.goto(f"{town.url}/en/verify?code={old['code']}")
        assert "Sai tên <b>thư viện</b>" in await shown(page)
        assert new["code"] in await shown(page)

        await page.goto(f"{town.url}/en/desk{path}/result")
        await choose(page, "en", "link")
        await looked_at(page, "desk-link")
        await press(page, "en", "link")
    stack, client = town.platform.stack, town.platform.client

    async def mailed() -> str | None:
        found = (await client.get(f"{stack.url('mailbox')}/messages", params={"to": email})).json()
        links = [re.search(r"http\S+/download/[\w-]{43}", one["text"]) for one in found]
        return next((link[0] for link in links if link), None)

    async def texted() -> str | None:
        found = (await client.get(f"{stack.url('phone')}/phone/messages", params={"to": town.phone})).json()
        pins = [re.search(r"ma PIN mo lien ket tai ket qua la (\d{6})", one["text"]) for one in found]
        return next((pin[1] for pin in pins if pin), None)

    link, pin = await wait_for("the link by e-mail", mailed), await wait_for("the PIN by SMS", texted)
    got = await client.post(link, data={"pin": pin})
    assert got.content.startswith(b"%PDF-")
    assert (await client.post(link, data={"pin": pin})).status_code == 404


@pytest.fixture
async def silent_post(town: Town) -> AsyncIterator[None]:
    """What is ordered was last heard of long ago."""
    faults = f"{town.platform.stack.url('post_office')}/control/faults"
    await town.platform.client.post(faults, json={"hold": True, "behind_days": LOST_DAYS})
    yield
    await town.platform.client.delete(faults)


@pytest.mark.usefixtures("silent_post")
async def test_papers_come_by_post_and_a_lost_result_is_compensated(town: Town, browser: Any) -> None:
    path = await received(town, library(way="post", address=ADDRESS))
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk{path}/result", "clerk1")
        await choose(page, "vi", "papers-received")
        await page.locator("#tracking").fill("EE 123456785 VN")
        assert text("vi", "desk.wrong.tracking") in await refused(page, "vi", "papers-received")
        await looked_at(page, "desk-papers-wrong")
        await page.locator("#tracking").fill("EE123456785VN")
        await press(page, "vi", "papers-received")
        assert "EE123456785VN" in await shown(page)
        await looked_at(page, "desk-papers")
    await town.platform.told(path, "papers_arrived")
    for who, what, body in (
        ("specialist1", "take", None),
        ("specialist1", "examine", {"proposal": "approve"}),
        ("leader1", "decide", {"outcome": "approved"}),
        ("registrar1", "issue", None),
    ):
        await town.platform.post(who, f"{path}/{what}", body)
    lost = await delivering(town, path, trouble="lost")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk{path}/result", "clerk1")
        assert text("vi", "desk.trouble.lost") in await shown(page)
        assert f"{lost['tracking']}: {text('vi', 'desk.loss_open')}" in await shown(page)
        await choose(page, "vi", "case-close")
        await page.locator("#tracking").select_option(lost["tracking"])
        await page.locator("#outcome").select_option("compensated")
        assert text("vi", "desk.missing") in await refused(page, "vi", "case-close")
        await looked_at(page, "desk-case-wrong")
        await page.locator("#amount").fill("90.000")
        await press(page, "vi", "case-close")
        assert f"{text('vi', 'desk.loss_compensated')}, 90.000 đồng" in await shown(page)
        name = text("vi", "desk.do.case-close.name")
        assert await page.get_by_role("link", name=name, exact=True).count() == 0
        await looked_at(page, "desk-case-closed")
    closed = (await delivering(town, path, trouble="lost"))["case"]
    assert (closed["outcome"], closed["amount"]) == ("compensated", 90_000)

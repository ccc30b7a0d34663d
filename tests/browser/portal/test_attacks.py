"""What somebody may try who means harm: guessed ids, forms sent again, HTML, names and files that are traps."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from services.portal.texts import text
from tests.browser.portal.a11y import routes
from tests.browser.portal.test_acting import opened, tracked
from tests.browser.portal.test_filing import begun, fill
from tests.browser.portal.test_paying import owing
from tests.browser.portal.test_signed_in import cookie, sign_in
from tests.browser.portal.town import Town, token_of, visitor
from tests.unit.services.files.samples import archive, docx, pdf

NASTY = '"><script>document.title="in"</script><b id="in" onfocus=alert(1)>{{7*7}}</b>'
TRICKS = ("../../../etc/passwd.pdf", "..\\..\\boot.pdf", "/etc/shadow.pdf", "a/../../b.pdf", "<b id=in>.pdf")
OWN = [(way, path) for way in ("GET", "POST") for path in routes(way) if path.startswith("/my/{dossier}")]
OWN += [(way, path) for way in ("GET", "POST") for path in routes(way) if path.startswith("/my/supplements/")]
"""Every address of one's own dossier."""
GIVEN = {"token": "", "score": "5", "words": "x", "reason": "x", "desk": "H18", "way": "online"}


async def test_every_page_of_a_dossier_is_its_owner_s_alone(town: Town, browser: Any) -> None:
    assert len(OWN) >= 16
    path = await town.platform.file()
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    await town.delivery(dossier)
    async with visitor(browser, "wide") as page:
        await opened(town, page, "/my", who="citizen2")
        form = {**GIVEN, "token": token_of(await page.content())}
        for method, route in OWN:
            way = route.format(dossier=dossier, way="in_person", code="ABCD-EFGH-IJKL-MNOP")
            options = {"form": form} if method == "POST" else {}
            answer = await page.request.fetch(town.url + way, method=method, max_redirects=0, **options)
            assert answer.status == 404, (method, route)
    held = await town.platform.get("citizen1", path)
    assert (held["stage"], held.get("score")) == ("filed", None)


async def test_a_form_that_is_sent_again_does_nothing_more_and_nothing_after_signing_out(
    town: Town, browser: Any
) -> None:
    path = await town.platform.file()
    await tracked(town, path)
    address = f"{town.url}/my/{path.rpartition('/')[2]}/withdraw"
    async with visitor(browser, "wide") as page:
        await opened(town, page, address.removeprefix(town.url))
        form = {"token": token_of(await page.content()), "reason": "x"}
        kept = {name: str(await cookie(page, name)) for name in ("form", "session")}
        for _ in range(2):
            assert (await page.request.post(address, form=form, max_redirects=0)).status == 303
        await town.platform.entry(path, "dossier.withdrawn")
        timeline = await town.platform.get("citizen1", f"{path}/timeline", service="tracking")
        assert [entry["type"] for entry in timeline["entries"]].count("dossier.withdrawn") == 1
        await page.goto(f"{town.url}/my")
        await page.get_by_role("button", name=text("vi", "my.out")).click()
    async with httpx.AsyncClient(trust_env=False, cookies=kept) as thief:
        answer = await thief.post(address, data=form)
        assert answer.headers["location"].startswith("/sign-in"), "what was recorded before is worth nothing after"


async def test_html_is_text_in_every_field_there_is(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide") as page:  # under the policy that is sent
        said: list[str] = []
        page.on("dialog", lambda dialog: said.append(dialog.message))
        draft = await begun(town, page, who="citizen2")
        for key in ("applicant", "agent", "form", "delivery"):
            await page.goto(f"{draft}/{key}")
            fields = page.locator("main input:not([type=hidden]):not([type=date]), main textarea")
            names = [str(await one.get_attribute("name")) for one in await fields.all()]
            await page.evaluate("document.querySelectorAll('[maxlength]').forEach(it => it.maxLength = 4000)")
            await fill(page, dict.fromkeys(names, NASTY))
            await page.locator("main form button").first.click()
            await page.goto(f"{draft}/{key}")
            shown = [await page.locator(f'[id="{name}"]').input_value() for name in names]
            assert shown == [NASTY] * len(names), key
            assert await page.locator("#in").count() == 0
        for way in ("", "/check"):
            await page.goto(draft + way)
            assert await page.locator("#in").count() == 0
            assert await page.title() != "in"
        assert "49" not in await page.locator("main dl").first.inner_text()
        assert said == []
        await page.goto(draft)
        await page.get_by_role("button", name=text("vi", "file.remove")).click()


@pytest.mark.parametrize("name", TRICKS)
async def test_a_file_is_called_by_the_last_part_of_its_name_and_no_other(town: Town, browser: Any, name: str) -> None:
    async with visitor(browser, "wide") as page:
        draft = await begun(town, page, who="citizen2")
        await page.goto(f"{draft}/documents")
        file = {"name": name, "mimeType": "application/pdf", "buffer": pdf(name.encode())}
        form = {"token": token_of(await page.content()), "file": file}
        await page.request.post(f"{draft.replace('/drafts/', '/papers/')}/notification", multipart=form)
        await page.goto(f"{draft}/documents")
        shown = await page.locator("main section").first.inner_text()
        last = name.replace("\\", "/").rpartition("/")[2]
        assert last in shown
        assert ".." not in shown
        assert await page.locator("#in").count() == 0
        await page.goto(draft)
        await page.get_by_role("button", name=text("vi", "file.remove")).click()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (docx({"word/media/a.bin": bytes(24 * 1024 * 1024)}), "archive_bomb"),
        (docx({"inside.zip": archive({"a": b"x"})}), "nested_archive"),
        (archive({"a.txt": bytes(8 * 1024 * 1024)}), "archive_bomb"),
        (pdf(b"x") + archive({"a": b"x"}), "polyglot"),
    ],
    ids=["bomb", "in one another", "bomb that is no document", "two at once"],
)
async def test_an_archive_that_is_a_trap_is_refused_in_words(
    town: Town, browser: Any, content: bytes, word: str
) -> None:
    async with visitor(browser, "wide") as page:
        draft = await begun(town, page, who="citizen2")
        await page.goto(f"{draft}/documents")
        file = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": content}
        form = {"token": token_of(await page.content()), "file": file}
        address = f"{draft.replace('/drafts/', '/papers/')}/notification"
        answer = await page.request.post(address, multipart=form)
        assert answer.status == 422
        assert text("vi", f"file.refused.{word}") in await answer.text()
        await page.goto(draft)
        assert text("vi", "file.is_empty") in await page.locator("main").inner_text()
        await page.get_by_role("button", name=text("vi", "file.remove")).click()


async def test_what_comes_back_from_a_gateway_leads_to_the_portal_and_nowhere_else(town: Town, browser: Any) -> None:
    dossier = await owing(town)
    returns: list[str] = []
    async with visitor(browser, "wide") as page:
        page.on("request", lambda asked: returns.append(asked.url) if "/vnpay/return" in asked.url else None)
        await page.goto(f"{town.url}/my/{dossier}/payment")
        await sign_in(page, "citizen1")
        await page.locator("section form button").click()
        await page.locator("button[value=insufficient]").click()
        await page.wait_for_url(f"{town.url}/my/{dossier}/payment")
    (back,) = returns
    evil = "https%3A%2F%2Fevil.example"
    async with httpx.AsyncClient(trust_env=False) as client:
        again = await client.get(back)
        assert again.headers["location"] == f"{town.url}/my/{dossier}/payment"
        for more in (f"&next={evil}", f"&vnp_ReturnUrl={evil}", f"&vnp_TxnRef={evil}"):
            answer = await client.get(back + more)
            assert answer.status_code == 400 or answer.headers["location"].startswith(town.url), more
        for path in ("/en//evil.example", "//evil.example", "/en/%2fevil.example", "/en/%5cevil.example"):
            page_of = await client.get(town.url + path)
            assert re.search(r'href="/[/\\]', page_of.text) is None, path

"""What tests of officers' pages share: a dossier to work on, the way to a command, a client of somebody signed in."""

from __future__ import annotations

import uuid
from types import TracebackType
from typing import Any

import httpx

from cli.demo.client import wait_for
from cli.demo.filings import plan
from services.portal.pages import path_in
from services.portal.texts import Language, text
from tests.browser.portal.test_acting import tracked
from tests.browser.portal.town import Town
from tests.integration.platform.test_life import LIBRARY
from tests.unit.services.files.samples import pdf

NASTY = 'Thư viện <b id="in">&amp;</b>'
PHONE = plan(LIBRARY, "t")[LIBRARY - 1].phone
PAPER = pdf(b"desk")


async def filed(town: Town) -> str:
    """The id of a new dossier with HTML in its answers and one document, which was checked for viruses."""
    platform = town.platform
    filing = dict(plan(LIBRARY, "t")[LIBRARY - 1].filing)
    filing["form"] = {**filing["form"], "library_name": NASTY}
    file = str(uuid.uuid4())
    await platform.get("citizen1", "/my-dossiers")
    headers = {"authorization": f"Bearer {platform.tokens['citizen1']}", "file-name": "giay.pdf"}
    url = f"{platform.stack.url('submission')}/files/{file}"
    put = await platform.client.put(url, content=PAPER, headers=headers)
    assert put.is_success, put.text

    async def checked() -> bool:
        return bool((await platform.get("citizen1", f"/files/{file}"))["state"] == "clean")

    await wait_for("the file to be checked", checked)
    files = [{"code": "proof_of_conditions", "file": file}]
    dossier: str = (await platform.post("citizen1", "/dossiers", {**filing, "files": files}))["id"]
    await tracked(town, f"/dossiers/{dossier}")
    return dossier


def at(town: Town, language: Language, dossier: str, slug: str = "") -> str:
    """The address of a dossier, or of a command on it."""
    return town.url + path_in(language, f"/desk/dossiers/{dossier}{'/' if slug else ''}{slug}")


async def choose(page: Any, language: Language, slug: str) -> None:
    """From the dossier to the command, which says what follows from it."""
    await page.get_by_role("link", name=text(language, f"desk.do.{slug}.name"), exact=True).click()
    assert text(language, f"desk.do.{slug}.follows") in await page.locator("main").inner_text()


async def press(page: Any, language: Language, slug: str) -> None:
    """The command's own button, and what is said once it is done."""
    await page.get_by_role("button", name=text(language, f"desk.do.{slug}.go"), exact=True).click()
    await page.get_by_role("status").get_by_text(text(language, f"desk.do.{slug}.done")).wait_for()


async def wrongs(page: Any) -> int:
    """How many questions are to be put right, once the page says so."""
    await page.locator(".wrong").wait_for()
    found: int = await page.locator(".wrong li").count()
    return found


class SignedIn:
    """A client of somebody who signed in, at the provider's own form."""

    def __init__(self, town: Town, who: str) -> None:
        self._who = who
        self._client = httpx.AsyncClient(base_url=town.url, trust_env=False, timeout=20)

    async def __aenter__(self) -> httpx.AsyncClient:
        form = await self._client.get("/sign-in", follow_redirects=True)
        who = {"username": self._who, "password": f"{self._who}-demo-only"}
        answer = await self._client.post(str(form.url), data=who, follow_redirects=True)
        assert answer.is_success, answer.text
        return self._client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

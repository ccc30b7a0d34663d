"""What tests of officers' pages share: a dossier to work on, the way to a command, a client of somebody signed in."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import httpx

from bench.doors.filings import valid
from cli.demo.client import wait_for
from cli.demo.filings import plan
from law import procedures
from services.portal.pages import path_in
from services.portal.texts import Language, text
from services.submission.domain.dossier import local_day
from tests.browser.portal.test_acting import tracked
from tests.browser.portal.town import Town
from tests.integration.platform.test_life import LIBRARY
from tests.unit.services.files.samples import pdf

NASTY = 'Thư viện <b id="in">&amp;</b>'
PHONE = plan(LIBRARY, "t")[LIBRARY - 1].phone
PAPER = pdf(b"desk")
ANTIQUITIES = "2.001631"
"""A procedure without a fee, whose term runs in two stages; its result as `town` has it."""


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


def antiquity(**applicant: str) -> dict[str, Any]:
    """A filing of a registration of antiquities; `applicant`: what is said of them besides."""
    made = valid(procedures.find(ANTIQUITIES, local_day(datetime.now(UTC))), random.Random(1))  # noqa: S311 - of a test
    made.pop("address", None)
    return {**made, "way": "online", "applicant": {**made["applicant"], **applicant}}


async def received(town: Town, filing: dict[str, Any] | None = None) -> str:
    """The path of a dossier without a fee that the culture unit has to examine; `filing`: else a library's."""
    platform = town.platform
    filing = filing or plan(LIBRARY, "t")[LIBRARY - 1].filing
    path = f"/dossiers/{(await platform.post('citizen1', '/dossiers', filing))['id']}"
    await platform.post("clerk1", f"{path}/accept")
    await platform.stage(path, "assigning")
    await platform.post("leader1", f"{path}/assign", {"unit": "culture"})
    await tracked(town, path)
    return path


async def decided(town: Town, filing: dict[str, Any] | None = None, *, issued: bool = False) -> str:
    """The path of one whose result may be issued, or was."""
    platform, path = town.platform, await received(town, filing)
    await platform.post("specialist1", f"{path}/take")
    await platform.post("specialist1", f"{path}/examine", {"proposal": "approve"})
    await platform.post("leader1", f"{path}/decide", {"outcome": "approved"})
    if issued:
        await platform.post("registrar1", f"{path}/issue")
    return path


def library(**more: Any) -> dict[str, Any]:
    """A filing of a library, with another way or address."""
    return {**plan(LIBRARY, "t")[LIBRARY - 1].filing, **more}


async def delivering(town: Town, path: str, **wanted: Any) -> dict[str, Any]:
    """The delivery as its owner sees it, once all of that is so."""

    async def there() -> dict[str, Any] | None:
        answer = await town.platform.ask("citizen1", "GET", f"{path}/delivery", service="delivery")
        found: dict[str, Any] = answer.json() if answer.is_success else {}
        return found if wanted.items() <= found.items() else None

    return await wait_for(f"the delivery to be {wanted}", there)


def at(town: Town, language: Language, dossier: str, slug: str = "") -> str:
    """The address of a dossier, or of a command on it."""
    return town.url + path_in(language, f"/desk/dossiers/{dossier}{'/' if slug else ''}{slug}")


async def choose(page: Any, language: Language, slug: str) -> None:
    """From the dossier to the command, which says what follows from it."""
    await page.get_by_role("link", name=text(language, f"desk.do.{slug}.name"), exact=True).click()
    assert text(language, f"desk.do.{slug}.follows") in await page.locator("main").inner_text()


async def shown(page: Any) -> str:
    """What the page says."""
    said: str = await page.locator("main").inner_text()
    return said


async def refused(page: Any, language: Language, slug: str) -> str:
    """Presses the command's own button for nothing: what is wrong is said in the title, and in this summary."""
    await page.get_by_role("button", name=text(language, f"desk.do.{slug}.go"), exact=True).click()
    await page.locator(".wrong").wait_for()
    assert (await page.title()).startswith(text(language, "error_title"))
    said: str = await page.locator(".wrong").inner_text()
    return said


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

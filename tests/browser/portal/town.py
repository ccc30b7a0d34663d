"""What tests of the portal's pages share: who looks, at what, and when there is nothing to complain of."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.demo.client import wait_for
from services.portal.texts import LANGUAGES
from tests.integration.platform.test_life import Platform

axe = pytest.importorskip("axe_playwright_python.async_playwright")
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
SIZES = {"wide": (1280, 900), "phone": (320, 640)}
JOURNEYS = pytest.mark.parametrize(
    ("size", "language", "scripts"),
    [(size, language, on) for size, language in zip(SIZES, LANGUAGES, strict=True) for on in (True, False)],
    ids=lambda value: value if isinstance(value, str) else "scripts" if value else "no scripts",
)
"""In both languages, on a phone and on a desk, with scripts and without."""
WEIGHT = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter(it => !["img", "image"].includes(it.initiatorType)).reduce((sum, it) => sum + it.decodedBodySize, 0)"""
MOST_KB = 60
WHY = 'thiếu số nhà <b id="in">&amp;</b>'


@dataclass
class Town:
    """`waiting`, `decided`: the codes of two dossiers; `document`: the code and bytes of the result of the second."""

    platform: Platform
    url: str
    waiting: str
    decided: str
    document: tuple[str, bytes]
    phone: str
    store_url: str

    async def codes(self) -> list[str]:
        """The one-time codes on the applicant's phone, the last one last."""
        answer = await self.platform.client.get(
            f"{self.platform.stack.url('phone')}/phone/messages", params={"to": self.phone}
        )
        return [re.findall(r"\d{6}", m["text"])[0] for m in answer.json() if "Ma xac nhan" in m["text"]]

    async def next_code(self, before: int) -> str:
        """The one that comes after `before` others."""

        async def there() -> str | None:
            found = await self.codes()
            return found[-1] if len(found) > before else None

        return await wait_for("a one-time code on the phone", there)

    async def delivery(self, dossier: str) -> None:
        """Waits until delivery has heard of it."""
        path = f"/dossiers/{dossier}/delivery"

        async def heard() -> bool:
            return (await self.platform.ask("citizen1", "GET", path, service="delivery")).is_success

        await wait_for("delivery to hear of it", heard)


@asynccontextmanager
async def visitor(browser: Any, size: str, **options: Any) -> AsyncIterator[Any]:
    """A page of somebody who was never here before."""
    if not options.get("java_script_enabled", True):
        _noted(without_scripts=os.environ["PYTEST_CURRENT_TEST"].partition(" ")[0])
    viewport = dict(zip(("width", "height"), SIZES[size], strict=True))
    context = await browser.new_context(viewport=viewport, **options)
    try:
        yield await context.new_page()
    finally:
        await context.close()


LOST = """[...document.body.querySelectorAll("*")].filter(it => {
    const style = getComputedStyle(it), box = it.getBoundingClientRect();
    if (it.closest(".wide") || it.closest(".skip") || !box.width) return false;
    const cut = style.overflowX != "visible" && it.tagName != "SELECT" && it.scrollWidth > it.clientWidth + 1;
    return (cut && !["INPUT", "TEXTAREA"].includes(it.tagName)) || box.left < -1 || box.right > innerWidth + 1;
}).map(it => it.outerHTML.slice(0, 120))"""
"""What stands beyond the edge or is cut; tables have a scroller of their own."""
SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth"
TEXT_SIZE = "size => { document.documentElement.style.fontSize = size; }"


async def nothing_is_lost(page: Any, name: str) -> None:
    """As it is (320 px: a desk's screen at 400 %), and on a desk with the text alone twice as large (WCAG 1.4.4)."""
    for size in ("", "200%") if page.viewport_size["width"] == SIZES["wide"][0] else ("",):
        await page.evaluate(TEXT_SIZE, size)
        assert not await page.evaluate(SIDEWAYS), f"{name} scrolls sideways, text {size or 'as it is'}"
        assert await page.evaluate(LOST) == [], f"{name}, text {size or 'as it is'}"
    await page.evaluate(TEXT_SIZE, "")


async def looked_at(page: Any, name: str) -> None:
    """Nothing to complain of: axe, the weight of the page, and nothing lost at 400 % or with large text.

    Where `HOSO_SCREENSHOTS` names a folder, a picture is kept there; where `HOSO_A11Y` names a file, what was found.
    """
    if folder := os.environ.get("HOSO_SCREENSHOTS"):
        await page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
    kilobytes = await page.evaluate(WEIGHT) / 1024
    found = await axe.Axe().run(page, options=RULES)
    _noted(url=page.url, state=name, violations=found.violations_count, kilobytes=kilobytes)
    await nothing_is_lost(page, name)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert kilobytes <= MOST_KB, f"{name} weighs {kilobytes:.0f} KiB"


def _noted(**what: Any) -> None:
    if file := os.environ.get("HOSO_A11Y"):
        with Path(file).open("a") as notes:
            notes.write(json.dumps(what) + "\n")


def token_of(page: str) -> str:
    """Of the form on a page."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]

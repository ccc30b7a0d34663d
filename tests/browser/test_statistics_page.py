"""The public page of statistics in a real browser: readable without scripts and on a phone, and axe has no complaint.

Needs Debian's chromium; screenshots go to the folder `HOSO_SCREENSHOTS`, where it is set.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from chassis.http import Verifier, create_app
from chassis.http.server import new_server
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import http, until
from services.tracking.domain.counted import Counted
from services.tracking.statistics.api import router
from services.tracking.statistics.log import totals
from services.tracking.statistics.view import Shown, View
from tests.unit.services.populations import NOW

playwright = pytest.importorskip("playwright.async_api")
axe = pytest.importorskip("axe_playwright_python.async_playwright")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
SIZES = {"wide": (1280, 900), "phone": (360, 740)}


def a_year() -> list[Counted]:
    """Some hundred dossiers of the last twelve months; few of them of one procedure."""
    found = []
    for number in range(420):
        filed = NOW - timedelta(days=number % 330, hours=number % 20)
        took = timedelta(days=number % 11, hours=5)
        way = ("online", "post", "in_person")[number % 3]
        ended = filed + took
        found.append(
            Counted(
                procedure="1.000953" if number % 70 else "1.001440",
                route="portal" if number % 4 else "upstream",
                filed=filed, received=filed, due=filed + timedelta(days=9), ended=ended, end="approved",
                cash=number % 9 == 0,
                tally={f"{ended.date().isoformat()} delivered.{way}": 1},
            )
        )  # fmt: skip
    return found


def shown(live: bool) -> FastAPI:  # noqa: FBT001 - a parameter of the test
    view = View(Shown(totals(a_year()), NOW - timedelta(hours=2)))
    if live:
        view.begin(a_year())
        view.catch_up({}, {})

    async def ready() -> dict[str, str]:
        return {}

    return create_app("test", router(view, lambda: NOW), Verifier("http://127.0.0.1:9"), ready=ready)


@pytest.fixture(params=[True, False], ids=["live", "last good"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    port = free_ports(1)[0]
    server = new_server(shown(request.param), LOOPBACK, port)
    serving = asyncio.create_task(server.serve())
    await until(http(f"http://{LOOPBACK}:{port}/healthz"), 20)
    yield f"http://{LOOPBACK}:{port}/statistics"
    server.should_exit = True
    await serving


async def opened(browser: Any, site: str, size: tuple[int, int], **options: Any) -> Any:
    viewport = {"width": size[0], "height": size[1]}
    page = await (await browser.new_context(viewport=viewport, **options)).new_page()
    assert (await page.goto(site)).status == 200
    return page


@pytest.mark.parametrize("size", SIZES)
async def test_axe_has_no_complaint_and_nothing_scrolls_sideways(site: str, size: str) -> None:
    async with playwright.async_playwright() as p:
        browser = await p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await opened(browser, site, SIZES[size], bypass_csp=True)
        found = await axe.Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if folder := os.environ.get("HOSO_SCREENSHOTS"):
            await page.screenshot(path=str(Path(folder) / f"statistics-{size}.png"), full_page=True)
        await browser.close()


async def test_without_scripts_charts_and_tables_are_there(site: str) -> None:
    async with playwright.async_playwright() as p:
        browser = await p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await opened(browser, site, SIZES["wide"], java_script_enabled=False)
        assert await page.locator("svg rect").count() > 20
        assert await page.locator("svg[role=img] > title").count() == 2
        await page.locator("summary").first.click()
        assert await page.locator("details[open] table tbody tr").count() == 12
        assert await page.get_by_text("không quá").count() >= 2
        await browser.close()

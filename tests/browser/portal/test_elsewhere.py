"""Where citizens file at the national portal: following, verification, statistics and the catalogue stay."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from chassis.http.server import new_server
from cli.demo.client import wait_for
from deploy.local.ports import free_ports
from services.portal.app import new_app
from services.portal.parts import new_portal
from services.portal.settings import PortalSettings
from services.portal.texts import text
from tests.browser.portal.town import Town, looked_at, visitor

NATIONAL = "https://dichvucong.gov.vn"


@pytest.fixture
async def elsewhere(town: Town, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of another portal of the same town."""
    (port,) = free_ports(1)
    url = town.platform.stack.url
    for name in ("submission", "payment", "notification", "delivery", "tracking", "statistics"):
        monkeypatch.setenv(f"PORTAL_{name.upper()}_URL", url(name))
    own = {
        "PORTAL_URL": f"http://127.0.0.1:{port}",
        "PORTAL_PORT": str(port),
        "PORTAL_CLIENT_ID": "portal",
        "PORTAL_CLIENT_SECRET": "not asked for here",
        "PORTAL_KEY": base64.b64encode(b"k" * 32).decode(),
        "PORTAL_CITIZENS": "false",
        "PORTAL_NATIONAL_URL": NATIONAL,
        "MONGODB_URL": town.store_url,
        "OIDC_ISSUER": url("idp"),
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    portal = new_portal(PortalSettings())
    server = new_server(new_app(portal), "127.0.0.1", port)
    serving = asyncio.create_task(server.serve())
    await wait_for("the other portal", lambda: _answers(own["PORTAL_URL"]))
    yield own["PORTAL_URL"]
    server.should_exit = True
    await serving
    await portal.close()


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(f"{url}/healthz")).is_success
        except httpx.HTTPError:
            return False


async def test_people_are_told_where_to_file_and_the_rest_is_as_it_was(elsewhere: str, browser: Any) -> None:
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await page.goto(elsewhere)
        link = page.get_by_role("link", name=text("vi", "elsewhere.go"))
        assert await link.get_attribute("href") == NATIONAL
        assert await page.get_by_role("link", name=text("vi", "my.title")).count() == 0
        await looked_at(page, "home-elsewhere")
        await page.goto(f"{elsewhere}/procedures/1.001440")
        assert await link.count() == 1
        assert await page.locator("a[href$='/file']").count() == 0
        await looked_at(page, "procedure-elsewhere")
        for path, status in (("/track", 200), ("/verify", 200), ("/statistics", 200), ("/my", 404), ("/desk", 303)):
            assert (await page.request.get(elsewhere + path, max_redirects=0)).status == status, path

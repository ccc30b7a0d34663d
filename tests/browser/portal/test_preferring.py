"""How one is told: set once for every dossier under way, and each says so to notification."""

from __future__ import annotations

from typing import Any

import pytest

from cli.demo.client import wait_for
from services.portal.texts import text
from tests.browser.portal.test_acting import opened
from tests.browser.portal.town import Town, looked_at, token_of, visitor

pytestmark = pytest.mark.journey


async def heard(town: Town, path: str) -> None:
    async def there() -> bool:
        return (await town.platform.ask("citizen1", "GET", f"{path}/preferences", service="notification")).is_success

    await wait_for("notification to hear of it", there)


async def test_language_channel_and_what_one_does_without(town: Town, browser: Any) -> None:
    path = await town.platform.file()
    await heard(town, path)
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, "/en/my")
        await page.get_by_role("link", name=text("en", "prefer.title")).click()
        await looked_at(page, "preferences")
        for name, answer in (("channel", "email"), ("language", "en"), ("optional", "no")):
            await page.locator(f"#{name}").select_option(answer)
        await page.get_by_role("button", name=text("en", "prefer.save")).click()
        assert await page.get_by_role("status").inner_text() == text("en", "prefer.saved")
        await looked_at(page, "preferences-saved")
        now = await town.platform.get("citizen1", f"{path}/preferences", service="notification")
        assert now == {"language": "en", "channel": "auto", "optional": False}, "it has no address for e-mail"
        line = page.locator(".results li", has=page.locator(f"a[href$='{path.rpartition('/')[2]}']"))
        assert text("en", "prefer.optional_no") in await line.inner_text()
        await page.locator("#channel").select_option("")
        await page.get_by_role("button", name=text("en", "prefer.save")).click()
        assert (await page.title()).startswith(text("en", "error_title"))
        await looked_at(page, "preferences-wrong")
        forged = await page.request.post(f"{town.url}/my/preferences", form={"channel": "sms", "token": "0" * 64})
        assert forged.status == 403
        given = {"channel": "auto", "language": "vi", "optional": "yes", "token": token_of(await page.content())}
        await page.request.post(f"{town.url}/my/preferences", form=given)
    back = await town.platform.get("citizen1", f"{path}/preferences", service="notification")
    assert back == {"language": "vi", "channel": "auto", "optional": True}


async def test_who_has_no_dossier_under_way_is_told_so(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, "/my/preferences", who="citizen2")
        assert text("vi", "prefer.none") in await page.locator("main").inner_text()
        await looked_at(page, "preferences-none")

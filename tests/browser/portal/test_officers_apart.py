"""Who may not: a citizen has no desk, an officer no dossiers of their own, and no form works but one that was given."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.portal.texts import text
from tests.browser.portal.desk import SignedIn, filed
from tests.browser.portal.test_signed_in import cookie, sign_in
from tests.browser.portal.town import Town, looked_at, token_of, visitor

pytestmark = pytest.mark.journey

PAGES = ("/desk", "/desk/search", "/desk/inbox/clerk/unit", "/desk/dossiers/{}", "/desk/dossiers/{}/accept")


async def test_a_citizen_has_no_desk_and_an_officer_no_dossiers_of_their_own(town: Town) -> None:
    dossier = await filed(town)
    async with SignedIn(town, "citizen1") as client:
        for path in PAGES:
            assert (await client.get(path.format(dossier))).status_code == 404, path
        token = token_of((await client.get("/my")).text)
        sent = {"token": token, "revision": "1", "request": "0" * 32}
        assert (await client.post(f"/desk/dossiers/{dossier}/accept", data=sent)).status_code == 404
        assert (await client.post("/desk/search", data={"token": token, "words": "Lò"})).status_code == 404
    async with SignedIn(town, "clerk1") as client:
        for path in ("/my", f"/my/{dossier}", "/procedures/1.008895/file", f"/my/{dossier}/withdraw"):
            refused = await client.get(path)
            assert refused.status_code == 403, path
            assert text("vi", "desk.not_yours") in refused.text
        for path in (
            "/desk/inbox/leader/overdue",
            "/desk/inbox/clerk/mine",
            "/desk/dossiers/x",
            "/desk/dossiers/..%2f",
        ):
            assert (await client.get(path)).status_code == 404, path
    assert (await town.platform.get("citizen1", f"/dossiers/{dossier}"))["stage"] == "filed"


async def test_an_officer_lands_at_their_desk(town: Town, browser: Any) -> None:
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await page.goto(f"{town.url}/en/my")
        await sign_in(page, "registrar1")
        await page.wait_for_url(f"{town.url}/en/desk")
        await looked_at(page, "desk-registrar")
        await page.goto(f"{town.url}/en/my")
        await page.get_by_role("heading", name=text("en", "desk.not_yours")).wait_for()
        await looked_at(page, "desk-not-yours")
        await page.goto(f"{town.url}/en/desk/inbox/registrar/unit")
        await looked_at(page, "desk-inbox")
        await page.get_by_role("button", name=text("en", "my.out")).click()
        assert await cookie(page, "session") is None


async def test_a_form_sent_twice_is_one_command(town: Town) -> None:
    path = await town.platform.examining()
    dossier = path.rpartition("/")[2]
    async with SignedIn(town, "specialist1") as client:
        form = await client.get(f"/desk/dossiers/{dossier}/take")
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', form.text))
        answers = [await client.post(f"/desk/dossiers/{dossier}/take", data=fields) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [303, 303]
    assert (await town.platform.get("clerk1", path))["holder"] == "specialist1"


async def test_a_form_that_was_not_given_to_this_browser_is_refused(town: Town) -> None:
    dossier = await filed(town)
    async with SignedIn(town, "clerk1") as client, SignedIn(town, "clerk1") as other:
        theirs = token_of((await other.get(f"/desk/dossiers/{dossier}/accept")).text)
        await client.get(f"/desk/dossiers/{dossier}/accept")
        for forged in ({}, {"token": theirs}, {"token": "0" * 64}):
            sent = {"revision": "1", "request": "0" * 32, **forged}
            for slug in ("accept", "reject", "supplement"):
                answer = await client.post(f"/desk/dossiers/{dossier}/{slug}", data=sent)
                assert answer.status_code == 403, slug
            assert (await client.post("/desk/search", data={"words": "Lò", **forged})).status_code == 403
    assert (await town.platform.get("clerk1", f"/dossiers/{dossier}"))["stage"] == "filed"

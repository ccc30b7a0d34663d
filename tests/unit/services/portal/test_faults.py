"""What people are told when something is not there, away, or asked too often: a page, never a trace."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from chassis.http.routes import guards, unguarded
from services.portal.app import new_app
from services.portal.parts import new_portal
from services.portal.settings import PortalSettings
from services.portal.texts import text
from tests.unit.services.portal.test_seals import environment


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Nobody listens on port 9."""
    environment(monkeypatch, PORTAL_REQUESTS_A_MINUTE="8", PORTAL_POSTS_A_MINUTE="2")
    return new_app(new_portal(PortalSettings()))


def caller(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://portal")


def test_every_page_says_that_anybody_may_see_it(app: Any) -> None:
    assert unguarded(app) == []
    assert {guard for found in guards(app).values() for guard in found} == {None}


async def test_a_service_that_is_away_is_a_page_in_the_language_that_was_asked_for(app: Any) -> None:
    async with caller(app) as client:
        vi, en = await client.get("/procedures"), await client.get("/en/procedures/1.001440")
    assert (vi.status_code, en.status_code) == (503, 503)
    assert text("vi", "error.t503") in vi.text
    assert text("en", "error.t503") in en.text
    assert vi.headers["cache-control"] == "no-store"


async def test_a_bug_is_a_page_too_and_says_nothing_of_itself(app: Any) -> None:
    async def broken() -> None:
        raise RuntimeError("secret of the machine")

    app.add_api_route("/broken", broken)
    async with caller(app) as client:
        answer = await client.get("/en/broken")
    assert answer.status_code == 500
    assert text("en", "error.t500") in answer.text
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_who_asks_too_often_waits_and_probes_do_not_count(app: Any) -> None:
    async with caller(app) as client:
        for _ in range(20):
            assert (await client.get("/healthz")).status_code == 200
        assert [(await client.get("/track")).status_code for _ in range(5)] == [200] * 5
        assert [(await client.post("/track")).status_code for _ in range(3)] == [403, 403, 429]
        late = await client.get("/en/track")
    assert late.status_code == 429
    assert late.headers["retry-after"] == "60"
    assert text("en", "error.t429") in late.text


async def test_no_word_of_an_address_reaches_another_path_of_a_service(app: Any) -> None:
    async with caller(app) as client:
        for code in ("..%2Fmetrics", "%2E%2E", "a%2Fform", "x" * 41, "é"):
            assert (await client.get(f"/procedures/{code}")).status_code == 404


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(app: Any) -> None:
    async with caller(app) as client:
        answer = await client.post("/verify", content=b"x", headers={"content-length": str(2 * 1024 * 1024)})
    assert answer.status_code == 413
    assert text("vi", "error.d413") in answer.text


async def test_where_citizens_file_elsewhere_nobody_files_here_and_the_rest_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment(monkeypatch, PORTAL_CITIZENS="false", PORTAL_NATIONAL_URL="https://dichvucong.gov.vn")
    without = new_app(new_portal(PortalSettings()))
    async with caller(without) as client:
        for path in ("/my", "/my/preferences", "/procedures/1.001440/file"):
            assert (await client.get(path)).status_code == 404, path
        track = await client.get("/track")
        assert (await client.get("/procedures")).status_code == 503, "it would ask the catalogue"
    assert track.status_code == 200
    assert 'href="/my"' not in track.text
    environment(monkeypatch, PORTAL_NATIONAL_URL="javascript:alert(1)")
    with pytest.raises(ValidationError):
        PortalSettings()

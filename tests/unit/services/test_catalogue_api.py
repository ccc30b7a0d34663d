"""The public catalogue: every procedure whole, found without diacritics, page by page, cached by its ETag."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from chassis.http import Verifier, create_app
from law import procedures
from services.submission.api import catalogue

TODAY = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async def ready() -> dict[str, str]:
        return {}

    routes = APIRouter()
    platform: Any = SimpleNamespace(clock=lambda: TODAY)
    catalogue.add(routes, platform)
    app = create_app("test", routes, Verifier("http://127.0.0.1:9"), ready=ready)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as found:
        yield found


async def test_every_procedure_is_shown_whole_with_sources_and_marks(client: httpx.AsyncClient) -> None:
    for procedure in procedures.all(TODAY.date()):
        found = (await client.get(f"/procedures/{procedure.code}")).json()
        assert found["full_code"] == procedure.full_code
        for fact in ("names", "applicants", "statutory_term", "steps", "result"):
            assert found[fact]["source"]
            assert found[fact]["mark"] in "VTRU"
        assert len(found["documents"]) == len(procedure.documents)
        assert found["form"]["fields"]
        assert found["legal_basis"][0]["mark"]
        assert (found["fee_today"] is None) <= bool(found["fee_depends_on"])


async def test_today_s_fee_is_today_s(client: httpx.AsyncClient) -> None:
    assert (await client.get("/procedures/1.001440")).json()["fee_today"]["total"] == 100_000
    assert (await client.get("/procedures/1.001029")).json()["fee_today"] is None


async def test_words_are_found_without_diacritics_by_field_and_page(client: httpx.AsyncClient) -> None:
    hits = (await client.get("/procedures", params={"q": "the huong dan vien", "limit": 2})).json()
    assert len(hits["procedures"]) == 2
    assert hits["total"] > 2
    rest = (await client.get("/procedures", params={"q": "the huong dan vien", "after": hits["next"]})).json()
    assert {p["code"] for p in rest["procedures"]}.isdisjoint(p["code"] for p in hits["procedures"])
    libraries = (await client.get("/procedures", params={"field": "thu vien"})).json()
    assert {p["field"]["en"] for p in libraries["procedures"]} == {"Libraries"}
    assert (await client.get("/procedures", params={"level": "moon"})).status_code == 422


async def test_what_did_not_change_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/procedures/1.008895")
    for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = await client.get("/procedures/1.008895", headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
    assert (await client.get("/procedures/1.008895", headers={"if-none-match": '"other"'})).status_code == 200


async def test_a_replaced_procedure_says_what_came_after_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/procedures/1.001420")
    assert answer.status_code == 404
    assert "1.01208" in answer.json()["detail"]


async def test_the_form_is_the_schema_filings_are_checked_against(client: httpx.AsyncClient) -> None:
    answer = await client.get("/procedures/1.001440/form")
    made = answer.json()
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["properties"]["identity_number"]["format"] == "vn-identity-number"
    assert made["x-legal-basis"][0]["source"]
    assert (await client.get("/procedures/9.999999/form")).status_code == 404


async def test_the_blank_form_is_cached_by_its_etag(client: httpx.AsyncClient) -> None:
    first = await client.get("/procedures/1.001440/form.pdf")
    assert (first.headers["content-type"], first.content[:5]) == ("application/pdf", b"%PDF-")
    assert "public" in first.headers["cache-control"]
    again = await client.get("/procedures/1.001440/form.pdf", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_units_are_those_in_force_today(client: httpx.AsyncClient) -> None:
    answer = await client.get("/units")
    found = answer.json()
    assert (found["on"], found["since"]) == ("2026-11-25", "2025-07-01")
    communes = {one["code"]: one["communes"] for one in found["provinces"]}
    assert len(communes) == 34
    assert len(communes["11"]) == 45
    assert communes["12"] == []
    again = await client.get("/units", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304

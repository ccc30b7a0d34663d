"""Over HTTP: what was erased is gone, and what another replica can read is to be asked for again."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from chassis.codec import NewerSchema
from chassis.http import problems
from chassis.http.answers import PROBLEM_TYPE
from chassis.keyring import MasterMissing, Unopenable


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unopenable("no key"), 410, "erased"),
        (NewerSchema("v 2"), 503, "unavailable"),
        (MasterMissing("no master key 2"), 503, "unavailable"),
    ],
    ids=["erased", "newer", "no master key"],
)
async def test_it_is_told_as_what_it_is(error: Exception, status: int, code: str) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def fails() -> None:
        raise error

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM_TYPE

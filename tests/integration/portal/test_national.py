"""Received dossiers are put into the national portal, whatever becomes of it on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from cli.demo.filings import plan
from deploy.local import probes


class National:
    """The simulated portal, and what it holds."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url, self.client = url, client

    async def control(self, **how: Any) -> None:
        (await self.client.post(f"{self.url}/control", json=how)).raise_for_status()

    async def held(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(f"{self.url}/dossiers")).json()
        return found

    async def dossier(self, steps: int, known: set[str]) -> dict[str, Any]:
        """The one that is new, once it has that many steps."""
        found: dict[str, Any] = {}

        async def there() -> bool:
            for code, dossier in (await self.held())["dossiers"].items():
                if code not in known and len(dossier["steps"]) >= steps:
                    found.update(dossier)
            return bool(found)

        await probes.until(there, 60)
        return found


@pytest.fixture
async def national(agency: Any) -> AsyncIterator[National]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        portal = National(agency.national, client)
        yield portal
        await portal.control()


async def test_each_step_arrives_in_order_though_the_portal_is_away_and_forgets_who_we_are(
    agency: Any, national: National
) -> None:
    known = set((await national.held())["dossiers"])
    dossier = await agency.filed(plan(3, "t")[2].filing)
    await agency.officer("clerk1", dossier, "accept")
    found = await national.dossier(1, known)
    assert (found["record"]["TrangThaiHoSo"], found["steps"][0]["TrangThai"]) == ("2", "2")
    assert found["record"]["ChuHoSo"] == plan(3, "t")[2].filing["applicant"]["name"]

    await national.control(away=3)
    await agency.officer("leader1", dossier, "assign", {"unit": "culture"})
    found = await national.dossier(2, known)
    assert [step["TrangThai"] for step in found["steps"]] == ["2", "4"]
    assert found["record"]["TrangThaiHoSo"] == "4", "known already: updated"

    logins = (await national.held())["logins"]
    await national.control(forget=True)
    await agency.officer("leader1", dossier, "extend", {"days": 1, "reason": "chờ ý kiến"})
    found = await national.dossier(3, known)
    assert found["steps"][2]["NoiDungXuLy"] == "chờ ý kiến"
    assert (await national.held())["logins"] == logins + 1


async def test_a_step_that_is_refused_holds_up_no_other(agency: Any, national: National) -> None:
    held = await national.held()
    known, before = set(held["dossiers"]), held["refused"]
    dossier = await agency.filed(plan(3, "t")[2].filing)
    await national.control(refuse=True)
    await agency.officer("clerk1", dossier, "accept")

    async def refused() -> bool:
        return bool((await national.held())["refused"] > before)

    await probes.until(refused, 60)
    await national.control()
    await agency.officer("leader1", dossier, "assign", {"unit": "culture"})
    found = await national.dossier(1, known)
    assert [step["TrangThai"] for step in found["steps"]] == ["4"]
    assert found["record"]["MaHoSo"]

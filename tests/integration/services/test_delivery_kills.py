"""Delivery killed with -9 at every step of signing and of ordering: one document, one consignment, one number."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from bench.delivery import site as ways
from bench.delivery.site import LIBRARY, YOGA, Ways
from deploy.local.platform import Backbone
from services.delivery.domain.delivery import verification_code

from .test_delivery_ways import verify

SIGNING: Final = (
    "to-make", "signed-by-leader", "signed-by-agency", "made", "half-stored", "stored", "told-of-document", "written"
)  # fmt: skip
ORDERING: Final = (
    "to-order",
    "answered/postDieuTin",
    "answered/postDieuTin answered/getOrder",
    "told-of-order",
    "ordered",
)
ROUNDS: Final = 3


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deaths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deaths")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory, deaths: Path) -> AsyncIterator[Ways]:
    async with Backbone(tmp_path_factory.mktemp("kills")) as backbone, AsyncExitStack() as ends:
        module = "tests.integration.services.dying_delivery"
        yield await ways.start(backbone, ends, module, DEATHS=str(deaths))


def doomed(deaths: Path, path: str, points: str) -> Path:
    """What is left to die of is in that file. In the press nobody knows the dossier, but the code on the page."""
    dossier = path.rpartition("/")[2]
    file = deaths / (verification_code(f"{dossier}/result") if points.startswith("signed") else dossier)
    file.write_text(points)
    return file


def left(deaths: Path) -> list[str]:
    return sorted(points for file in deaths.iterdir() if (points := file.read_text()))


async def once(site: Ways, path: str) -> None:
    """It came by post, as one document in one consignment under one number."""
    shown = await site.status(path, "delivered")
    dossier = path.rpartition("/")[2]
    said = await site.events(path)
    stored = {(e.sha256, e.code) for e in said if e.TYPE == "delivery.document_stored"}
    assert stored == {(shown["sha256"], verification_code(f"{dossier}/result"))}
    pdf = (await site.ask("citizen1", "GET", f"{path}/document")).content
    assert hashlib.sha256(pdf).hexdigest() == shown["sha256"]
    assert await verify(site, pdf) == [True, True]
    ordered = {e.tracking for e in said if e.TYPE == "delivery.consignment_ordered"}
    orders = await site.post_office("/control/consignments", method="GET")
    assert ordered == {shown["tracking"]} == {o["item"] for o in orders if o["order"] == dossier}
    assert len([o for o in orders if o["order"] == dossier]) == 1


@pytest.mark.timeout(600)
async def test_killed_at_every_step_there_is_one_document_one_consignment_one_number(site: Ways, deaths: Path) -> None:
    """All share a process, so one may die of another's death and never come to its own: that step is tried again."""
    steps: list[str] = [*SIGNING, *ORDERING]
    for _ in range(ROUNDS):
        dooms = []
        for points in steps:
            path = site.new()
            dooms.append((points, doomed(deaths, path, points), path))
            await site.decided(YOGA, "post", path)
        for _, _, path in dooms:  # nobody dies any more once all have arrived
            await site.status(path, "delivered", patience=400)
        for _, _, path in dooms:
            await once(site, path)
        steps = [points for points, file, _ in dooms if file.read_text()]
        for _, file, _ in dooms:
            file.write_text("")
    assert steps == [], "each died where it should"


async def test_killed_while_it_takes_back_or_fetches_there_is_one_answer(site: Ways, deaths: Path) -> None:
    await site.post_office("/control/faults", {"hold": True})
    taken_back = await site.decided(YOGA, "post")
    await site.until(taken_back, lambda found: "tracking" in found)
    doomed(deaths, taken_back, "answered/cancelOrder")
    await site.post("citizen1", f"{taken_back}/delivery/choice", {"way": "in_person"})
    await site.status(taken_back, "available")
    await site.post_office("/control/faults", method="DELETE")

    fetched = await site.decided(LIBRARY, "online")
    await site.status(fetched, "delivered")
    doomed(deaths, fetched, "answered/postDieuTin")
    await site.post("citizen1", f"{fetched}/papers", {"province": "11", "commune": "03127", "detail": "Bản Ví Dụ"})
    await site.until(fetched, lambda found: any("arrived_at" in p for p in found["inbound"]))
    orders = await site.post_office("/control/consignments", method="GET")
    for path in (taken_back, fetched):
        assert len([o for o in orders if o["order"].startswith(path.rpartition("/")[2])]) == 1
    assert left(deaths) == []

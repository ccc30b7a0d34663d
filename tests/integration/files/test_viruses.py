"""The scanner finds, fails, is away, and learns: what becomes of files meanwhile."""

from __future__ import annotations

import signal

import pytest

from tests.unit.services.files import samples
from tests.unit.services.files.samples import pdf

from .site import CODE, Site, until

pytestmark = pytest.mark.usefixtures("calm")


async def test_eicar_is_found_and_never_given_out(site: Site) -> None:
    file = await site.upload("citizen1", samples.infected())
    shown = await site.state("citizen1", file, "infected")
    assert "Eicar" in shown["virus"]
    for who in ("citizen1", "clerk1"):
        assert (await site.content(who, file)).status_code in {404, 409}
    refused = await site.content("citizen1", file)
    assert refused.json()["code"] == "infected"
    filed = await site.file("citizen1", [{"code": CODE, "file": file}])
    assert filed.status_code == 422
    assert filed.json()["errors"][0]["field"] == "files.0.file"
    assert (await site.ask("citizen1", "DELETE", f"/files/{file}")).status_code == 200


async def test_while_the_scanner_is_away_it_is_being_checked_and_later_clean(site: Site) -> None:
    await site.control(hang_up_next=4)
    file = await site.upload("citizen1", pdf(b"away"))
    assert (await site.shown("citizen1", file))["state"] == "checking"
    blocked = await site.content("citizen1", file)
    assert (blocked.status_code, blocked.json()["code"]) == (409, "checking")
    filed = await site.file("citizen1", [{"code": CODE, "file": file}])
    assert filed.status_code == 201
    await site.state("citizen1", file, "clean")
    listed = (await site.ask("clerk1", "GET", f"/dossiers/{filed.json()['id']}/files")).json()
    assert (listed["files"][0]["state"], listed["checking"]) == ("clean", 0)
    assert (await site.content("clerk1", file)).content == pdf(b"away")


async def test_a_scanner_that_is_frozen_and_killed_scans_once_it_is_back(site: Site) -> None:
    supervisor = site.backbone.supervisor
    restarts = supervisor.restarts("virus_scanner")
    supervisor.kill("virus_scanner", signal.SIGSTOP)
    file = await site.upload("citizen1", pdf(b"frozen"))
    assert (await site.shown("citizen1", file))["state"] == "checking"
    supervisor.kill("virus_scanner")
    await supervisor.wait_restarted("virus_scanner", restarts + 1)
    await site.state("citizen1", file, "clean")


async def test_what_the_scanner_cannot_read_stays_locked_until_its_next_signatures(site: Site) -> None:
    await site.control(error="Can't allocate memory", version=27_010)
    file = await site.upload("citizen1", pdf(b"unreadable"))
    where = {"_id": file, "state.signatures": {"$regex": "27010"}}
    assert await until(lambda: site.store()["files"].find_one(where))
    assert (await site.shown("citizen1", file))["state"] == "checking"
    await site.control(version=27_011)
    await site.state("citizen1", file, "clean")


async def test_new_signatures_find_what_was_clean(site: Site) -> None:
    file = await site.upload("citizen2", pdf(b"old"))
    await site.state("citizen2", file, "clean")
    filed = await site.file("citizen2", [{"code": CODE, "file": file}])
    await site.control(version=27_001, known={b"old".hex(): "New.Virus"})
    shown = await site.state("citizen2", file, "infected")
    assert shown["virus"] == "New.Virus"
    listed = (await site.ask("citizen2", "GET", f"/dossiers/{filed.json()['id']}/files")).json()
    assert listed["files"][0]["state"] == "infected"
    await site.control(version=27_002)
    await site.state("citizen2", file, "clean")

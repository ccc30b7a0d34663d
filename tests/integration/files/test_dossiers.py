"""Dossiers name files: in filings and supplements, twice, erased; originals; and files nobody names."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from datetime import UTC, datetime

import httpx

from chassis.keyadmin import Erasure, KeyAdmin
from chassis.store import Store
from cli.demo.filings import plan
from tests.integration.services.test_submission_upstream import records
from tests.unit.services.files import samples
from tests.unit.services.files.samples import pdf

from .site import CODE, Site, until


async def test_a_dossier_names_its_files_and_its_event_tells_hash_and_size(site: Site) -> None:
    content = pdf(b"named")
    file = await site.upload("citizen1", content)
    key = uuid.uuid4().hex
    filed = await site.file("citizen1", [{"code": CODE, "file": file}], key)
    again = await site.file("citizen1", [{"code": CODE, "file": file}], key)
    assert (filed.status_code, again.json()) == (201, filed.json())
    dossier = filed.json()["id"]
    event = await asyncio.to_thread(
        records, site.backbone.kafka, "dossier.events.v1", lambda m: m.key() == dossier.encode()
    )
    told = json.loads(event.value() or b"")["files"]
    assert [(f["file"], f["code"], f["sha256"], f["size"]) for f in told] == [
        (file, CODE, hashlib.sha256(content).hexdigest(), len(content))
    ]
    assert told[0]["standing"] in {"checking", "clean"}
    removed = await site.ask("citizen1", "DELETE", f"/files/{file}")
    assert (removed.status_code, removed.json()["code"]) == (409, "attached")
    stranger = await site.ask("citizen2", "GET", f"/dossiers/{dossier}/files")
    assert stranger.status_code == 404


async def test_every_file_at_fault_is_named_and_nothing_is_filed(site: Site) -> None:
    theirs = await site.upload("citizen2", pdf(b"theirs"))
    mine = await site.upload("citizen1", pdf(b"mine"))
    named = [
        {"code": CODE, "file": theirs},
        {"code": "nonsense", "file": mine},
        {"code": CODE, "file": str(uuid.uuid4())},
        {"code": CODE, "file": mine},
    ]
    answer = await site.file("citizen1", named)
    assert answer.status_code == 422
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"files.0.file", "files.1.code", "files.1.file", "files.2.file", "files.3.file"}
    assert (await site.shown("citizen1", mine))["attached"] is False


async def test_office_documents_where_the_procedure_takes_them(site: Site) -> None:
    file = await site.upload("citizen1", samples.docx())
    assert (await site.shown("citizen1", file))["type"].endswith("wordprocessingml.document")
    assert (await site.file("citizen1", [{"code": CODE, "file": file}])).status_code == 201
    other = {**plan(3, "t")[2].filing, "files": [{"code": CODE, "file": file}]}
    answer = await site.post("citizen1", "/dossiers", other)
    assert answer.status_code == 422
    assert any("PDF, JPEG and PNG" in error["problem"] for error in answer.json()["errors"])


async def test_a_file_of_two_dossiers_is_readable_until_the_last_is_erased(site: Site) -> None:
    content = pdf(b"twice")
    file = await site.upload("citizen1", content)
    await site.state("citizen1", file, "clean")
    dossiers = [(await site.file("citizen1", [{"code": CODE, "file": file}])).json()["id"] for _ in range(2)]
    keys = site.store("hoso_keyring")["keys"]

    async def forgotten() -> bool | None:
        own = await keys.find_one({"_id": f"file/{file}"})
        return True if own is not None and "wrapped" not in own else None

    assert await until(forgotten)
    assert (await site.content("clerk1", file)).content == content
    await erase(site, dossiers[0])
    assert (await fresh(site, file)).content == content
    await erase(site, dossiers[1])
    assert (await fresh(site, file)).status_code == 410
    assert (await keys.find_one({"_id": dossiers[0]})).keys() == {"_id", "erased"}


async def erase(site: Site, dossier: str) -> None:
    store = Store(site.backbone.store_url, "hoso_keyring")
    await KeyAdmin(store).erase(Erasure(dossier, datetime.now(UTC), "test", "asked for"))
    store.close()


async def fresh(site: Site, file: str) -> httpx.Response:
    """What a process answers that has no key at hand: killed, it starts again."""
    supervisor = site.backbone.supervisor
    restarts = supervisor.restarts("submission")
    supervisor.kill("submission")
    await supervisor.wait_restarted("submission", restarts + 1)
    await site.up()
    return await site.content("clerk1", file)


async def test_a_file_named_after_a_dossier_cannot_touch_its_key(site: Site) -> None:
    filed = await site.file("citizen1", [])
    dossier = filed.json()["id"]
    file = await site.upload("citizen2", pdf(b"trick"), file=dossier)
    assert (await site.ask("citizen2", "DELETE", f"/files/{file}")).status_code == 200
    keys = site.store("hoso_keyring")["keys"]

    async def discarded() -> bool | None:
        own = await keys.find_one({"_id": f"file/{file}"})
        return True if own is not None and "wrapped" not in own else None

    assert await until(discarded)
    assert "wrapped" in await keys.find_one({"_id": dossier})


async def test_a_supplement_brings_files_and_a_clerk_checks_the_original(site: Site) -> None:
    dossier = (await site.file("citizen1", [])).json()["id"]
    items = [{"kind": "document", "name": CODE, "why": "thiếu"}]
    assert (await site.post("clerk1", f"/dossiers/{dossier}/supplement", {"items": items})).status_code == 200
    file = await site.upload("citizen1", pdf(b"supplement"))
    path = f"/dossiers/{dossier}/supplement-answer"
    answer = await site.post("citizen1", path, {"files": [{"code": CODE, "file": file}]})
    assert answer.status_code == 200, answer.text
    check = f"/dossiers/{dossier}/files/{file}/original"
    assert (await site.post("citizen1", check)).status_code == 403
    assert (await site.post("clerk1", check)).status_code == 200
    listed = (await site.ask("citizen1", "GET", f"/dossiers/{dossier}/files")).json()["files"]
    assert [(one["file"], one["code"], one["original"]["role"]) for one in listed] == [(file, CODE, "clerk")]
    missing = await site.post("clerk1", f"/dossiers/{dossier}/files/{uuid.uuid4()}/original")
    assert missing.status_code == 404


async def test_a_file_that_nobody_names_is_removed_in_time(site: Site) -> None:
    file = await site.upload("citizen2", pdf(b"orphan"))
    await site.state("citizen2", file, "clean")
    found = await site.store()["files"].find_one({"_id": file})
    assert (found["due"] - found["at"]).days in {6, 7}
    past = datetime(2020, 1, 1, tzinfo=UTC)
    await site.store()["files"].update_one({"_id": file}, {"$set": {"due": past, "wake": past}, "$inc": {"version": 1}})

    async def gone() -> bool | None:
        missing = (await site.ask("citizen2", "GET", f"/files/{file}")).status_code == 404
        return True if missing and await site.blobs(file) == 0 else None

    assert await until(gone)

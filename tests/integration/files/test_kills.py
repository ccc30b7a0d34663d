"""Killed with -9 at every step of an upload, and a store that was tampered with."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.unit.services.files.samples import pdf

from .site import Site, large, until


async def die(site: Site, point: str, file: str, content: bytes) -> None:
    """An upload during which the process is killed there; the client sees the connection break, or not."""
    (site.deaths / point).touch()
    with suppress(httpx.TransportError):
        await site.put("citizen1", content, file=file)

    async def dead() -> bool | None:
        return None if (site.deaths / point).exists() else True

    await until(dead)
    await site.up()


@pytest.mark.parametrize("point", ["half-stored", "to-store"])
async def test_killed_in_the_middle_of_an_upload_there_is_no_half_file(site: Site, point: str) -> None:
    file, content = str(uuid.uuid4()), large()
    await die(site, point, file, content)
    assert (await site.ask("citizen1", "GET", f"/files/{file}")).status_code == 404
    assert await site.upload("citizen1", content, file=file) == file
    await site.state("citizen1", file, "clean")
    assert (await site.content("citizen1", file)).content == content
    store = site.store()

    async def swept() -> bool | None:
        chunks = len(await store["attachments.chunks"].distinct("files_id"))
        return True if await site.blobs(file) == 1 and chunks == await whole(store) else None

    assert await until(swept), "what was left of the upload is removed"
    metrics = (await site.client.get(f"{site.submission}/metrics")).text
    assert 'hoso_files_removed_total{why="never finished"}' in metrics


async def whole(store: Any) -> int:
    return int(await store["attachments.files"].count_documents({}))


@pytest.mark.parametrize("point", ["stored", "scanned"])
async def test_killed_between_upload_and_verdict_it_is_scanned_all_the_same(site: Site, point: str) -> None:
    file, content = str(uuid.uuid4()), large()
    await die(site, point, file, content)
    await site.state("citizen1", file, "clean")
    assert (await site.content("citizen1", file)).content == content
    assert (await site.put("citizen1", content, file=file)).status_code == 201


async def test_a_chunk_that_was_changed_in_the_store_is_never_given_out(site: Site) -> None:
    file, content = str(uuid.uuid4()), large()
    await site.upload("citizen1", content, file=file)
    await site.state("citizen1", file, "clean")
    blob = (await site.store()["files"].find_one({"_id": file}))["state"]["blob"]
    chunks = site.store()["attachments.chunks"]
    second = await chunks.find_one({"files_id": blob, "n": 1})
    await chunks.update_one({"_id": second["_id"]}, {"$set": {"data": bytes(second["data"])[::-1]}})
    with pytest.raises(httpx.RemoteProtocolError):
        await site.content("citizen1", file)


async def test_nothing_personal_is_counted_and_uploads_are(site: Site) -> None:
    await site.upload("citizen1", pdf(b"metrics"), name="t%C3%AAn-ri%C3%AAng.pdf")
    metrics = (await site.client.get(f"{site.submission}/metrics")).text
    assert 'hoso_file_uploads_total{outcome="stored"}' in metrics
    assert "hoso_file_upload_bytes_total" in metrics
    log = next(site.backbone.run.path.rglob("submission*.log")).read_text()
    for text in (metrics, log):
        assert "riêng" not in text
        assert "t%C3%AAn" not in text

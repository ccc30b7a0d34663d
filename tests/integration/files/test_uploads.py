"""Uploads and downloads over HTTP: what comes back, every refusal, who may, and how much."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator

import pytest

from tests.unit.services.files import samples
from tests.unit.services.files.samples import PDF, pdf

from .site import CODE, FILE_BYTES, Site, large, until


async def test_what_was_uploaded_comes_back_and_lies_nowhere_in_clear(site: Site) -> None:
    content = large()
    answer = await site.put("citizen1", content, name="gi%E1%BA%A5y%20b%C3%AD%20m%E1%BA%ADt.pdf")
    assert answer.status_code == 201
    told = answer.json()
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (told["size"], told["type"]) == (len(content), "application/pdf")
    assert "name" not in told
    shown = await site.state("citizen1", told["id"], "clean")
    assert shown["name"] == "giấy bí mật.pdf"
    got = await site.content("citizen1", told["id"])
    assert got.content == content
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert "gi%E1%BA%A5y%20b%C3%AD" in got.headers["content-disposition"]
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert got.headers["cache-control"] == "private, no-store"
    for name in await site.store().list_collection_names():
        async for stored in site.store()[name].find():
            assert b"%PDF-" not in repr(stored).encode()
            assert "giấy bí mật" not in repr(stored)


async def test_the_same_upload_again_is_one_file_and_another_a_conflict(site: Site) -> None:
    file, content = str(uuid.uuid4()), pdf(b"again")
    first = await site.put("citizen1", content, file=file)
    again = await site.put("citizen1", content, file=file)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["stored_at"] == again.json()["stored_at"]
    other = await site.put("citizen1", pdf(b"other"), file=file)
    assert (other.status_code, other.json()["code"]) == (409, "file_exists")
    stranger = await site.put("citizen2", content, file=file)
    assert stranger.status_code == 404
    assert await site.blobs(file) == 1


async def test_two_at_once_under_one_id_are_one(site: Site) -> None:
    file, content = str(uuid.uuid4()), large()
    answers = await asyncio.gather(*(site.put("citizen1", content, file=file) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) <= 2, "but for its state"
    assert await site.blobs(file) == 1
    await site.state("citizen1", file, "clean")
    assert (await site.content("citizen1", file)).content == content


REFUSED = {
    "empty": (b"", "empty"),
    "text": (b"not a document", "unsupported_type"),
    "cut": (PDF[:-9], "damaged"),
    "locked": (PDF.replace(b"/Root", b"/Encrypt 5 0 R /Root"), "encrypted"),
    "two things": (PDF + samples.docx() + b"%%EOF", "polyglot"),
    "bomb": (samples.docx({"word/a.xml": bytes(3_000_000)}), "archive_bomb"),
    "nested": (samples.docx({"word/a.zip": samples.archive({"a": b"a"})}), "nested_archive"),
    "macros": (samples.docx({"word/vbaProject.bin": b"x"}), "active_content"),
    "plain archive": (samples.archive({"a": b"a"}), "unsupported_type"),
}


@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=list(REFUSED))
async def test_what_is_refused_by_its_content_leaves_nothing(site: Site, content: bytes, code: str) -> None:
    file = str(uuid.uuid4())
    answer = await site.put("citizen3", content, file=file)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "content"
    assert (await site.ask("citizen3", "GET", f"/files/{file}")).status_code == 404
    assert await site.blobs(file) == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "a%2Fb.pdf", "%FF.pdf", "..."])
async def test_a_name_that_is_a_path_is_refused(site: Site, name: str) -> None:
    answer = await site.put("citizen1", pdf(b"path"), name=name)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_name")
    assert answer.json()["errors"][0]["field"] == "file-name"


async def test_a_file_over_the_limit_is_refused_declared_or_streamed(site: Site) -> None:
    content, file = large(FILE_BYTES + 10), str(uuid.uuid4())
    declared = await site.put("citizen1", content, file=file)
    assert (declared.status_code, declared.json()["code"]) == (413, "too_large")

    async def streamed() -> AsyncIterator[bytes]:
        for at in range(0, len(content), 50_000):
            yield content[at : at + 50_000]

    answer = await site.put("citizen1", streamed(), file=file)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await site.blobs(file) == 0


async def test_a_person_s_quota_is_what_no_dossier_names(site: Site) -> None:
    mine = [await site.upload("enterprise1", large(1_900_000)) for _ in range(2)]
    full = await site.put("enterprise1", large(1_900_000))
    assert (full.status_code, full.json()["code"]) == (413, "quota_exceeded")
    for file in mine:
        removed = await site.ask("enterprise1", "DELETE", f"/files/{file}")
        assert (removed.status_code, removed.json()["state"]) == (200, "removed")
        assert (await site.ask("enterprise1", "GET", f"/files/{file}")).status_code == 404
    await site.upload("enterprise1", large(1_900_000))

    async def gone() -> bool | None:
        return True if [await site.blobs(file) for file in mine] == [0, 0] else None

    assert await until(gone)


async def test_who_may_upload_and_read(site: Site) -> None:
    file = await site.upload("citizen1", pdf(b"whose"))
    await site.state("citizen1", file, "clean")
    for who in ("citizen2", "clerk1", "leader1"):
        assert (await site.content(who, file)).status_code == 404, "no dossier names it"
        assert (await site.ask(who, "GET", f"/files/{file}")).status_code == 404
    assert (await site.ask("citizen2", "DELETE", f"/files/{file}")).status_code == 404
    assert (await site.put("leader1", PDF)).status_code == 403
    nobody = await site.client.put(f"{site.submission}/files/{uuid.uuid4()}", content=PDF)
    assert nobody.status_code == 401
    listed = (await site.ask("citizen1", "GET", "/files", params={"limit": "200"})).json()["files"]
    assert file in {one["id"] for one in listed}
    theirs = (await site.ask("citizen2", "GET", "/files")).json()["files"]
    assert file not in {one["id"] for one in theirs}


async def test_a_clerk_uploads_for_somebody(site: Site) -> None:
    owner = await site.account("citizen1")
    assert (await site.put("clerk1", pdf(b"clerk"))).status_code == 422
    forbidden = await site.put("citizen2", pdf(b"clerk"), owner=owner)
    assert forbidden.status_code == 403
    file = await site.upload("clerk1", pdf(b"clerk"), owner=owner)
    await site.state("citizen1", file, "clean")
    assert (await site.content("clerk1", file)).status_code == 200
    assert (await site.file("citizen1", [{"code": CODE, "file": file}])).status_code == 201

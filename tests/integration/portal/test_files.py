"""Files that a portal names are fetched, checked and held before its event is carried out; none from the inside."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import KeySet

from tests.unit.services.files.samples import pdf

from .test_http import FILED, LIBRARY, SUPPLEMENTED, Portal

CODE = "notification"


@pytest.fixture(scope="module")
async def portal(agency: Any) -> AsyncIterator[Portal]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        keys = KeySet.import_key_set((await http.get(f"{agency.url}/.well-known/jwks.json")).json())
        yield Portal(agency, http, keys)


def named(agency: Any, content: bytes, **changes: Any) -> dict[str, Any]:
    """The reference to a file that lies on the portal's shelf."""
    path = f"/{uuid.uuid4().hex}"
    agency.shelf[path] = content
    digest = hashlib.sha256(content).hexdigest()
    return {"code": CODE, "url": agency.files + path, "sha256": digest, "size": len(content), **changes}


async def test_a_filing_and_its_supplement_with_files(agency: Any, portal: Portal) -> None:
    reference, first, second = uuid.uuid4().hex, pdf(b"first"), pdf(b"second")
    accepted = await portal.answered(FILED, reference, {**LIBRARY, "files": [named(agency, first)]}, "e1")
    assert accepted["type"] == "reply.accepted.v1", accepted
    dossier = accepted["dossier_id"]
    (held,) = await agency.shown(dossier)
    assert (held["code"], held["sha256"]) == (CODE, hashlib.sha256(first).hexdigest())
    assert await portal.answered(FILED, reference, {**LIBRARY, "files": [named(agency, first)]}, "e1") == accepted

    items = [{"kind": "document", "name": CODE, "why": "thiếu chữ ký"}]
    await agency.officer("clerk1", dossier, "supplement", {"items": items})
    done = await portal.answered(SUPPLEMENTED, reference, {"files": [named(agency, second)]}, "s1")
    assert done["type"] == "reply.done.v1", done
    digests = [file["sha256"] for file in await agency.shown(dossier)]
    assert digests == [hashlib.sha256(content).hexdigest() for content in (first, second)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sha256": "0" * 64}, "file_mismatch"),
        ({"size": 10}, "file_mismatch"),
        ({"size": 10**9}, "file_refused"),
        ({"code": "nonsense"}, "file_refused"),
        ({"url": "http://127.0.0.1:1/secret"}, "file_denied"),
        ({"url": "https://127.0.0.1/secret"}, "file_denied"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "file_denied"),
    ],
)
async def test_a_file_that_may_not_be_had_is_named_and_nothing_is_filed(
    agency: Any, portal: Portal, changes: dict[str, Any], code: str
) -> None:
    reference = uuid.uuid4().hex
    file = named(agency, pdf(b"words"), **changes)
    refused = await portal.answered(FILED, reference, {**LIBRARY, "files": [file]}, "e1")
    assert refused["type"] == "reply.refused.v1"
    (problem,) = refused["problems"]
    assert (problem["code"], problem["field"]) == (code, f"files.{file['code']}")
    accepted = await portal.answered(FILED, reference, LIBRARY, "e2")
    assert accepted["type"] == "reply.accepted.v1", "its reference is still free"


async def test_what_is_no_document_is_refused(agency: Any, portal: Portal) -> None:
    file = named(agency, b"<html>words</html>")
    refused = await portal.answered(FILED, uuid.uuid4().hex, {**LIBRARY, "files": [file]}, "e1")
    assert refused["problems"][0]["code"] == "file_refused"

"""Uploads and downloads: ``/files``. Content goes through in pieces, in both directions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Any, Final, get_args
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from chassis.decision import Refused
from chassis.http import Caller, Problem, allow, body, content, refusals, send
from chassis.sealing import Cipher
from chassis.service import Platform
from chassis.store import FEW
from schemas.event import DossierId, Text, format_instant
from services.submission.api.common import OFFICERS, Citizen, Limit, Reader
from services.submission.files import labels
from services.submission.files.attachment import File, own
from services.submission.files.inspection import BadFile, Media
from services.submission.files.messages import RemoveFile, StoreFile
from services.submission.files.metrics import DOWNLOADED, UPLOADED, UPLOADS
from services.submission.files.vault import Vault

UPLOAD: Final = "PUT /files/"
UPLOAD_SECONDS: Final = 600.0
AT_ONCE: Final = 3
"""Uploads of one person that one process takes at a time: what is on its way is in no quota yet."""
COUNTED: Final = 2_000
HEADERS: Final = {
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
Uploader = Annotated[Caller, Depends(allow("citizen", "clerk"))]


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of files."""
    _uploads(routes, platform)
    _reading(routes, platform)


class Uploads:
    """Who uploads how much now."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._files = platform.engine("files")
        self._vault = Vault(platform)
        self._now: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        """Raises Problem 429 for one too many."""
        if self._now[owner] >= AT_ONCE:
            detail = f"{AT_ONCE} uploads at a time: wait for one to end"
            raise Problem(429, "too_many", detail, headers={"retry-after": "5"})
        self._now[owner] += 1
        try:
            yield
        finally:
            self._now[owner] -= 1
            if not self._now[owner]:
                del self._now[owner]

    async def room(self, owner: str) -> int:
        """Bytes that are left of the quota. Raises Problem 413 where none are."""
        found = await self._files.collection.select({"view.loose": owner}, ("view.size",), COUNTED)
        left: int = self._platform.settings.file_quota - sum(stored["view"]["size"] for stored in found)
        if left <= 0 or len(found) == COUNTED:
            raise self._full()
        return left

    def _full(self) -> Problem:
        quota = self._platform.settings.file_quota
        detail = f"your files that no dossier names are over {quota} bytes: delete some, or file the dossier"
        return Problem(413, "quota_exceeded", detail)

    async def store(self, file: str, owner: str, by: str, name: str, body: AsyncIterator[bytes]) -> File:
        """The file, as it is now. Raises BadFile, Problem, Refused."""
        most: int = self._platform.settings.file_bytes
        known = await self._files.read(file)
        left = await self.room(owner) if known is None else most

        def too_large() -> Problem:
            return Problem(413, "too_large", f"at most {most} bytes") if left >= most else self._full()

        received = await self._vault.receive(file, body, min(most, left), too_large)
        command = StoreFile(
            file=file,
            owner=owner,
            by=by,
            blob=received.blob,
            # A file that is there keeps the keys it has; its own may be gone for ever.
            key=await self._vault.wrap(file, own(file), received.key) if known is None else "-",
            label=Cipher(received.key, file).seal_label(name).hex(),
            sha256=received.sha256,
            size=received.size,
            media=received.media,
        )
        kept = None
        try:
            kept = (await send(self._files, file, command, None))["blob"]
        except Refused:
            kept = "another"
            raise
        finally:
            if kept == received.blob:
                await self._vault.begun.remove([received.blob])
                UPLOADED.inc(received.size)
            elif kept is not None:  # else it is not known yet: `Sweeps.leftovers` finds out
                await self._vault.discard(received.blob)
        found = await self._files.read(file)
        if found is None or found.state is None:
            raise LookupError("the file is not where it was just put")
        state: File = found.state
        return state


def _uploads(routes: APIRouter, platform: Platform) -> None:
    uploads = Uploads(platform)
    files = platform.engine("files")

    @routes.put(
        "/files/{file}",
        status_code=201,
        responses=refusals(400, 408, 409, 429),
        openapi_extra=body("application/octet-stream"),
    )
    async def upload(
        file: DossierId,
        request: Request,
        caller: Uploader,
        owner: Annotated[Text | None, Query(description="a clerk's: the account it is for")] = None,
        file_name: Annotated[str, Header(max_length=2000)] = "tep",
    ) -> dict[str, Any]:
        """The body is the content; the id is the client's own UUID. The same content under it again changes nothing.

        `File-Name`: what to call it, UTF-8, percent-encoded.
        """
        account = _account(caller, owner)
        try:
            async with uploads.turn(account), asyncio.timeout(UPLOAD_SECONDS):
                stored = await uploads.store(file, account, caller.sub, labels.label(file_name), request.stream())
        except BadFile as error:
            UPLOADS.labels(error.code).inc()
            errors = [{"field": error.field, "problem": error.detail}]
            raise Problem(422, error.code, error.detail, errors=errors) from error
        except (Problem, Refused) as error:
            UPLOADS.labels(error.code).inc()
            raise
        except TimeoutError as error:
            UPLOADS.labels("too_slow").inc()
            raise Problem(408, "too_slow", f"an upload ends within {UPLOAD_SECONDS:.0f} seconds") from error
        except ClientDisconnect as error:
            UPLOADS.labels("broken_off").inc()
            raise Problem(400, "broken_off", "the upload was broken off") from error
        UPLOADS.labels("stored").inc()
        return shown(stored)

    @routes.delete("/files/{file}", responses=refusals(409))
    async def remove(file: DossierId, caller: Uploader) -> dict[str, Any]:
        """Its owner, or the clerk who uploaded it, deletes it; not once a dossier names it."""
        return {"id": file, "state": (await send(files, file, RemoveFile(account=caller.sub), None))["standing"]}


def _account(caller: Caller, owner: str | None) -> str:
    if "clerk" not in caller.roles:
        if owner not in {None, caller.sub}:
            raise Problem(403, "forbidden", "only a clerk uploads for somebody else", errors=[_OWNER])
        return caller.sub
    if owner is None:
        raise Problem(422, "invalid", "a clerk says for whom", errors=[_OWNER])
    return owner


_OWNER: Final = {"field": "owner", "problem": "the account of the applicant a clerk uploads for; without it, your own"}


def shown(file: File) -> dict[str, Any]:
    """A file without its name; `virus` where one was found."""
    found = {
        "id": file.id,
        "state": file.standing,
        "sha256": file.sha256,
        "size": file.size,
        "type": file.media,
        "stored_at": format_instant(file.stored_at),
        "attached": bool(file.dossiers),
        "scanned_at": format_instant(file.scanned_at) if file.scanned_at else None,
        "virus": file.found,
    }
    return {name: value for name, value in found.items() if value is not None}


def _reading(routes: APIRouter, platform: Platform) -> None:
    files = platform.engine("files")
    vault = Vault(platform)

    async def visible(file: str, caller: Caller) -> File:
        doc = await files.read(file)
        state: File | None = doc.state if doc else None
        if state is not None and state.standing != "removed":
            officer = not caller.roles.isdisjoint(OFFICERS) and (state.dossiers or state.by == caller.sub)
            if officer or state.owner == caller.sub:
                return state
        raise Problem(404, "not_found", "There is no such file")

    @routes.get("/files")
    async def mine(caller: Citizen, after: DossierId | None = None, limit: Limit = 50) -> dict[str, Any]:
        """The caller's own files, ascending by id; a new dossier may name an earlier one again."""
        found = await files.page({"owner": caller.sub}, after, limit, bounds=FEW)
        listed = [shown(doc.state) for doc in found if doc.state is not None]
        return {"files": listed, "next": found[-1].id if len(found) == limit else None}

    @routes.get("/files/{file}", responses=refusals(410))
    async def one(file: DossierId, caller: Reader) -> dict[str, Any]:
        """What is known of a file, for its owner, and for officers once a dossier names it."""
        state = await visible(file, caller)
        name = Cipher(await vault.key(state), file).open_label(bytes.fromhex(state.label))
        return {**shown(state), "name": name}

    @routes.get(
        "/files/{file}/content", response_class=Response, responses=content(*get_args(Media)) | refusals(409, 410)
    )
    async def download(file: DossierId, caller: Reader) -> Response:
        """Its content, to keep and never to show. Not while it is checked for viruses, nor after one was found."""
        state = await visible(file, caller)
        if state.standing == "checking":
            raise Problem(409, "checking", "It is being checked for viruses: come back in a minute")
        if state.standing == "infected":
            raise Problem(409, "infected", f"A virus was found in it ({state.found}): it is not given out")
        key = await vault.key(state)
        name = Cipher(key, file).open_label(bytes.fromhex(state.label))
        headers = {
            **HEADERS,
            "content-disposition": f"attachment; filename=\"file\"; filename*=UTF-8''{quote(name, safe='')}",
            "content-length": str(state.size),
            "etag": f'"{state.sha256}"',
        }
        return StreamingResponse(_sent(vault, state, key), media_type=state.media, headers=headers)


async def _sent(vault: Vault, file: File, key: bytes) -> AsyncIterator[bytes]:
    async with aclosing(vault.read(file, key)) as pieces:
        async for piece in pieces:
            DOWNLOADED.inc(len(piece))
            yield piece

"""The registrar's documents: uploaded, replaced, revoked; cards and plaques registered."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from chassis.http import Problem, body, send
from schemas.event import DossierId
from services.delivery.api.common import Body, Desk, Doors, Key, Leader, Registrar
from services.delivery.domain.delivery import Delivery
from services.delivery.messages import AddDocument, MakeAgain, RegisterPhysical, ReplaceDocument, RevokeDocument

MAX_SCAN: Final = 900 * 1024
Reason = Annotated[str, Field(min_length=3, max_length=300)]


class Why(Body):
    """Why a document is replaced or revoked: its verification page says so."""

    reason: Reason


class Item(Body):
    """A card or a plaque."""

    kind: Literal["card", "plaque"]
    serial: Annotated[str, Field(pattern=r"^[0-9A-Za-z./-]{1,40}$")]


def named(state: Delivery, code: str) -> str:
    """The name of the document with that code. Raises Problem 404."""
    found = next((d for d in state.documents if d.code == code), None)
    if found is None:
        raise Problem(404, "not_found", "There is no such document")
    return found.document


def add(routes: APIRouter, doors: Doors) -> None:
    """Routes that make and unmake documents."""
    platform, deliveries = doors.platform, doors.deliveries

    @routes.post("/dossiers/{dossier}/documents", status_code=202, openapi_extra=body("application/pdf"))
    async def upload(  # noqa: PLR0917 - each from its own place in the request
        dossier: DossierId,
        request: Request,
        caller: Registrar,
        key: Key,
        title: Annotated[str, Query(min_length=3, max_length=300)],
        replaces: Annotated[str | None, Query(max_length=40)] = None,
        reason: Annotated[str | None, Query(min_length=3, max_length=300)] = None,
    ) -> dict[str, Any]:
        """A scanned result (PDF, 900 KiB at most): the agency seals it. `replaces`: the code of another."""
        state = await doors.found(dossier, caller)
        pdf = await request.body()
        if not pdf.startswith(b"%PDF-") or b"%%EOF" not in pdf[-1024:]:
            raise Problem(422, "invalid", "send a PDF file as the body, whole")
        if len(pdf) > MAX_SCAN:
            raise Problem(413, "too_large", f"at most {MAX_SCAN} bytes")
        if (replaces is None) != (reason is None):
            raise Problem(422, "invalid", "a replacement names a reason, and only a replacement does")
        old = named(state, replaces) if replaces else None
        name = f"{dossier}/scan-{hashlib.sha256(pdf).hexdigest()[:32]}"
        await platform.keyring.ensure([dossier])
        await doors.files.put(name, platform.keyring.encrypt(dossier, name, pdf), {"dossier": dossier})
        command = AddDocument(officer=caller.sub, file=name, title=title, replaces=old, reason=reason)
        return dict(await send(deliveries, dossier, command, key))

    @routes.post("/dossiers/{dossier}/documents/retry", status_code=202)
    async def retry(dossier: DossierId, caller: Registrar, key: Key) -> dict[str, Any]:
        """The document could not be made, and what was wrong was put right."""
        return dict(await send(deliveries, dossier, MakeAgain(officer=caller.sub), key))

    @routes.post("/dossiers/{dossier}/documents/{code}/replace", status_code=202)
    async def replace(dossier: DossierId, code: str, body: Why, caller: Registrar, key: Key) -> dict[str, Any]:
        """Made anew; the old one says by which it was replaced."""
        document = named(await doors.found(dossier, caller), code)
        command = ReplaceDocument(officer=caller.sub, document=document, reason=body.reason)
        return dict(await send(deliveries, dossier, command, key))

    @routes.post("/dossiers/{dossier}/documents/{code}/revoke")
    async def revoke(dossier: DossierId, code: str, body: Why, caller: Leader, key: Key) -> dict[str, Any]:
        """No longer valid; the leader's act, for it takes a right away."""
        document = named(await doors.found(dossier, caller), code)
        command = RevokeDocument(officer=caller.sub, document=document, reason=body.reason)
        return dict(await send(deliveries, dossier, command, key))

    @routes.post("/dossiers/{dossier}/physical")
    async def register(dossier: DossierId, body: Item, caller: Desk, key: Key) -> dict[str, Any]:
        """A card or a plaque lies at the desk."""
        command = RegisterPhysical(officer=caller.sub, kind=body.kind, serial=body.serial)
        return dict(await send(deliveries, dossier, command, key))

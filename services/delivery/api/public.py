"""For anyone: is this document ours, whole and in force? And one-time downloads. Never any personal data."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from chassis.decision import Refused
from chassis.http import Problem, body, content, public, refusals, send
from chassis.store import FEW
from services.delivery import pages
from services.delivery.api.common import Doors, attachment
from services.delivery.api.links import dossier_of, hashed
from services.delivery.domain.delivery import Delivery, Issued
from services.delivery.domain.links import usable
from services.delivery.domain.places import DESKS
from services.delivery.messages import OpenLink

PUBLIC: Final = [Depends(public)]
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


HTML: Final = "text/html"
FOUND: Final = content(HTML, status=404, description="The page says that no such document is ours") | refusals(503)
GONE: Final = content(HTML, status=404, description="There is no such link, or no longer")


def normal(code: str) -> str:
    """A code as it is kept, however it was typed; empty for what is none."""
    letters = re.sub(r"[\s-]", "", code).upper()
    if re.fullmatch(r"[A-Z2-7]{16}", letters, re.ASCII) is None:
        return ""
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def verdict(state: Delivery, found: Issued) -> dict[str, Any]:
    """What anyone may know of a document."""
    after = next((d for d in state.documents if d.document == found.replaced_by), None)
    word = "valid" if found.revoked_at is None else "replaced" if after else "revoked"
    shown: dict[str, Any] = {
        "status": word,
        "code": found.code,
        "number": found.number,
        "title": found.title,
        "sha256": found.sha256,
        "size": found.size,
        "stored_at": found.stored_at,
        "signatures": [s.model_dump() for s in found.signatures],
        "revoked_at": found.revoked_at,
        "reason": found.reason if found.revoked_at else None,
        "replaced_by": after.code if after else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def add(routes: APIRouter, doors: Doors) -> None:
    """Public routes: verification as data and as a page, one-time downloads, the desks."""
    _data(routes, doors)
    _pages(routes, doors)
    _downloads(routes, doors)


async def _find(doors: Doors, word: str) -> dict[str, Any] | None:
    """By code or by hash. The document that was looked for, wherever its dossier has got to."""
    if not word:
        return None
    for doc in await doors.deliveries.page({"codes": word}, None, 1, bounds=FEW):
        state: Delivery | None = doc.state
        for found in state.documents if state is not None else ():
            if state is not None and word in {found.code, found.sha256}:
                return verdict(state, found)
    return None


def _data(routes: APIRouter, doors: Doors) -> None:
    @routes.get("/verification/{code}", dependencies=PUBLIC, responses=refusals(503))
    async def by_code(code: str) -> dict[str, Any]:
        """A document by its code: signers, time, hash, valid, replaced or revoked."""
        found = await _find(doors, normal(code))
        if found is None:
            raise Problem(404, "not_found", "No document of this office has that code")
        return found

    @routes.post(
        "/verification",
        dependencies=PUBLIC,
        responses=refusals(404, 503),
        openapi_extra=body("application/octet-stream"),
    )
    async def by_file(request: Request) -> dict[str, Any]:
        """The file itself as the body: only one that is the same to the last byte is found."""
        found = await _find(doors, hashlib.sha256(await request.body()).hexdigest())
        if found is None:
            raise Problem(404, "not_found", "This office issued no such file, or it was changed since")
        return found

    @routes.get("/desks", dependencies=PUBLIC)
    async def desks() -> dict[str, Any]:
        """Where results can be collected."""
        return {"desks": [{"code": code, **desk.model_dump()} for code, desk in DESKS.items()]}


def _pages(routes: APIRouter, doors: Doors) -> None:
    def page(html: str, status: int = 200) -> HTMLResponse:
        return HTMLResponse(html, status, headers=HEADERS)

    @routes.get("/verify", dependencies=PUBLIC, response_class=HTMLResponse, responses=FOUND)
    async def form(code: str = "") -> HTMLResponse:
        """Asks for a code or a file; with a code it answers at once."""
        return await shown(code) if code else page(pages.ask())

    @routes.get("/verify/{code}", dependencies=PUBLIC, response_class=HTMLResponse, responses=FOUND)
    async def shown(code: str) -> HTMLResponse:
        """Where the printed QR code leads."""
        found = await _find(doors, normal(code))
        return page(pages.verdict(found, by="code"), 200 if found else 404)

    @routes.post("/verify", dependencies=PUBLIC, response_class=HTMLResponse, responses=FOUND)
    async def file(file: Annotated[UploadFile, File()]) -> HTMLResponse:
        """A file from the form."""
        found = await _find(doors, hashlib.sha256(await file.read()).hexdigest())
        return page(pages.verdict(found, by="file"), 200 if found else 404)


def _downloads(routes: APIRouter, doors: Doors) -> None:
    deliveries = doors.deliveries

    async def dossier_with(token: str) -> str:
        dossier = dossier_of(token)
        doc = await deliveries.read(dossier) if dossier else None
        state: Delivery | None = doc.state if doc is not None else None
        if dossier is None or usable(state, hashed(token), _now(doors)) is None:
            raise _Gone
        return dossier

    @routes.get("/download/{token}", dependencies=PUBLIC, response_class=HTMLResponse, responses=GONE | refusals(503))
    async def ask(token: str) -> HTMLResponse:
        """Asks for the pin; looking at it uses nothing up, so a mail scanner does no harm."""
        try:
            await dossier_with(token)
        except _Gone:
            return HTMLResponse(pages.gone(), 404, headers=HEADERS)
        return HTMLResponse(pages.pin(), headers=HEADERS)

    @routes.post(
        "/download/{token}",
        dependencies=PUBLIC,
        response_class=Response,
        responses={
            **content("application/pdf"),
            **content(HTML, status=403, description="The pin is wrong: asks again, a few times"),
            **GONE,
            **refusals(410, 503),
        },
    )
    async def give(token: str, pin: Annotated[str, Form(pattern=r"^\d{6}$")]) -> Response:
        """The document, once."""
        try:
            dossier = await dossier_with(token)
            command = OpenLink(token=hashed(token), proof=hashed(token, pin))
            answer = await send(deliveries, dossier, command, None)
        except (_Gone, Refused):
            return HTMLResponse(pages.gone(), 404, headers=HEADERS)
        if "document" not in answer:
            left = int(answer["left"])
            return HTMLResponse(pages.pin(left) if left else pages.gone(), 403, headers=HEADERS)
        return attachment(await doors.clear(dossier, answer["document"]), "ket-qua")


class _Gone(Exception):
    """There is no such link, or no longer."""


def _now(doors: Doors) -> datetime:
    return doors.platform.clock()

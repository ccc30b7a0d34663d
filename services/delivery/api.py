"""Delivery over HTTP: the document, the desk."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from chassis.delivery import IdempotencyKey
from chassis.http import Caller, Problem, allow, idempotency, require_owner, send
from chassis.service import Platform
from schemas.event import DossierId
from services.delivery.domain.consignment import Delivery
from services.delivery.effects.document import FILES
from services.delivery.messages import Collect

Reader = Annotated[Caller, Depends(allow("citizen", "clerk", "registrar", "operator", "auditor"))]
Clerk = Annotated[Caller, Depends(allow("clerk"))]


def router(platform: Platform) -> APIRouter:
    """The routes of delivery."""
    routes = APIRouter()
    deliveries = platform.engine("deliveries")
    files = platform.store.files(FILES)

    async def found(dossier: str, caller: Caller) -> Delivery:
        doc = await deliveries.read(dossier)
        if doc is None or doc.state is None:
            raise Problem(404, "not_found", "There is no delivery for this dossier")
        state: Delivery = doc.state
        await require_owner(platform.keyring, dossier, state.owner, caller)
        return state

    @routes.get("/dossiers/{dossier}/delivery")
    async def show(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """Where the result is, without personal data."""
        hidden = {"owner", "applicant", "address", "result"}
        return (await found(dossier, caller)).model_dump(mode="json", exclude=hidden, exclude_none=True)

    @routes.get("/dossiers/{dossier}/document")
    async def document(dossier: DossierId, caller: Reader) -> Response:
        """The result document (PDF)."""
        state = await found(dossier, caller)
        kept = await files.get(state.document) if state.document else None
        if state.document is None or kept is None:
            raise Problem(404, "not_found", "There is no result document yet")
        await platform.keyring.fetch([dossier])
        pdf = platform.keyring.decrypt(dossier, state.document, kept[0])
        headers = {"content-disposition": 'attachment; filename="ket-qua.pdf"', "etag": f'"{state.sha256}"'}
        return Response(pdf, media_type="application/pdf", headers={**headers, "cache-control": "private, no-store"})

    @routes.post("/dossiers/{dossier}/collect")
    async def collect(
        dossier: DossierId, caller: Clerk, key: Annotated[IdempotencyKey, Depends(idempotency)]
    ) -> dict[str, Any]:
        """The applicant took it at the desk."""
        return dict(await send(deliveries, dossier, Collect(officer=caller.sub), key))

    return routes

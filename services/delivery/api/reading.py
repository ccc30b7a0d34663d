"""Where the result is, its documents, the papers of the one-stop rule."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response

from chassis.http import Problem
from law.slips import SlipKind
from schemas.event import DossierId
from services.delivery.api.common import PDF, Doors, Officer, Reader, attachment
from services.delivery.domain.delivery import Delivery
from services.delivery.domain.places import DESKS
from services.delivery.effects.press import Press
from services.delivery.effects.slips import Slips

HIDDEN: Final = {
    "owner",
    "applicant",
    "address",
    "result",
    "papers",
    "authorised",
    "pickup",
    "links",
    "wanted",
    "leader",
}


def described(state: Delivery) -> dict[str, Any]:
    """Without personal data."""
    shown = state.model_dump(mode="json", exclude=HIDDEN, exclude_none=True)
    shown["documents"] = [
        {**d.model_dump(mode="json", exclude={"scan", "leader"}, exclude_none=True), "scanned": d.scan is not None}
        for d in state.documents
    ]
    if state.desk is not None and state.desk in DESKS:
        shown["desk"] = {"code": state.desk, **DESKS[state.desk].model_dump()}
    return shown


def add(routes: APIRouter, doors: Doors, press: Press) -> None:
    """Routes that change nothing."""
    slips = Slips(doors.platform, press)

    @routes.get("/dossiers/{dossier}/delivery")
    async def show(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """Where the result is. Who filed it also sees the code to collect it with."""
        state = await doors.found(dossier, caller)
        shown = described(state)
        waits = state.status == "available" or state.trouble == "uncollected"
        if waits and state.pickup is not None and caller.roles == {"citizen"}:
            shown["pickup"] = await doors.open(dossier, state.pickup)
        return shown

    @routes.get("/dossiers/{dossier}/document", **PDF)
    async def document(dossier: DossierId, caller: Reader) -> Response:
        """The result document in force (PDF)."""
        state = await doors.found(dossier, caller)
        if state.document is None:
            raise Problem(404, "not_found", "There is no result document yet")
        return attachment(await doors.clear(dossier, state.document), "ket-qua", etag=f'"{state.sha256}"')

    @routes.get("/dossiers/{dossier}/documents/{code}", **PDF)
    async def one(dossier: DossierId, code: str, caller: Reader) -> Response:
        """One of several, by its verification code; also those that were replaced or revoked."""
        state = await doors.found(dossier, caller)
        found = next((d for d in state.documents if d.code == code and d.sha256), None)
        if found is None:
            raise Problem(404, "not_found", "There is no such document")
        return attachment(await doors.clear(dossier, found.document), found.code, etag=f'"{found.sha256}"')

    @routes.get("/dossiers/{dossier}/slips")
    async def listed(dossier: DossierId, caller: Officer) -> dict[str, Any]:
        """The papers of the one-stop rule that there are, with the number of their form on their day."""
        papers = (await doors.found(dossier, caller)).papers
        return {"slips": [papers.describe(kind) for kind in papers.kinds]}

    @routes.get("/dossiers/{dossier}/slips/{kind}", **PDF)
    async def slip(dossier: DossierId, kind: SlipKind, caller: Officer) -> Response:
        """One of them (PDF): made when first asked for, from then on the same."""
        state = await doors.found(dossier, caller)
        try:
            return attachment(await slips.pdf(state, kind), kind)
        except KeyError as error:
            raise Problem(404, "not_found", f"There is no {kind} for this dossier") from error

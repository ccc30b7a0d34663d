"""Notification over HTTP: what was told, without personal data."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from chassis.http import Caller, Problem, allow
from chassis.service import Platform
from schemas.event import DossierId


def router(platform: Platform) -> APIRouter:
    """The routes of notification."""
    routes = APIRouter()
    dossiers = platform.engine("dossiers")

    @routes.get("/dossiers/{dossier}/messages")
    async def show(
        dossier: DossierId, _caller: Annotated[Caller, Depends(allow("clerk", "operator", "auditor"))]
    ) -> dict[str, Any]:
        """Every message about a dossier and what became of it."""
        found = await dossiers.read(dossier)
        if found is None or found.state is None:
            raise Problem(404, "not_found", "Nothing was told about this dossier")
        return {"messages": [message.model_dump(mode="json") for message in found.state.messages]}

    return routes

"""Tracking over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from chassis.http import Caller, Problem, allow, require_owner
from chassis.http.routing import new_router
from chassis.readings import looked_at
from chassis.service import Platform
from chassis.store import FEW
from law.statuses import Status
from schemas.event import DossierId
from services.tracking.domain.progress import progress
from services.tracking.domain.timeline import Tracked

OFFICERS = ("clerk", "specialist", "leader", "registrar", "operator", "auditor")


def router(platform: Platform) -> APIRouter:
    """The routes of tracking."""
    routes = new_router()
    dossiers = platform.engine("dossiers")

    @routes.get("/dossiers/{dossier}/timeline")
    async def timeline(
        dossier: DossierId, caller: Annotated[Caller, Depends(allow("citizen", *OFFICERS))]
    ) -> dict[str, Any]:
        """Where it stands, and everything that happened, in order of time."""
        found = await dossiers.read(dossier)
        if found is None or found.state is None:
            raise Problem(404, "not_found", "Nothing is known of this dossier")
        state: Tracked = found.state
        await require_owner(platform.keyring, dossier, state.owner, caller)
        return _whole(state)

    @routes.get("/timelines/{code}")
    async def by_code(
        code: Annotated[str, Path(max_length=40)], _caller: Annotated[Caller, Depends(allow("service", *OFFICERS))]
    ) -> dict[str, Any]:
        """As above, by dossier code: for whoever has had the applicant's one-time code checked before."""
        found = await dossiers.page({"code": code}, None, 1, bounds=FEW)
        if not found or found[0].state is None:
            raise Problem(404, "not_found", "There is no such dossier")
        looked_at(found[0].id)
        return _whole(found[0].state)

    @routes.get("/dossiers")
    async def by_status(
        _caller: Annotated[Caller, Depends(allow(*OFFICERS))],
        status: Status,
        after: DossierId | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Dossiers in one national status, ascending by id; `next` is the cursor of the following page."""
        found = await dossiers.page({"status": int(status)}, after, limit)
        summaries = [_summary(doc.state) for doc in found if doc.state is not None]
        return {"dossiers": summaries, "next": found[-1].id if len(found) == limit else None}

    def _whole(state: Tracked) -> dict[str, Any]:
        entries = [entry.model_dump(mode="json") for entry in state.entries]
        return {**_summary(state), **progress(state, platform.clock()), "entries": entries}

    return routes


def _summary(state: Tracked) -> dict[str, Any]:
    due = state.due_at.isoformat() if state.due_at else None
    return {
        "id": state.dossier_id,
        "procedure": state.procedure,
        "code": state.code,
        "status": state.status,
        "due_at": due,
    }

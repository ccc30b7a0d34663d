"""Audit over HTTP: the roots for everybody, a dossier's records for auditors."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from chassis.http import Caller, Problem, allow, public, refusals
from chassis.http.problems import unavailable
from chassis.http.routing import new_router
from chassis.relay import PublishFailed
from chassis.rereading import LOG_AWAY
from schemas.event import DossierId
from services.audit import log as reading
from services.audit.sealer import LogBroken, Sealer
from services.audit.sealing import public as jwks
from services.audit.settings import AuditSettings
from services.audit.stamping import StampAway

PAGE: Final = 400
Auditor = Annotated[Caller, Depends(allow("auditor"))]
Sealing = Annotated[Caller, Depends(allow("auditor", "operator"))]


def router(settings: AuditSettings, sealer: Sealer) -> APIRouter:
    """The routes."""
    routes = new_router()

    @routes.get("/.well-known/jwks.json", dependencies=[Depends(public)])
    async def keys() -> dict[str, Any]:
        """What the seals are checked with."""
        return jwks(*settings.keys)

    @routes.get("/audit/seals", dependencies=[Depends(public)])
    async def seals(after: Annotated[int, Query(ge=0)] = 0) -> dict[str, Any]:
        """The roots, oldest first: anyone may keep them, and hold the log against them for ever."""
        found = [s.model_dump(mode="json", exclude={"spans"}) for s in sealer.seals[after : after + PAGE]]
        return {"seals": found, "next": after + PAGE if len(sealer.seals) > after + PAGE else None}

    @routes.post("/audit/seals", status_code=201, responses=refusals(409))
    async def seal(_caller: Sealing) -> dict[str, Any]:
        """Seals now, besides the daily ones. Needs no Idempotency-Key: a second seal is only another seal."""
        try:
            made = await sealer.seal()
        except LogBroken as error:
            raise Problem(409, "log_broken", str(error)) from error
        except (*LOG_AWAY, PublishFailed, StampAway) as error:
            raise unavailable(f"not sealed ({type(error).__name__})") from error
        return {"n": made.n, "day": made.day.isoformat(), "root": made.root}

    @routes.get("/audit/dossiers/{dossier}")
    async def show(dossier: DossierId, _caller: Auditor) -> dict[str, Any]:
        """What happened to a dossier, who acted, who looked and what they opened, by time. No personal data."""
        try:
            return {"dossier": dossier, "records": await reading.about(settings.kafka, dossier)}
        except LOG_AWAY as error:
            raise unavailable("the log cannot be read") from error

    return routes

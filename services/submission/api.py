"""Submission over HTTP: applicants file, officers act."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from chassis import jose
from chassis.decision import Command
from chassis.delivery import IdempotencyKey
from chassis.http import Caller, Problem, allow, idempotency, public, send
from chassis.service import Platform
from schemas.event import DossierId, Text
from schemas.upstream import Filing
from services.submission.domain.dossier import Dossier, Stage
from services.submission.domain.filing import BadFiling, checked, dossier_id
from services.submission.messages import AcceptDossier, DecideDossier, ExamineDossier, IssueResult, RejectDossier

OFFICERS = ("clerk", "specialist", "leader", "registrar", "operator", "auditor")
Key = Annotated[IdempotencyKey, Depends(idempotency)]
Clerk = Annotated[Caller, Depends(allow("clerk"))]
Specialist = Annotated[Caller, Depends(allow("specialist"))]
Leader = Annotated[Caller, Depends(allow("leader"))]
Registrar = Annotated[Caller, Depends(allow("registrar"))]
Citizen = Annotated[Caller, Depends(allow("citizen"))]
Reader = Annotated[Caller, Depends(allow("citizen", *OFFICERS))]
Officer = Annotated[Caller, Depends(allow(*OFFICERS))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Rejection(_Body):
    """Why the desk does not receive it."""

    reason: Text


class Examination(_Body):
    """What the specialist proposes."""

    proposal: Literal["approve", "refuse"]


class Decided(_Body):
    """What the leader decides; a refusal says why."""

    outcome: Literal["approved", "refused"]
    reason: Text | None = None


def router(platform: Platform) -> APIRouter:
    """The routes of submission."""
    routes = APIRouter()
    _reading(routes, platform)
    _filing(routes, platform)
    _deciding(routes, platform)
    return routes


def _filing(routes: APIRouter, platform: Platform) -> None:
    act = _acting(platform)

    @routes.post("/dossiers", status_code=201)
    async def file(filing: Filing, caller: Citizen, key: Key) -> dict[str, Any]:
        """Files a dossier. The same Idempotency-Key answers the same dossier for ever."""
        dossier = dossier_id(caller.sub, key.key)
        try:
            command = checked(filing, platform.clock(), dossier=dossier, owner=caller.sub, route="portal")
        except BadFiling as error:
            problems = [problem.model_dump() for problem in error.problems]
            raise Problem(422, "invalid", "The filing has wrong fields", errors=problems) from error
        return await act(dossier, command, IdempotencyKey(key.key, key.digest, permanent=True))


def _reading(routes: APIRouter, platform: Platform) -> None:
    dossiers = platform.engine("dossiers")

    @routes.get("/dossiers")
    async def worklist(
        _caller: Officer,
        stage: Stage,
        after: DossierId | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Dossiers in one stage, ascending by id; `next` is the cursor of the following page."""
        found = await dossiers.page({"stage": stage}, after, limit)
        return {
            "dossiers": [_view(doc.state) for doc in found if doc.state is not None],
            "next": found[-1].id if len(found) == limit else None,
        }

    @routes.get("/dossiers/{dossier}")
    async def show(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """One dossier without personal data; an applicant sees their own only."""
        found = await dossiers.read(dossier)
        state: Dossier | None = found.state if found else None
        if state is None or (caller.roles.isdisjoint(OFFICERS) and state.owner != caller.sub):
            raise Problem(404, "not_found", "There is no such dossier")
        return _view(state)

    @routes.get("/.well-known/jwks.json", dependencies=[Depends(public)])
    async def keys() -> dict[str, Any]:
        """The public key that upstream portals encrypt to."""
        own = jose.key(platform.settings.jwk_dict)
        return {"keys": [{**own.as_dict(private=False), "use": "enc", "alg": jose.WRAP}]}


def _deciding(routes: APIRouter, platform: Platform) -> None:
    act = _acting(platform)

    @routes.post("/dossiers/{dossier}/accept")
    async def accept(dossier: DossierId, caller: Clerk, key: Key) -> dict[str, Any]:
        """Receives it: it gets its code, its due date and its fee."""
        return await act(dossier, AcceptDossier(officer=caller.sub), key)

    @routes.post("/dossiers/{dossier}/reject")
    async def reject(dossier: DossierId, body: Rejection, caller: Clerk, key: Key) -> dict[str, Any]:
        """Does not receive it."""
        return await act(dossier, RejectDossier(officer=caller.sub, reason=body.reason), key)

    @routes.post("/dossiers/{dossier}/examine")
    async def examine(dossier: DossierId, body: Examination, caller: Specialist, key: Key) -> dict[str, Any]:
        """Records the examination."""
        return await act(dossier, ExamineDossier(officer=caller.sub, proposal=body.proposal), key)

    @routes.post("/dossiers/{dossier}/decide")
    async def decide(dossier: DossierId, body: Decided, caller: Leader, key: Key) -> dict[str, Any]:
        """Records the decision."""
        return await act(dossier, DecideDossier(officer=caller.sub, outcome=body.outcome, reason=body.reason), key)

    @routes.post("/dossiers/{dossier}/issue")
    async def issue(dossier: DossierId, caller: Registrar, key: Key) -> dict[str, Any]:
        """Numbers and dates the result."""
        return await act(dossier, IssueResult(officer=caller.sub), key)


Act = Callable[[str, Command, IdempotencyKey], Awaitable[dict[str, Any]]]


def _acting(platform: Platform) -> Act:
    dossiers = platform.engine("dossiers")

    async def act(dossier: str, command: Command, key: IdempotencyKey) -> dict[str, Any]:
        return dict(await send(dossiers, dossier, command, key))

    return act


def _view(dossier: Dossier) -> dict[str, Any]:
    hidden = {"applicant", "form", "address", "owner", "officers"}
    return dossier.model_dump(mode="json", exclude=hidden, exclude_none=True)

"""Views of dossiers: one, those in a stage, and officers' inboxes, due first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Depends, Query, Response

from chassis import jose
from chassis.document import Document
from chassis.engine import Engine
from chassis.http import Caller, Problem, allow, public
from chassis.http.auth import KEEPER
from chassis.readings import looked_at
from chassis.service import Platform
from chassis.store import FEW
from schemas.event import DossierId, format_instant
from services.submission.api.common import OFFICERS, Citizen, Doors, InPlaceOf, Limit, Officer, Reader, etag
from services.submission.domain import duplicates, finding, graph, timing
from services.submission.domain.dossier import Dossier, Stage

Inbox = Literal["specialist", "clerk", "leader", "registrar"]
INBOXES: Final[tuple[Inbox, ...]] = get_args(Inbox)
DUPLICATES: Final = 50
HIDDEN = {
    "tokens", "applicant", "agent", "form", "address", "owner", "officers", "pending", "complaint", "documents", "told",
    "portal", "national", "corrections",
}  # fmt: skip
Worker = Annotated[Caller, Depends(allow(*INBOXES))]
Cursor = Annotated[str | None, Query(max_length=100)]


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes that only read."""
    _one(routes, platform)
    _lists(routes, platform)
    _search(routes, platform)

    @routes.get("/.well-known/jwks.json", dependencies=[Depends(public)])
    async def keys() -> dict[str, Any]:
        """Our public keys: upstream portals encrypt to the first, and know by them who signed a reply."""
        return jose.public(platform.settings.own)


def _one(routes: APIRouter, platform: Platform) -> None:
    dossiers = platform.engine("dossiers")

    @routes.get("/dossiers/{dossier}")
    async def show(dossier: DossierId, caller: Reader, response: Response) -> dict[str, Any]:
        """One dossier without personal data, its present step and what may be done; applicants see their own only."""
        state = await visible(dossiers, dossier, caller)
        response.headers["etag"] = etag(state.revision)
        return {**summary(state), "step": _step(state), "possible": graph.possible(state)}

    @routes.get("/dossiers/{dossier}/duplicates")
    async def twice(dossier: DossierId, caller: Officer) -> dict[str, Any]:
        """Dossiers that may be this one filed again: same procedure, phone and name, and one of them open."""
        state = await visible(dossiers, dossier, caller)
        view = duplicates.query(state)
        found = await dossiers.page(view, None, DUPLICATES, bounds=FEW) if view is not None else []
        alike = duplicates.among(state, (doc.state for doc in found if doc.state is not None and not _restricted(doc)))
        return {"duplicates": [summary(other) for other in alike], "more": len(found) == DUPLICATES}

    @routes.get("/dossiers/{dossier}/complaint")
    async def complaint(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """The complaint and its answer, in clear, for the applicant and for officers."""
        state = await visible(dossiers, dossier, caller)
        if state.complaint is None:
            raise Problem(404, "not_found", "There is no complaint about this dossier")
        shown = state.complaint.model_dump(mode="json", exclude={"text", "answer"}, exclude_none=True)
        for name in ("text", "answer"):
            sealed = getattr(state.complaint, name)
            if sealed is not None:
                shown[name] = await platform.keyring.open(dossier, sealed)
        return shown


async def visible(dossiers: Engine[Any], dossier: str, caller: Caller) -> Dossier:
    """The dossier, for officers and its owner. Raises Problem 404 for anybody else."""
    found = await dossiers.read(dossier)
    state: Dossier | None = found.state if found else None
    if state is None or (caller.roles.isdisjoint(OFFICERS) and state.owner != caller.sub):
        raise Problem(404, "not_found", "There is no such dossier")
    return state


def _lists(routes: APIRouter, platform: Platform) -> None:
    doors = Doors(platform)
    dossiers = doors.dossiers

    @routes.get("/dossiers")
    async def worklist(
        _caller: Officer, stage: Stage, after: DossierId | None = None, limit: Limit = 50
    ) -> dict[str, Any]:
        """Dossiers in one stage, ascending by id; `next` is the cursor of the following page."""
        found = await dossiers.page({"stage": stage}, after, limit)
        return _page(found, limit, found[-1].id if found else None)

    @routes.get("/my-dossiers")
    async def own(caller: Citizen, after: DossierId | None = None, limit: Limit = 50) -> dict[str, Any]:
        """Dossiers that the caller filed, ascending by id; `next` is the cursor of the following page."""
        found = await dossiers.page({"owner": caller.sub}, after, limit, bounds=FEW)
        return _page(found, limit, found[-1].id if found else None)

    @routes.get("/inbox")
    async def inbox(
        caller: Worker,
        *,
        box: Literal["unit", "mine", "overdue"] = "unit",
        role: Inbox | None = None,
        on_behalf_of: InPlaceOf = None,
        after: Cursor = None,
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """What waits for the caller, due first: their unit's, what they hold, or (leaders) what is overdue."""
        role = role or next(r for r in INBOXES if r in caller.roles)
        if role not in caller.roles or (box == "overdue" and role != "leader"):
            raise Problem(403, "forbidden", f"this is for a {'leader' if box == 'overdue' else role}")
        by = await doors.who(caller, role, on_behalf_of)
        if box == "mine":
            view: dict[str, Any] = {"holder": by.principal}
        elif box == "overdue":
            view = {"alert": "overdue"}
        elif role == "specialist":
            if by.unit is None:
                raise Problem(403, "forbidden", "your token names no unit")
            view = {"inbox": f"specialist:{by.unit}"}
        else:
            view = {"inbox": role}
        bounds = timing.orders(doors.platform.clock())
        found = await dossiers.page(view, after, limit, "order", bounds)
        return _page(found, limit, timing.order(found[-1].state) if found and found[-1].state else None)


def _search(routes: APIRouter, platform: Platform) -> None:
    dossiers = platform.engine("dossiers")

    @routes.get("/search")
    async def search(
        caller: Officer, q: Annotated[str, Query(min_length=1, max_length=200)], limit: Limit = 50
    ) -> dict[str, Any]:
        """Dossiers by code, phone, identity number or words of the applicant's name, in no order; `more` if cut off.

        Whole names come alone where there are any; more words find fewer. A person who had processing restricted is not
        found, but by whoever answers for personal data.
        """
        for query in finding.queries(q, platform.settings.token):
            if found := await dossiers.page(query.view, None, limit, bounds=query.bounds):
                shown = [doc for doc in found if KEEPER in caller.roles or not _restricted(doc)]
                looked_at(*(doc.id for doc in shown))
                return {**_page(shown, limit, None), "more": len(found) == limit}
        return {"dossiers": [], "more": False}


def _restricted(doc: Document[Any]) -> bool:
    return doc.state is not None and doc.state.restricted is not None


def _page(found: Sequence[Document[Any]], limit: int, last: str | None) -> dict[str, Any]:
    shown = [summary(doc.state) for doc in found if doc.state is not None]
    return {"dossiers": shown, "next": last if len(found) == limit else None}


def summary(dossier: Dossier) -> dict[str, Any]:
    """A dossier without personal data, with its national status; `turn_due`: what inboxes are sorted by."""
    shown = dossier.model_dump(mode="json", exclude=HIDDEN, exclude_none=True)
    due = timing.turn_due(dossier)
    turn = {"turn_due": format_instant(due)} if due is not None else {}
    return {**shown, **turn, "status": int(graph.STATUS[dossier.stage])}


def _step(dossier: Dossier) -> dict[str, Any] | None:
    step = timing.step_of(dossier)
    if step is None:
        return None
    due = timing.step_due(dossier, step)
    since = dossier.held_since or dossier.since
    return {
        "code": step.code,
        "name_vi": step.name_vi,
        "name_en": step.name_en,
        "role": step.role,
        "holder": dossier.holder,
        "since": since.isoformat() if since else None,
        "due_at": due.isoformat() if due else None,
    }

"""What an officer sees before they act: what was filed, in clear, and which commands are theirs to give now."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from chassis.http import Caller, Problem, allow
from chassis.service import Platform
from schemas.event import DossierId, Record
from schemas.work import By
from services.submission.api.common import Doors, InPlaceOf, Reader, etag, in_clear
from services.submission.api.reading import INBOXES, visible
from services.submission.domain import rights
from services.submission.domain.turns import turns

Worker = Annotated[Caller, Depends(allow(*INBOXES))]


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes. What is opened is noted as read, and withheld where the person had processing restricted."""
    doors = Doors(platform)

    async def clear(dossier: str, record: Record | None) -> dict[str, Any] | None:
        return None if record is None else await in_clear(platform.keyring, dossier, record)

    @routes.get("/dossiers/{dossier}/content")
    async def content(dossier: DossierId, caller: Reader, response: Response) -> dict[str, Any]:
        """Who files, for whom, and every answer of the form, in clear, as it is right now; for officers and its owner.

        `address`: where the result goes by post; `agent`: who files for the applicant.
        """
        state = await visible(doors.dossiers, dossier, caller)
        applicant, address, form = rights.present(state)
        response.headers["etag"] = etag(state.revision)
        people = await asyncio.gather(*(clear(dossier, one) for one in (applicant, state.agent, address)))
        said = json.loads(await platform.keyring.open(dossier, form))
        whole = {**dict(zip(("applicant", "agent", "address"), people, strict=True)), "form": said}
        if people[0] is not None and state.legal_form is not None:
            people[0]["kind"] = state.legal_form
        return {name: value for name, value in whole.items() if value is not None}

    @routes.get("/dossiers/{dossier}/commands")
    async def commands(
        dossier: DossierId, caller: Worker, response: Response, on_behalf_of: InPlaceOf = None
    ) -> dict[str, Any]:
        """Commands that the dossier's stage allows and the caller's roles give; `refused`: what is in the way of one.

        `units`: those a leader may assign to.
        """
        state = await visible(doors.dossiers, dossier, caller)
        response.headers["etag"] = etag(state.revision)
        found = turns(state, await _as(doors, caller, on_behalf_of), platform.clock())
        listed = [
            {"name": turn.command, "role": turn.role}
            | ({"refused": {"code": turn.refused.code, "detail": turn.refused.detail}} if turn.refused else {})
            for turn in found
        ]
        return {"id": dossier, "revision": state.revision, "commands": listed, "units": sorted(platform.settings.units)}


async def _as(doors: Doors, caller: Caller, in_place_of: str | None) -> list[By]:
    """The caller in each of their roles; as a deputy, in those they stand in for. Raises Problem 403 for none."""
    found, refusal = list[By](), None
    for role in (role for role in INBOXES if role in caller.roles):
        try:
            found.append(await doors.who(caller, role, in_place_of))
        except Problem as problem:
            refusal = problem
    if refusal is not None and not found:
        raise refusal
    return found

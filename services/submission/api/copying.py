"""What was sent, as a document its applicant can keep."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from chassis.http import Caller, content
from chassis.service import Platform
from schemas.event import DossierId
from services.submission.api.common import Citizen, in_clear
from services.submission.api.reading import visible
from services.submission.domain import timing
from services.submission.domain.dossier import Dossier
from services.submission.effects.copies import Copies, Language, Sent

OWNER: Final = frozenset({"citizen"})


def add(routes: APIRouter, platform: Platform) -> None:
    """One route."""
    dossiers = platform.engine("dossiers")
    copies = Copies()

    @routes.get("/dossiers/{dossier}/copy", response_class=Response, responses=content("application/pdf"))
    async def copy(dossier: DossierId, caller: Citizen, language: Annotated[Language, Query()] = "vi") -> Response:
        """What the applicant sent, as it stands with their supplements (PDF/A), with labels in `language`."""
        state = await visible(dossiers, dossier, Caller(caller.sub, OWNER))  # other roles do not make it theirs
        pdf = await copies.pdf(await sent(platform, state), language)
        headers = {
            "content-disposition": f'attachment; filename="{state.code or dossier}.pdf"',
            "cache-control": "private, no-store",
            "x-content-type-options": "nosniff",
        }
        return Response(pdf, media_type="application/pdf", headers=headers)


async def sent(platform: Platform, dossier: Dossier) -> Sent:
    """All of it, in clear. Raises Unopenable."""
    keyring = platform.keyring

    async def opened(part: Any) -> dict[str, Any]:
        return {} if part is None else await in_clear(keyring, dossier.id, part)

    applicant = await opened(dossier.applicant)
    return Sent(
        id=dossier.id,
        code=dossier.code or "",
        name=dossier.procedure_name.model_dump(),
        filed_at=dossier.filed_at,
        procedure=timing.procedure_of(dossier),
        applicant={**applicant, "kind": dossier.legal_form or dossier.applicant.kind},
        agent=await opened(dossier.agent),
        form=json.loads(await keyring.open(dossier.id, dossier.form)),
        way=dossier.way,
        address=await opened(dossier.address),
        files=tuple((one.code, one.size, one.sha256) for one in dossier.documents),
    )

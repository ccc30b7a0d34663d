"""A clerk files at the counter for an applicant who agreed; the dossier keeps who, how and when."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from chassis.delivery import IdempotencyKey
from chassis.http import Caller, Problem, allow
from chassis.service import Platform
from schemas.event import Instant
from schemas.parts import Assistance, Consent
from schemas.upstream import Line
from services.submission.api.applicants import FilingWithFiles, invalid
from services.submission.api.common import Body, Doors, Key
from services.submission.domain.filing import BadFiling, checked, dossier_id
from services.submission.files.attaching import with_files

AtCounter = Annotated[Caller, Depends(allow("clerk"))]


class Assisted(Body):
    """The applicant's filing, how and when they agreed to it, and their account, where they have one.

    Without an account only officers see the dossier over HTTP, and its fee is paid at the desk; its files are then
    uploaded for `desk:` and the clerk's own account.
    """

    filing: FilingWithFiles
    consent: Consent
    consented_at: Instant
    account: Line | None = None


def add(routes: APIRouter, platform: Platform) -> None:
    """The route of assisted filing."""
    doors = Doors(platform)

    @routes.post("/dossiers/assisted", status_code=201)
    async def assist(body: Assisted, caller: AtCounter, key: Key, response: Response) -> dict[str, Any]:
        """Files a dossier for an applicant. The same Idempotency-Key answers the same dossier for ever."""
        now, dossier = platform.clock(), dossier_id(caller.sub, key.key)
        if body.consented_at > now:
            wrong = {
                "field": "consented_at",
                "problem": "must not be in the future: the applicant agrees before you file",
                "problem_vi": "không được ở tương lai: người nộp đồng ý trước khi nộp thay",
            }
            raise Problem(422, "invalid", "The filing has wrong fields", errors=[wrong])
        try:
            command = checked(
                body.filing,
                now,
                dossier=dossier,
                owner=body.account or f"desk:{caller.sub}",
                route="portal",
                token=platform.settings.token,
                assistance=Assistance(officer=caller.sub, consent=body.consent, consented_at=body.consented_at),
            )
        except BadFiling as error:
            raise invalid(error, "filing.") from error
        command = await with_files(platform, command, body.filing.files)
        return await doors.own(dossier, command, IdempotencyKey(key.key, key.digest, permanent=True), response)

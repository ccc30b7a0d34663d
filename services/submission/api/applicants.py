"""Applicants file, answer, withdraw, rate and complain: about their own dossiers only."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from chassis.delivery import IdempotencyKey
from chassis.http import Problem
from chassis.service import Platform
from schemas.event import DossierId, Text
from schemas.personal import Personal
from schemas.upstream import Answer as FormAnswer
from schemas.upstream import Filing
from services.submission import messages as do
from services.submission.api.common import Body, Citizen, Doors, Key
from services.submission.api.reading import visible
from services.submission.domain import timing
from services.submission.domain.dossier import local_day
from services.submission.domain.filing import BadFiling, checked, corrected, dossier_id
from services.submission.domain.unfinished import Files
from services.submission.files.attaching import Attaching, with_files


class FilingWithFiles(Filing):
    """A filing, and the files that are its documents."""

    files: Files = ()


class Answer(Body):
    """What was asked for: the fields put right, the documents brought (by their code), and files that are documents."""

    form: Annotated[dict[str, FormAnswer | int], Field(max_length=50, default_factory=dict)]
    documents: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    files: Files = ()


class Withdrawal(Body):
    """Why, if they say so."""

    reason: Text | None = None


class Rating(Body):
    """1 (bad) to 5 (good), and in words."""

    score: Annotated[int, Field(ge=1, le=5)]
    comment: Text | None = None


class Grievance(Body):
    """What was wrong."""

    text: Text


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of applicants."""
    _filing(routes, platform)
    _ending(routes, platform)


def _filing(routes: APIRouter, platform: Platform) -> None:
    doors = Doors(platform)
    attaching = Attaching(platform)

    @routes.post("/dossiers", status_code=201)
    async def file(filing: FilingWithFiles, caller: Citizen, key: Key, response: Response) -> dict[str, Any]:
        """Files a dossier. The same Idempotency-Key answers the same dossier for ever."""
        dossier = dossier_id(caller.sub, key.key)
        try:
            command = checked(
                filing,
                platform.clock(),
                dossier=dossier,
                owner=caller.sub,
                route="portal",
                token=platform.settings.token,
            )
        except BadFiling as error:
            raise invalid(error) from error
        command = await with_files(platform, command, filing.files)
        return await doors.own(dossier, command, IdempotencyKey(key.key, key.digest, permanent=True), response)

    @routes.post("/dossiers/{dossier}/supplement-answer")
    async def supplement(
        dossier: DossierId, body: Answer, caller: Citizen, key: Key, response: Response
    ) -> dict[str, Any]:
        """Answers the request for a supplement: all that was asked for, and nothing else."""
        state = await visible(doors.dossiers, dossier, caller)
        form = json.loads(await platform.keyring.open(dossier, state.form))
        procedure = timing.procedure_of(state)
        try:
            form = corrected(form, body.form, procedure, local_day(platform.clock()))
        except BadFiling as error:
            raise invalid(error) from error
        command = do.SupplementDossier(
            owner=caller.sub,
            form=Personal.of(json.dumps(form, ensure_ascii=False, sort_keys=True)),
            answers=procedure.answers(form),
            fields=tuple(sorted(body.form)),
            documents=tuple(sorted({*body.documents, *(named.code for named in body.files)})),
            files=await attaching.hold(dossier, body.files, caller.sub, procedure),
        )
        return await doors.own(dossier, command, key, response)


def _ending(routes: APIRouter, platform: Platform) -> None:
    doors = Doors(platform)

    @routes.post("/dossiers/{dossier}/withdraw")
    async def withdraw(
        dossier: DossierId, body: Withdrawal, caller: Citizen, key: Key, response: Response
    ) -> dict[str, Any]:
        """Takes it back, until it is decided."""
        return await doors.own(dossier, do.WithdrawDossier(owner=caller.sub, reason=body.reason), key, response)

    @routes.post("/dossiers/{dossier}/rating")
    async def rate(dossier: DossierId, body: Rating, caller: Citizen, key: Key, response: Response) -> dict[str, Any]:
        """Says, once, how it was handled."""
        comment = None if body.comment is None else Personal.of(body.comment)
        command = do.RateDossier(owner=caller.sub, score=body.score, comment=comment)
        return await doors.own(dossier, command, key, response)

    @routes.post("/dossiers/{dossier}/complaint")
    async def complain(
        dossier: DossierId, body: Grievance, caller: Citizen, key: Key, response: Response
    ) -> dict[str, Any]:
        """Complains, once, after the end; the answer has a term."""
        command = do.Complain(owner=caller.sub, text=Personal.of(body.text))
        return await doors.own(dossier, command, key, response)


def invalid(error: BadFiling, within: str = "") -> Problem:
    """422 with every wrong field; `within`: where in the request the filing stands."""
    problems = [{**asdict(problem), "field": f"{within}{problem.field}"} for problem in error.problems]
    return Problem(422, "invalid", "The filing has wrong fields", errors=problems)

"""Drafts of filings: the account that made one sees it, nobody else. No Idempotency-Key: each route may be repeated."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from chassis.decision import Refused
from chassis.engine import Engine
from chassis.http import Problem, may_answer, refusals, send
from chassis.service import Platform
from law import fees, procedures
from law.errors import UnknownProcedure
from schemas.event import DossierId
from schemas.parts import Bilingual
from schemas.personal import Personal
from services.submission.api.applicants import invalid
from services.submission.api.common import SEEN, Citizen, etag, seen
from services.submission.domain import drafts as do
from services.submission.domain.charging import point_of, quoted
from services.submission.domain.dossier import local_day
from services.submission.domain.drafts import Draft, Drawer, dossier_of, drawer_id
from services.submission.domain.filing import BadFiling, Wrong, checked
from services.submission.domain.reception import filed_answer
from services.submission.domain.unfinished import Unfinished
from services.submission.files.attaching import with_files


@may_answer(400, 412, header={**SEEN, "required": False})
async def saw(request: Request) -> int | None:
    """The revision that If-Match names, if it is sent."""
    return await seen(request) if "if-match" in request.headers else None


Saw = Annotated[int | None, Depends(saw)]


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of drafts."""
    desk = _Desk(platform)

    @routes.put("/drafts/{draft}", responses=refusals(409))
    async def save(
        draft: DossierId, body: Unfinished, caller: Citizen, revision: Saw, response: Response
    ) -> dict[str, Any]:
        """Keeps a draft under an id the client chose; `errors` says what is still to be done. Nothing is filed."""
        answer = await desk.save(caller.sub, draft, body, revision)
        response.headers["etag"] = etag(answer["revision"])
        return answer

    @routes.get("/drafts")
    async def every(caller: Citizen) -> dict[str, Any]:
        """The caller's drafts, the last saved first, without what they hold."""
        return {"drafts": await desk.all(caller.sub)}

    @routes.get("/drafts/{draft}", responses=refusals(410))
    async def one(draft: DossierId, caller: Citizen, response: Response) -> dict[str, Any]:
        """A draft with what it holds; of one that was filed, which dossier it is now."""
        answer = await desk.one(caller.sub, draft)
        if "revision" in answer:
            response.headers["etag"] = etag(answer["revision"])
        return answer

    @routes.get("/drafts/{draft}/fee", responses=refusals(410))
    async def fee(draft: DossierId, caller: Citizen) -> dict[str, Any]:
        """What would be due if it were filed today, and when: VND, by the law of the day.

        `total` is null while an answer that it is counted by (`depends_on`) is missing or wrong.
        """
        return await desk.fee(caller.sub, draft)

    @routes.delete("/drafts/{draft}", status_code=204, responses=refusals(409))
    async def remove(draft: DossierId, caller: Citizen) -> None:
        """Removes a draft; one that is not there is removed already."""
        await desk.remove(caller.sub, draft)

    @routes.post("/drafts/{draft}/file", status_code=201, responses=refusals(409, 410, 412))
    async def file(draft: DossierId, caller: Citizen) -> dict[str, Any]:
        """Files what the draft holds: one dossier, however often it is asked."""
        return await desk.file(caller.sub, draft)


class _Desk:
    """What the routes do, by account."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._drawers: Engine[Any] = platform.engine("drafts")
        self._dossiers: Engine[Any] = platform.engine("dossiers")

    async def save(self, account: str, name: str, body: Unfinished, revision: int | None) -> dict[str, Any]:
        now = self._platform.clock()
        try:
            procedure = procedures.find(body.procedure, local_day(now))
        except UnknownProcedure as error:
            raise invalid(BadFiling((Wrong("procedure", str(error), "không có thủ tục này"),))) from error
        content = body.model_dump_json()
        command = do.SaveDraft(
            drawer=drawer_id(account),
            draft=name,
            owner=Personal.of(account),
            procedure=procedure.code,
            procedure_name=Bilingual(vi=procedure.name_vi, en=procedure.name_en),
            content=Personal.of(content),
            size=len(content.encode()),
            phone=None if body.phone is None else Personal.of(body.phone),
            email=None if body.email is None else Personal.of(body.email),
            revision=revision,
        )
        answer = dict(await send(self._drawers, command.drawer, command, None))
        return {**answer, "errors": [asdict(wrong) for wrong in body.faults(now)]}

    async def all(self, account: str) -> list[dict[str, Any]]:
        drawer = await self._drawer(account)
        drafts = sorted(drawer.drafts.items(), key=lambda item: item[1].saved_at, reverse=True) if drawer else []
        return [await self._shown(account, name, draft) for name, draft in drafts]

    async def one(self, account: str, name: str) -> dict[str, Any]:
        drawer = await self._drawer(account)
        draft = drawer.drafts.get(name) if drawer else None
        if drawer is None or draft is None:
            return {"id": name, "submitted": True, "dossier": (await self._filed(account, name))["id"]}
        held = await self._open(drawer, draft)
        errors = [asdict(wrong) for wrong in held.faults(self._platform.clock())]
        return {**await self._shown(account, name, draft), "content": held.model_dump(), "errors": errors}

    async def fee(self, account: str, name: str) -> dict[str, Any]:
        """Raises Problem 404 where there is no such draft, or its procedure is in force no more."""
        drawer = await self._drawer(account)
        draft = drawer.drafts.get(name) if drawer else None
        if drawer is None or draft is None:
            raise Problem(404, "not_found", "There is no such draft")
        held, today = await self._open(drawer, draft), local_day(self._platform.clock())
        try:
            procedure = procedures.find(held.procedure, today)
        except UnknownProcedure as error:
            raise Problem(404, "not_found", str(error)) from error
        found = quoted(procedure, held.answered, today)
        quote = found.model_dump(mode="json") if found else {"total": None, "lines": [], "exemptions": []}
        depends_on = [field.name for field in fees.inputs_of(procedure)]
        return {**quote, "due": point_of(procedure), "depends_on": depends_on, "on": today.isoformat()}

    async def remove(self, account: str, name: str) -> None:
        try:
            await send(self._drawers, drawer_id(account), do.RemoveDraft(draft=name), None)
        except Refused as error:
            if error.code != "not_found":
                raise

    async def file(self, account: str, name: str) -> dict[str, Any]:
        """The draft first, so that an effect finishes it; then the dossier here, so that the answer is durable."""
        drawer = await self._drawer(account)
        draft = drawer.drafts.get(name) if drawer else None
        if drawer is None or draft is None:
            return await self._filed(account, name)
        held, dossier = await self._open(drawer, draft), dossier_of(account, name)
        at, token = draft.filed_at or self._platform.clock(), self._platform.settings.token
        try:
            command = checked(held.filing(), at, dossier=dossier, owner=account, route="portal", token=token)
        except BadFiling as error:
            raise invalid(BadFiling(held.faults(at))) from error  # all of them: filing stops where its shape is wrong
        command = await with_files(self._platform, command, held.files)
        begin = do.BeginFiling(draft=name, revision=draft.revision, dossier_id=dossier)
        try:
            await send(self._drawers, drawer.id, begin, None)
        except Refused as error:
            if error.code == "not_found":  # another click was faster
                return await self._filed(account, name)
            raise
        return dict(await send(self._dossiers, dossier, command, None))

    async def _drawer(self, account: str) -> Drawer | None:
        found = await self._drawers.read(drawer_id(account))
        return found.state if found else None

    async def _open(self, drawer: Drawer, draft: Draft) -> Unfinished:
        return Unfinished.model_validate_json(await self._platform.keyring.open(drawer.id, draft.content))

    async def _shown(self, account: str, name: str, draft: Draft) -> dict[str, Any]:
        """While it is being filed, the dossier itself says whether it exists yet."""
        shown = draft.answer(name)
        if draft.dossier is not None and await self._dossiers.read(dossier_of(account, name)) is not None:
            shown |= {"submitted": True, "dossier": draft.dossier}
        return shown

    async def _filed(self, account: str, name: str) -> dict[str, Any]:
        """What filing it was answered. Raises Problem 404 where it never was."""
        found = await self._dossiers.read(dossier_of(account, name))
        if found is None or found.state is None:
            raise Problem(404, "not_found", "There is no such draft")
        return filed_answer(found.state)

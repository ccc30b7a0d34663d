"""Filing: one draft that is resumed rather than doubled, a topic a page, a look at all of it, and the dossier.

The draft is submission's and is saved with every page; the portal keeps nothing of it. What is wrong submission says.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.forms import texts_of
from services.portal.api.own import an_id
from services.portal.api.signing import posted, signed_in
from services.portal.asking import Refused
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.places import Places
from services.portal.procedures import quote
from services.portal.questions import SECTIONS, Section, merged, sections
from services.portal.seals import TOKEN
from services.portal.sessions import Account
from services.portal.texts import Language

PUBLIC: Final = [Depends(public)]
Token = Annotated[str, Form(max_length=100)]
UNFIT: Final = 422


def add(routes: APIRouter, portal: Portal) -> None:
    """From the procedure to the dossier."""
    _beginning(routes, portal)
    _answering(routes, portal)
    _documents(routes, portal)
    _ending(routes, portal)


class Sent(Exception):
    """The draft is the dossier `dossier` by now: whoever sends it twice, or goes back to it, is shown that."""

    def __init__(self, dossier: str) -> None:
        super().__init__(f"it is dossier {dossier} now")
        self.dossier = dossier


@dataclass(frozen=True)
class Filing:
    """A draft, and all that its pages are made of. `files`: what is known of those it names, by id."""

    draft: Mapping[str, Any]
    procedure: Mapping[str, Any]
    schema: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]
    places: Places
    language: Language

    @cached_property
    def parts(self) -> tuple[Section, ...]:
        """Its topics."""
        return sections(self.draft, self.schema, self.procedure, self.files, self.language, known_places=self.places)

    def part(self, key: str) -> Section:
        """Raises Problem 404."""
        found = next((part for part in self.parts if part.key == key), None)
        if found is None:
            raise _nothing()
        return found

    def saved(self, draft: Mapping[str, Any]) -> Filing:
        """The same, as it is now."""
        return replace(self, draft=draft)

    @property
    def ready(self) -> bool:
        """It can be filed as it is."""
        return not self.draft["errors"] and self.part("documents").standing == "done"


async def _filing(portal: Portal, request: Request, account: Account, draft: str) -> Filing:
    """Raises Problem 404 for one that is not theirs, Sent for one that was filed."""
    services = portal.services
    found = await services.own_draft(account.token, an_id(draft))
    if found is None:
        raise _nothing()
    if found["submitted"]:
        raise Sent(found["dossier"])
    named = [one["file"] for one in found["content"]["files"]]
    procedure, schema, places, *files = await asyncio.gather(
        services.procedure(found["procedure"]),
        services.form(found["procedure"]),
        services.units(),
        *(services.own_file(account.token, file) for file in named),
    )
    if procedure is None or schema is None:
        raise _nothing()
    known = {file["id"]: file for file in files if file is not None}
    return Filing(found, procedure, schema, known, places, language_of(request))


def _beginning(routes: APIRouter, portal: Portal) -> None:
    pages, services = portal.pages, portal.services

    @routes.get("/procedures/{code}/file", dependencies=PUBLIC)
    async def before(request: Request, code: str) -> Response:
        """Before you start: what is needed, and the drafts there are."""
        account = await signed_in(portal, request)
        procedure = await services.procedure(code)
        if procedure is None:
            raise _nothing()
        drafts = [one for one in await services.own_drafts(account.token) if one["procedure"] == procedure["code"]]
        return pages.page(request, "before", form=True, account=account, it=procedure, drafts=drafts)

    @routes.post("/procedures/{code}/file", dependencies=PUBLIC)
    async def start(request: Request, code: str, token: Token = "") -> Response:
        """A new draft, and the list of what is to be done."""
        account = await posted(portal, request, token)
        draft = str(uuid.uuid4())
        await services.save_draft(account.token, draft, {"procedure": code})
        return pages.go(request, f"/my/drafts/{draft}")

    @routes.get("/my/drafts/{draft}", dependencies=PUBLIC)
    async def tasks(request: Request, draft: str) -> Response:
        """What is done and what is to be done."""
        account = await signed_in(portal, request)
        it = await _filing(portal, request, account, draft)
        return pages.page(request, "draft", form=True, account=account, it=it)

    @routes.post("/my/drafts/{draft}/remove", dependencies=PUBLIC)
    async def remove(request: Request, draft: str, token: Token = "") -> Response:
        """It is no more, nor are the files that were to be its documents."""
        account = await posted(portal, request, token)
        held = await services.own_draft(account.token, an_id(draft))
        await services.remove_draft(account.token, an_id(draft))
        for one in held["content"]["files"] if held is not None and not held["submitted"] else ():
            await services.remove_file(account.token, one["file"])
        return pages.go(request, "/my")


def _answering(routes: APIRouter, portal: Portal) -> None:
    pages, services = portal.pages, portal.services

    def shown(request: Request, account: Account, it: Filing, part: Section, status: int = 200) -> Response:
        back = request.query_params.get("back") == "check"
        return pages.page(request, "questions", status, form=True, account=account, it=it, part=part, back=back)

    @routes.get("/my/drafts/{draft}/{key}", dependencies=PUBLIC)
    async def ask(request: Request, draft: str, key: str) -> Response:
        """One topic."""
        account = await signed_in(portal, request)
        it = await _filing(portal, request, account, draft)
        if key == "check":
            found = await services.draft_fee(account.token, it.draft["id"])
            due = quote(found, it.language) if found is not None else None
            return pages.page(request, "check", form=True, account=account, it=it, due=due)
        part = it.part(key)
        if key == "documents":
            return pages.page(
                request, "documents", form=True, script=True, account=account, it=it, part=part, wrong="", about=""
            )
        return shown(request, account, it, part)

    @routes.post("/my/drafts/{draft}/{key}", dependencies=PUBLIC)
    async def save(request: Request, draft: str, key: str) -> Response:
        """Saved, whatever is still wrong; then the next topic, or this one again with what is to be put right."""
        given = await texts_of(request)
        account = await posted(portal, request, given.get(TOKEN, ""))
        it = await _filing(portal, request, account, draft)
        if key == "check":
            return await _send(portal, request, account, it)
        part = it.part(key)
        it = it.saved(
            await services.save_draft(account.token, it.draft["id"], merged(it.draft["content"], part, given))
        )
        if "later" in given:
            return pages.go(request, f"/my/drafts/{draft}")
        part = it.part(key)
        if part.faults and part.standing == "open":
            return shown(request, account, it, part, UNFIT)
        if request.query_params.get("back") == "check":
            return pages.go(request, f"/my/drafts/{draft}/check")
        at = SECTIONS.index(key) + 1
        return pages.go(request, f"/my/drafts/{draft}/{SECTIONS[at] if at < len(SECTIONS) else 'check'}")


async def _send(portal: Portal, request: Request, account: Account, it: Filing) -> Response:
    """The dossier. What keeps it from being filed is said by the list of what is to be done."""
    draft = it.draft["id"]
    if not it.ready:
        return portal.pages.go(request, f"/my/drafts/{draft}")
    try:
        dossier = await portal.services.file_draft(account.token, draft)
    except Refused as refused:
        if refused.status not in {409, 412, UNFIT}:
            raise
        return portal.pages.go(request, f"/my/drafts/{draft}")
    return portal.pages.go(request, f"/my/{dossier}/filed")


def _documents(routes: APIRouter, portal: Portal) -> None:
    pages, services = portal.pages, portal.services

    @routes.post("/my/papers/{draft}/{code}", dependencies=PUBLIC)
    async def bring(
        request: Request, draft: str, code: str, file: UploadFile | None = None, token: Token = ""
    ) -> Response:
        """A file that is this document; without one, what was there is taken out again."""
        account = await posted(portal, request, token)
        it = await _filing(portal, request, account, draft)
        part = it.part("documents")
        if all(paper.code != code for paper in part.papers):
            raise _nothing()
        kept = [one for one in it.draft["content"]["files"] if one["code"] != code]
        if file is not None and file.filename:
            name = str(uuid.uuid4())
            try:
                await services.put_file(account.token, name, file.filename, file)
            except Refused as refused:
                if refused.status not in {400, 408, 409, 413, UNFIT, 429}:
                    raise
                return pages.page(
                    request, "documents", UNFIT, form=True, script=True, account=account, it=it, part=part, about=code,
                    wrong=refused.code,
                )  # fmt: skip
            kept.append({"code": code, "file": name})
        await services.save_draft(account.token, it.draft["id"], {**it.draft["content"], "files": kept})
        for one in it.draft["content"]["files"]:
            if one["code"] == code:
                await services.remove_file(account.token, one["file"])
        return pages.go(request, f"/my/drafts/{draft}/documents")


def _ending(routes: APIRouter, portal: Portal) -> None:
    pages, services = portal.pages, portal.services

    @routes.get("/my/{dossier}/filed", dependencies=PUBLIC)
    async def filed(request: Request, dossier: str) -> Response:
        """It is filed: what happens next, and when."""
        account = await signed_in(portal, request)
        found = await services.own_dossier(account.token, an_id(dossier))
        if found is None:
            raise _nothing()
        procedure = await services.procedure(found["procedure"])
        return pages.page(request, "filed", form=True, account=account, it=found, procedure=procedure)

    @routes.get("/my/{dossier}/copy", dependencies=PUBLIC)
    async def copy(request: Request, dossier: str) -> Response:
        """What was sent, to keep (PDF)."""
        account = await signed_in(portal, request)
        content = await services.own_copy(account.token, an_id(dossier), language_of(request))
        if content is None:
            raise _nothing()
        answer = pages.file(content, "application/pdf", "ho-so.pdf")
        answer.headers["cache-control"] = "no-store"
        return answer


def _nothing() -> Problem:
    return Problem(404, "not_found", "There is no such draft")

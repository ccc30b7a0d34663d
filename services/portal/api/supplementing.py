"""A supplement: what an officer asked for, and nothing else, put right in one go."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.forms import must_be_ours
from services.portal.api.own import an_id
from services.portal.api.signing import signed_in
from services.portal.asking import PartnerError, Refused
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.questions import Item, answers, asked_again
from services.portal.seals import TOKEN
from services.portal.sessions import Account

PUBLIC: Final = [Depends(public)]
COMMAND: Final = "SupplementDossier"
LATE: Final = frozenset({409, 412})
UNFIT: Final = frozenset({413, 422})


async def own(portal: Portal, account: Account, dossier: str) -> dict[str, Any]:
    """Raises Problem 404."""
    found = await portal.services.own_dossier(account.token, an_id(dossier))
    if found is None:
        raise Problem(404, "not_found", "There is no such dossier")
    return found


def add(routes: APIRouter, portal: Portal) -> None:
    """The page, and its answer."""
    pages, services = portal.pages, portal.services

    async def items(request: Request, whole: Mapping[str, Any]) -> tuple[Item, ...]:
        schema, places = await asyncio.gather(services.form(whole["procedure"]), services.units())
        return asked_again(whole["supplement"]["items"], schema or {"properties": {}}, places, language_of(request))

    @routes.get("/my/supplements/{dossier}", dependencies=PUBLIC)
    async def ask(request: Request, dossier: str) -> Response:
        """What was asked for, and nothing else."""
        account = await signed_in(portal, request)
        whole = await own(portal, account, dossier)
        if COMMAND not in whole["possible"]:
            return pages.go(request, f"/my/{dossier}")
        return pages.page(
            request,
            "supplement",
            form=True,
            script=True,
            account=account,
            it=whole,
            items=await items(request, whole),
            wrong=(),
        )

    @routes.post("/my/supplements/{dossier}", dependencies=PUBLIC)
    async def answer(request: Request, dossier: str) -> Response:
        """All of it at once; what is wrong is said beside it, and the files have to be chosen again."""
        account = await signed_in(portal, request)  # before anything is read: a supplement may be large
        given = await request.form()
        must_be_ours(portal, request, str(given.get(TOKEN, "")))
        whole = await own(portal, account, dossier)
        if COMMAND not in whole["possible"]:
            return pages.go(request, f"/my/{dossier}")
        found = await items(request, whole)
        words = {name: value for name, value in given.items() if isinstance(value, str)}
        try:
            await _answered(portal, account, dossier, found, given)
        except Refused as refused:
            if refused.status in LATE:
                return pages.go(request, f"/my/{dossier}")
            if refused.status not in UNFIT:
                raise
            faults = refused.faults(language_of(request))
            shown = tuple(one.again(words, faults) for one in found)
            wrong = tuple(one for one in shown if one.question.fault)
            return pages.page(
                request,
                "supplement",
                refused.status,
                form=True,
                script=True,
                account=account,
                it=whole,
                items=shown,
                wrong=wrong,
            )
        return pages.go(request, f"/my/{dossier}")


async def _answered(portal: Portal, account: Account, dossier: str, items: tuple[Item, ...], given: FormData) -> None:
    """Raises Refused; nothing that was uploaded is left then."""
    services, put = portal.services, list[dict[str, str]]()
    words = {name: value for name, value in given.items() if isinstance(value, str)}
    try:
        for one in items:
            file = given.get(one.question.name)
            if one.document and isinstance(file, UploadFile) and file.filename:
                name = str(uuid.uuid4())
                try:
                    await services.put_file(account.token, name, file.filename, file)
                except Refused as refused:
                    raise refused.about(one.question.name) from refused
                put.append({"code": one.name, "file": name})
        body = {"form": answers(items, words), "files": put}
        await services.act(account.token, dossier, "supplement-answer", body)
    except PartnerError:
        for one_put in put:
            await services.remove_file(account.token, one_put["file"])
        raise

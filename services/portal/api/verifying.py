"""Is this document ours, whole and in force? Asked of delivery."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from starlette.responses import Response

from chassis.http import public
from services.portal.api.forms import must_be_ours
from services.portal.parts import Portal

PUBLIC: Final = [Depends(public)]


def add(routes: APIRouter, portal: Portal) -> None:
    """By the code under the QR code, or by the file."""
    pages, services = portal.pages, portal.services

    def verdict(request: Request, found: dict[str, Any] | None, by: str, code: str = "") -> Response:
        status = 200 if found else 404
        return pages.page(request, "verification", status, form=True, found=found, by=by, code=code)

    @routes.get("/verify", dependencies=PUBLIC)
    async def ask(request: Request, code: Annotated[str, Query(max_length=60)] = "") -> Response:
        """Asks for either; with a code it answers at once."""
        if not code.strip():
            return pages.page(request, "verification", form=True, found=None, by="", code="")
        typed = re.sub(r"[^A-Za-z2-7]", "", code)
        return verdict(request, await services.document(typed) if typed else None, "code", code)

    @routes.post("/verify", dependencies=PUBLIC)
    async def file(
        request: Request, file: Annotated[UploadFile, File()], token: Annotated[str, Form(max_length=100)] = ""
    ) -> Response:
        """The very file: the same to the last byte, or not ours."""
        must_be_ours(portal, request, token)
        content = await file.read()
        return verdict(request, await services.same_document(content) if content else None, "file")

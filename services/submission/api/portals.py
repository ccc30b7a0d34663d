"""Upstream portals over HTTP: the same events as over Kafka, sealed alike; the signature says who calls."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request, Response

from chassis import jose
from chassis.decision import Refused
from chassis.delivery import Handled
from chassis.http import Problem, body, content, public, refusals
from chassis.reading import Raw, Unidentifiable, deliver
from chassis.service import Platform
from schemas.envelope import CONTENT_TYPE
from schemas.topics import UPSTREAM
from services.submission.effects.filing import FilesFirst
from services.submission.upstream import UpstreamReader

ATTRIBUTES: Final = ("specversion", "id", "source", "type", "subject", "time")
"""Of CloudEvents in HTTP's binary content mode: ``ce-id``, percent-encoded where they are not plain ASCII."""


def _parameter(attribute: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": f"ce-{attribute}", "in": "header", "required": True, "schema": schema}


class Door:
    """Hands a portal's event on as if it had come over Kafka, and seals the reply to that portal."""

    def __init__(self, platform: Platform) -> None:
        settings = platform.settings
        self._own: jose.Keys = settings.own
        self._portals = settings.keys_of_portals
        self._reader = UpstreamReader(self._own, self._portals, platform.clock, settings.token)
        self._receiver = FilesFirst(platform)

    async def take(self, raw: Raw) -> Response:
        """Raises Problem: 401 for what no registered portal signed and encrypted, 413, 503 while too much waits."""
        try:
            delivery = deliver(self._reader, raw)
        except Unidentifiable as error:
            if error.reason == "too_large":
                raise Problem(413, "too_large", str(error)) from error
            raise Problem(401, "unauthorised", str(error)) from error
        try:
            result = await asyncio.shield(self._receiver.post(delivery))
        except Refused as error:
            raise Problem(503, "unavailable", error.detail) from error
        said = result.answer if isinstance(result, Handled) else {}
        if "type" not in said:
            return Response(status_code=202)
        return self._sealed(said["type"], said["data"])

    def _sealed(self, kind: str, data: dict[str, Any]) -> Response:
        body = jose.wrap(
            json.dumps(data, ensure_ascii=False).encode(),
            signed_by=self._own[0],
            encrypted_to=self._portals[data["source"]][0],
            event={"ce_type": kind},
        )
        status = 422 if kind.startswith("reply.refused.") else 200
        return Response(body, status, {"ce-type": kind, "ce-specversion": "1.0"}, jose.CONTENT_TYPE)


def add(routes: APIRouter, platform: Platform) -> None:
    """The route of upstream portals."""

    @cache
    def door() -> Door:
        return Door(platform)

    @routes.post(
        "/upstream/events",
        dependencies=[Depends(public)],
        response_class=Response,
        responses={
            **content(jose.CONTENT_TYPE),
            **content(jose.CONTENT_TYPE, status=422, description="The sealed reply: refused"),
            202: {"description": "It is being carried out"},
            **refusals(401, 413, 503),
        },
        openapi_extra={**body(jose.CONTENT_TYPE), "parameters": [_parameter(name) for name in ATTRIBUTES]},
    )
    async def take(request: Request) -> Response:
        """Takes one event. 200 or 422 with the sealed reply; 202: it is being carried out, ask again by sending it."""
        sent = request.headers
        headers = [(f"ce_{name}", unquote(sent[f"ce-{name}"]).encode()) for name in ATTRIBUTES if f"ce-{name}" in sent]
        headers.append(("content-type", sent.get("content-type", CONTENT_TYPE).encode()))
        if "traceparent" in sent:
            headers.append(("ce_traceparent", sent["traceparent"].encode()))
        return await door().take(Raw(UPSTREAM, None, await request.body(), tuple(headers)))

"""The post office calls back: its signature is what lets it in."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Request
from pydantic import TypeAdapter

from chassis.decision import Refused
from chassis.http import Problem, public, refusals, send
from schemas.event import DossierId
from services.delivery.api.common import Doors
from services.delivery.domain import s10
from services.delivery.effects.post import moves_of
from services.delivery.messages import MAX_MOVES, PostTold

FRESH_SECONDS: Final = 300
TOLD: Final = {
    "type": "object",
    "required": ["SoDonHang", "itemCode", "statuses"],
    "properties": {
        "SoDonHang": {"type": "string", "description": "the dossier, and a colon with what the post office was told"},
        "itemCode": {"type": "string", "description": "UPU S10"},
        "statuses": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_MOVES,
            "items": {
                "type": "object",
                "required": ["status", "updatedDate"],
                "properties": {"status": {"type": "integer"}, "updatedDate": {"type": "string", "format": "date-time"}},
            },
        },
    },
}
DOSSIER: Final = TypeAdapter(DossierId)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 of ``timestamp.body``, in hex."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def add(routes: APIRouter, doors: Doors) -> None:
    """The one door of the post office."""

    @routes.post(
        "/post/events",
        dependencies=[Depends(public)],
        responses=refusals(401, 404, 503),
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": TOLD}}}},
    )
    async def told(
        request: Request,
        x_post_timestamp: Annotated[str, Header(pattern=r"^\d{1,12}$")],
        x_post_signature: Annotated[str, Header(pattern=r"^[0-9a-f]{64}$")],
    ) -> dict[str, Any]:
        """One or more statuses of a consignment: ``{SoDonHang, itemCode, statuses: [{status, updatedDate}]}``.

        Once it answers 200 they are kept. They may come late, twice and in any order.
        """
        body = await request.body()
        secret = doors.platform.settings.post_callback_secret.get_secret_value()
        expected = signature(secret, x_post_timestamp, body)
        late = abs(time.time() - int(x_post_timestamp)) > FRESH_SECONDS
        if not hmac.compare_digest(expected, x_post_signature) or late:
            raise Problem(401, "unauthorised", "the signature does not fit, or its time has passed")
        dossier, command = _command(body)
        try:
            await send(doors.deliveries, dossier, command, None)
        except Refused as error:
            raise Problem(404, "not_found", "there is no such consignment") from error
        return {"success": True}


def _command(body: bytes) -> tuple[str, PostTold]:
    """The dossier and what is told of it. Raises Problem 422."""
    try:
        form = json.loads(body)
        dossier = DOSSIER.validate_python(str(form["SoDonHang"]).partition(":")[0])
        tracking = str(form["itemCode"])
        command = PostTold(tracking=tracking, moves=moves_of(form["statuses"]))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Problem(422, "invalid", f"{type(error).__name__}: this is no status of a consignment") from error
    if not s10.is_valid(tracking):
        raise Problem(422, "invalid", "itemCode is no item number of UPU S10")
    return dossier, command

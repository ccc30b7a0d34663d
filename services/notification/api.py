"""Notification over HTTP: what was told, how people want to be told, and what partners report."""

from __future__ import annotations

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.delivery import Delivery
from chassis.http import Caller, Problem, allow, body, public, refusals, require_owner, send
from chassis.http.routing import add, new_router
from chassis.service import Platform
from chassis.telemetry import TRACE
from schemas.event import DossierId
from services.notification.codes_api import router as one_time_codes
from services.notification.domain.codes import Codes
from services.notification.domain.contact import Contact
from services.notification.domain.forms import Language
from services.notification.effects.esms import receipt_of
from services.notification.effects.mime import LONGEST_BOUNCE, bounce
from services.notification.messages import Bounced, Preferred, SetPreferences
from services.notification.partners import Partners
from services.notification.settings import EsmsSettings

PAGE = 50
Desk = Annotated[Caller, Depends(allow("clerk", "operator", "auditor"))]
Operator = Annotated[Caller, Depends(allow("operator", "auditor"))]
Applicant = Annotated[Caller, Depends(allow("citizen"))]
Machine = Annotated[Caller, Depends(allow("service"))]


class Preferences(BaseModel):
    """How an applicant wants to be told. `optional`: also of what no law asks for."""

    model_config = ConfigDict(extra="forbid")

    language: Language = "vi"
    channel: Preferred = "auto"
    optional: bool = True


def router(platform: Platform, partners: Partners) -> APIRouter:
    """The routes of notification."""
    routes = new_router()
    _desk(routes, platform, partners)
    _applicants(routes, platform)
    _partners(routes, platform, partners)
    add(routes, one_time_codes(platform))
    return routes


def _contacts(contact: Contact, codes: Codes | None) -> list[dict[str, Any]]:
    """Who is told, by which ways, and whether a code sent there came back."""
    applicant, other = contact.applicant, contact.representative
    found: list[dict[str, Any]] = []
    if applicant is not None:
        proved = codes is not None and codes.proved is not None
        found.append({"who": "applicant", "email": applicant.email is not None, "verified": proved})
    if other is not None:
        found.append({"who": "representative", "email": other.email is not None, "verified": other.verified})
    return found


def _desk(routes: APIRouter, platform: Platform, partners: Partners) -> None:
    dossiers, codes = platform.engine("dossiers"), platform.engine("codes")

    @routes.get("/dossiers/{dossier}/messages")
    async def show(dossier: DossierId, _caller: Desk) -> dict[str, Any]:
        """Every message about a dossier, what became of it, and what it cost; what waits for the morning."""
        found = await dossiers.read(dossier)
        if found is None or found.state is None:
            raise Problem(404, "not_found", "Nothing was told about this dossier")
        state: Contact = found.state
        asked = await codes.read(dossier)
        return {
            "contacts": _contacts(state, asked.state if asked is not None else None),
            "messages": [message.model_dump(mode="json") for message in state.messages],
            "waiting": [waiting.kind for waiting in state.waiting],
            "cost": sum(message.cost for message in state.messages),
            "stuck": [message.id for message in state.waiting_long],
            "attention": state.attention,
        }

    @routes.get("/attention")
    async def attention(_caller: Operator, after: Annotated[str | None, Query(max_length=36)] = None) -> dict[str, Any]:
        """Dossiers with a message that did not arrive by any way, or of which nobody can tell; ascending by id."""
        found = await dossiers.page({"attention": True}, after, PAGE)
        items = [
            {"dossier": doc.id, "messages": [m.model_dump(mode="json") for m in doc.state.troubled]}
            for doc in found
            if doc.state is not None
        ]
        return {"items": items, "next": found[-1].id if len(found) == PAGE else None}

    @routes.get("/providers")
    async def providers(_caller: Operator) -> dict[str, Any]:
        """The providers of SMS as this replica sees them: what counts in the choice, and whether they are tried."""
        return {"providers": partners.view()}


def _applicants(routes: APIRouter, platform: Platform) -> None:
    dossiers = platform.engine("dossiers")

    async def own(dossier: str, caller: Caller) -> Contact:
        found = await dossiers.read(dossier)
        if found is None or found.state is None:
            raise Problem(404, "not_found", "There is no such dossier")
        state: Contact = found.state
        await require_owner(platform.keyring, dossier, state.owner, caller)
        return state

    @routes.get("/dossiers/{dossier}/preferences")
    async def preferences(dossier: DossierId, caller: Applicant) -> Preferences:
        """How the applicant is told."""
        state = await own(dossier, caller)
        return Preferences(language=state.language, channel=state.channel, optional=state.optional)

    @routes.put("/dossiers/{dossier}/preferences", responses=refusals(409))
    async def prefer(dossier: DossierId, wanted: Preferences, caller: Applicant) -> dict[str, Any]:
        """Holds for every later message; 422 for e-mail where the dossier has no address."""
        await own(dossier, caller)
        return dict(await send(dossiers, dossier, SetPreferences(**wanted.model_dump()), None))


def _partners(routes: APIRouter, platform: Platform, partners: Partners) -> None:
    dossiers = platform.engine("dossiers")
    gateways = {p.name: p for p in platform.settings.providers if isinstance(p, EsmsSettings)}

    @routes.post("/mail/bounces", status_code=204, openapi_extra=body("message/rfc822"))
    async def bounced(request: Request, _caller: Machine) -> Response:
        """A mail that came to our sender address (message/rfc822): the mail server pipes it here."""
        raw = await request.body()
        if len(raw) > LONGEST_BOUNCE:
            raise Problem(413, "too_large", "A bounce is at most 256 KiB")
        found = bounce(raw)
        command = None if found is None else bounced_message(found.message_id)
        if found is not None and command is not None:
            dossier, message = command
            said = Bounced(message=message, status=found.status, permanent=found.permanent)
            state = await dossiers.read(dossier)
            if state is not None and state.state is not None and state.state.message(message) is not None:
                await dossiers.handle(Delivery(dossier, said, trace=TRACE.get()))
        return Response(status_code=204)

    @routes.get("/sms/{provider}/{secret}", dependencies=[Depends(public)], responses=refusals(503))
    async def reported(
        provider: Annotated[str, Field(max_length=30)], secret: Annotated[str, Field(max_length=200)], request: Request
    ) -> dict[str, str]:
        """A gateway's report; the secret in its address is what lets it in. A repeat changes nothing."""
        gateway = gateways.get(provider)
        wanted = gateway.receipts.get_secret_value() if gateway is not None else ""
        if not wanted or not hmac.compare_digest(secret.encode(), wanted.encode()):
            raise Problem(404, "not_found", "There is nothing here")
        receipt = receipt_of(provider, dict(request.query_params))
        if receipt is not None:
            await partners.parts.receipt(receipt)
        return {"status": "ok"}


def bounced_message(message_id: str) -> tuple[str, str] | None:
    """Dossier and message of a Message-ID of ours: ``DOSSIER.KIND.email@…``; None for any other."""
    name = message_id.partition("@")[0]
    dossier, dot, rest = name.partition(".")
    kind, _, channel = rest.rpartition(".email")
    if not dot or not kind or channel not in {"", ".r"}:
        return None
    return dossier, f"{dossier}/{kind}/email{channel}"

"""At the one-stop desk: what is collected, labels, papers by post, compensation cases."""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from chassis.http import Problem, send
from schemas.event import DossierId
from schemas.personal import Personal
from services.delivery.api.choosing import Address, Identity
from services.delivery.api.common import PDF, Body, Citizen, Clerk, Doors, Key, attachment
from services.delivery.domain.delivery import Delivery
from services.delivery.effects import label
from services.delivery.effects.press import Press, PressBroken
from services.delivery.messages import (
    CloseCase,
    Collect,
    HandOver,
    ReceivePapers,
    SendPapers,
)

ITEM: Final = r"^[A-Z]{2}\d{9}[A-Z]{2}$"


class Proof(Body):
    """What whoever stands at the desk shows: the code, an identity document, or both."""

    code: Annotated[str | None, Field(pattern=r"^\d{8}$")] = None
    identity_number: Identity | None = None
    receiver: Literal["applicant", "authorised"] = "applicant"


class Envelope(Body):
    """An envelope in the clerk's hand."""

    tracking: Annotated[str, Field(pattern=ITEM)]


class End(Body):
    """What a compensation case came to; VND. `tracking`: of which consignment, else the last that is open."""

    tracking: Annotated[str | None, Field(pattern=ITEM)] = None
    outcome: Literal["compensated", "refused"]
    amount: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0


def add(routes: APIRouter, doors: Doors, press: Press) -> None:
    """Routes of applicants and clerks."""
    deliveries = doors.deliveries

    @routes.post("/dossiers/{dossier}/collect")
    async def collect(dossier: DossierId, body: Proof, caller: Clerk, key: Key) -> dict[str, Any]:
        """Handed over: to the applicant by their identity document, to another by theirs and the applicant's code.

        Where no identity number is known there is nothing to compare a document with, and the code is what counts.
        """
        state = await doors.found(dossier, caller)
        proof = await _proved(doors, state, body)
        command = Collect(officer=caller.sub, receiver=body.receiver, proof=proof)
        return dict(await send(deliveries, dossier, command, key))

    @routes.get("/dossiers/{dossier}/label", **PDF)
    async def printed(dossier: DossierId, caller: Clerk) -> Response:
        """The label of the consignment under way (PDF, A6)."""
        state = await doors.found(dossier, caller)
        if state.tracking is None or state.applicant is None or state.ordered_at is None:
            raise Problem(404, "not_found", "Nothing of this dossier is ordered with the post office")
        names = [await doors.open(dossier, v) for v in (state.applicant.name, state.applicant.phone)]
        detail = await doors.open(dossier, state.address.detail if state.address else None)
        page = label.page(state, names[0], names[1], detail)
        try:
            return attachment((await press.make(page)).pdf, state.tracking)
        except PressBroken as error:
            raise Problem(503, "unavailable", "The label is not ready yet: try again") from error

    @routes.post("/dossiers/{dossier}/handed-to-post")
    async def hand_over(dossier: DossierId, caller: Clerk, key: Key) -> dict[str, Any]:
        """The postman took it: the choice cannot be changed from now on."""
        return dict(await send(deliveries, dossier, HandOver(officer=caller.sub), key))

    @routes.post("/dossiers/{dossier}/papers")
    async def send_papers(dossier: DossierId, body: Address, caller: Citizen, key: Key) -> dict[str, Any]:
        """The post office fetches papers of the dossier from that address."""
        await doors.own(dossier, caller)
        return dict(await send(deliveries, dossier, SendPapers(address=body.sealed), key))

    @routes.post("/dossiers/{dossier}/papers/received")
    async def received(dossier: DossierId, body: Envelope, caller: Clerk, key: Key) -> dict[str, Any]:
        """Papers came by post, ordered through us or not."""
        command = ReceivePapers(officer=caller.sub, tracking=body.tracking)
        return dict(await send(deliveries, dossier, command, key))

    @routes.post("/dossiers/{dossier}/case/close")
    async def close(dossier: DossierId, body: End, caller: Clerk, key: Key) -> dict[str, Any]:
        """The post office compensated, or would not."""
        command = CloseCase(officer=caller.sub, outcome=body.outcome, amount=body.amount, tracking=body.tracking)
        return dict(await send(deliveries, dossier, command, key))


async def _proved(doors: Doors, state: Delivery, body: Proof) -> Literal["code", "identity", "both"]:
    """What was proved. Raises Problem 403 where it is not enough, without saying which part was wrong."""
    person = state.authorised if body.receiver == "authorised" else state.applicant
    known = person.identity_number if person is not None else None
    code = await _same(doors, state.dossier_id, state.pickup, body.code)
    identity = await _same(doors, state.dossier_id, known, body.identity_number)
    wrong = (body.code is not None and not code) or (body.identity_number is not None and known and not identity)
    enough = code and identity if body.receiver == "authorised" else identity or (code and known is None)
    if wrong or not enough:
        raise Problem(403, "forbidden", "The code or the identity document does not fit this dossier")
    if code and identity:
        return "both"
    return "code" if code else "identity"


async def _same(doors: Doors, dossier: str, kept: Personal | None, shown: str | None) -> bool:
    if kept is None or shown is None:
        return False
    clear = await doors.open(dossier, kept)
    return hmac.compare_digest(clear.encode(), shown.encode())

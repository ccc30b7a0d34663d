"""How the applicant wants the result: what they chose, and another choice until it has left."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from chassis.decision import Refused
from chassis.http import send
from schemas.event import DossierId
from schemas.parts import PostalAddress, Way
from schemas.personal import Personal
from services.delivery.api.common import Body, Citizen, Doors, Key
from services.delivery.domain.choice import must_be_open
from services.delivery.domain.delivery import Delivery
from services.delivery.domain.way import tangible
from services.delivery.messages import Authorised, Choice, Choose

Short = Annotated[str, Field(min_length=1, max_length=200)]
Identity = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{6,20}$")]


class Address(Body):
    """Where a result goes, or papers come from."""

    province: Annotated[str, Field(pattern=r"^\d{2}$")]
    commune: Annotated[str, Field(pattern=r"^\d{5}$")]
    detail: Short

    @property
    def sealed(self) -> PostalAddress:
        """As it is kept."""
        return PostalAddress(province=self.province, commune=self.commune, detail=Personal.of(self.detail))


class Person(Body):
    """Who may collect it in the applicant's place."""

    name: Short
    identity_number: Identity


class Wish(Body):
    """How the applicant wants the result from now on."""

    way: Way
    desk: Annotated[str | None, Field(min_length=1, max_length=10)] = None
    address: Address | None = None
    authorised: Person | None = None


def add(routes: APIRouter, doors: Doors) -> None:
    """Routes of applicants."""
    deliveries = doors.deliveries

    @routes.post("/dossiers/{dossier}/delivery/choice")
    async def choose(dossier: DossierId, body: Wish, caller: Citizen, key: Key) -> dict[str, Any]:
        """Another way, desk, address or person, until it has left; `asked`: the post office is asked to let go."""
        await doors.own(dossier, caller)
        person = body.authorised
        choice = Choice(
            way=body.way,
            desk=body.desk,
            address=body.address.sealed if body.address else None,
            authorised=Authorised(name=Personal.of(person.name), identity_number=Personal.of(person.identity_number))
            if person
            else None,
        )
        return dict(await send(deliveries, dossier, Choose(choice=choice), key))

    @routes.get("/dossiers/{dossier}/delivery/choice")
    async def chosen(dossier: DossierId, caller: Citizen) -> dict[str, Any]:
        """What the applicant chose, in clear; whether they may change it now (`refused`: why not); what post costs.

        `wanted`: the way the post office is being asked to let go for. `tangible`: part of the result is paper or a
        card, which waits at the desk where the way is online. `fee`: VND for the way by post, `cod` to the postman or
        through `payment` before it goes.
        """
        return await _choice(doors, await doors.own(dossier, caller))


async def _choice(doors: Doors, state: Delivery) -> dict[str, Any]:
    rules, refused = doors.rules, None
    try:
        must_be_open(state)
    except Refused as error:
        refused = error.code
    address = state.address
    return {
        "way": state.way,
        "desk": state.desk or rules.desk,
        "address": None
        if address is None
        else {
            "province": address.province,
            "commune": address.commune,
            "detail": await doors.open(state.dossier_id, address.detail),
        },
        "authorised": await doors.open(state.dossier_id, state.authorised.name if state.authorised else None) or None,
        "refused": refused,
        "wanted": state.wanted.way if state.wanted is not None else None,
        "tangible": tangible(state, rules),
        "fee": {"amount": rules.fee, "by": rules.fee_by},
    }

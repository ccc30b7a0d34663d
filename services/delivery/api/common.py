"""What the doors of delivery share: callers, the delivery of a dossier, its files in clear."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from chassis.delivery import IdempotencyKey
from chassis.http import Caller, Problem, allow, content, idempotency, require_owner
from chassis.keyring import Unopenable
from chassis.service import Platform
from services.delivery.domain.delivery import Delivery, Rules
from services.delivery.effects.document import FILES

Reader = Annotated[Caller, Depends(allow("citizen", "clerk", "registrar", "leader", "operator", "auditor"))]
"""A leader among them: who takes a document back has to see which."""
Officer = Annotated[
    Caller, Depends(allow("citizen", "clerk", "specialist", "leader", "registrar", "operator", "auditor"))
]
Citizen = Annotated[Caller, Depends(allow("citizen"))]
Clerk = Annotated[Caller, Depends(allow("clerk"))]
Desk = Annotated[Caller, Depends(allow("clerk", "registrar"))]
Registrar = Annotated[Caller, Depends(allow("registrar"))]
Leader = Annotated[Caller, Depends(allow("leader"))]
Key = Annotated[IdempotencyKey, Depends(idempotency)]


class Body(BaseModel):
    """What is posted: unknown fields are named, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Doors:
    """The engine and the files of delivery, with what every door does before it answers."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.deliveries = platform.engine("deliveries")
        self.files = platform.store.files(FILES)

    @cached_property
    def rules(self) -> Rules:
        """What the domain goes by."""
        found: Rules = self.platform.settings.rules
        return found

    async def found(self, dossier: str, caller: Caller) -> Delivery:
        """The delivery, for officers and its owner. Raises Problem 404 for anybody else."""
        doc = await self.deliveries.read(dossier)
        if doc is None or doc.state is None:
            raise Problem(404, "not_found", "There is no delivery for this dossier")
        state: Delivery = doc.state
        await require_owner(self.platform.keyring, dossier, state.owner, caller)
        return state

    async def own(self, dossier: str, caller: Caller) -> Delivery:
        """As `found`, for the owner alone: an officer's other roles do not make a dossier theirs."""
        only = Caller(caller.sub, frozenset({"citizen"}))
        return await self.found(dossier, only)

    async def clear(self, dossier: str, name: str) -> bytes:
        """A file's content. Raises Problem: 404 while it is not there, 410 once its dossier was erased."""
        kept = await self.files.get(name)
        if kept is None:
            raise Problem(404, "not_found", "There is no result document yet")
        try:
            await self.platform.keyring.fetch([dossier])
            return self.platform.keyring.decrypt(dossier, name, kept[0])
        except Unopenable as error:
            raise Problem(410, "erased", "The personal data of this dossier was erased") from error

    async def open(self, dossier: str, value: Any) -> str:
        """The clear text of a sealed value, empty where there is none. Raises Problem 410 once it was erased."""
        if value is None:
            return ""
        try:
            return await self.platform.keyring.open(dossier, value)
        except Unopenable as error:
            raise Problem(410, "erased", "The personal data of this dossier was erased") from error


PDF: Final[dict[str, Any]] = {"response_class": Response, "responses": content("application/pdf")}
"""Of a route that answers with a PDF."""


def attachment(pdf: bytes, name: str, **headers: str) -> Response:
    """A PDF to keep: never cached on the way."""
    shown = {"content-disposition": f'attachment; filename="{name}.pdf"', "cache-control": "private, no-store"}
    return Response(
        pdf, media_type="application/pdf", headers={**shown, "x-content-type-options": "nosniff", **headers}
    )

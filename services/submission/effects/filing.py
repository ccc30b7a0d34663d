"""Between exchanges with upstream portals and the dossiers those filed: two kinds of aggregate of this service."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.decision import Command, Outcome, Refused
from chassis.delivery import Delivery, IdempotencyKey, Result
from chassis.mailbox import Patience
from chassis.runner import Call, Permanent, Retryable
from chassis.service import Platform
from schemas.personal import Personal
from schemas.upstream import Problem
from services.submission.domain import supplement, timing
from services.submission.domain.dossier import Dossier, local_day
from services.submission.domain.faults import named, of_filing, of_refusal
from services.submission.domain.filing import BadFiling, corrected
from services.submission.messages import SupplementDossier, WithdrawDossier
from services.submission.portal_messages import (
    AskUpstream,
    CarriedOut,
    CarryOut,
    FiledUpstream,
    FileUpstream,
    PortalTold,
    TellPortal,
    UpstreamChanged,
    UpstreamFiled,
)


class FilesFirst:
    """Stands before the exchanges: files the dossier, then lets the exchange answer the portal.

    The offset is committed after both. Whatever dies between the two, the event comes again, and the dossier's id
    makes the filing the one that there was. Which event of a portal files is decided by their order in its partition,
    which the mailbox of the dossier keeps.
    """

    def __init__(self, platform: Platform) -> None:
        self._dossiers = platform.engine("dossiers")
        self._exchanges = platform.engine("exchanges")

    def post(self, delivery: Delivery) -> asyncio.Future[Result]:
        """Done when the exchange is written."""
        message = delivery.message
        if not isinstance(message, UpstreamFiled):
            return self._exchanges.post(delivery)
        filed = self._dossiers.post(Delivery(message.filing.dossier_id, message.filing, trace=delivery.trace))
        return asyncio.ensure_future(self._answer(delivery, message, filed))

    def hurry(self) -> None:
        """Portals' events are never patient."""

    async def _answer(self, delivery: Delivery, message: UpstreamFiled, filed: asyncio.Future[Result]) -> Result:
        at = _filed_at(getattr(await filed, "answer", {}))
        return await self._exchanges.post(replace(delivery, message=message.model_copy(update={"filed_at": at})))


class FilesUpstream:
    """Adapter of `FileUpstream`; the dossier's id makes a repeat harmless."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def execute(self, effect: FileUpstream, call: Call) -> Outcome:
        """The dossier, as it exists now."""
        engine = self._platform.engine("dossiers")
        answer = await engine.tell(effect.filing.dossier_id, effect.filing, call.trace)
        at = _filed_at(answer)
        return FiledUpstream(event=effect.event, dossier_id=effect.filing.dossier_id, filed_at=at)


class CarriesOut:
    """Adapter of `CarryOut`: the portal acts for the applicant, on the dossier it filed."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._dossiers = platform.engine("dossiers")

    async def execute(self, effect: CarryOut, call: Call) -> Outcome:
        """That it was done, or every reason why not. Raises Unopenable where the dossier's key was erased."""
        ask = effect.ask
        found = await self._dossiers.read(effect.dossier_id)
        state: Dossier | None = found.state if found else None
        if state is None:
            raise Permanent("invalid", "the dossier of this exchange is gone")
        command = await self._command(state, ask, call)
        if not isinstance(command, Command):
            return CarriedOut(event=ask.event, problems=command)
        key = IdempotencyKey(f"upstream:{ask.event}", ask.asked, permanent=True)
        try:
            await self._dossiers.handle(Delivery(state.id, command, trace=call.trace, key=key))
        except Refused as error:
            return CarriedOut(event=ask.event, problems=(of_refusal(error),))
        return CarriedOut(event=ask.event, done_at=self._platform.clock())

    async def _command(self, state: Dossier, ask: AskUpstream, call: Call) -> Command | tuple[Problem, ...]:
        if ask.form is None:
            return WithdrawDossier(owner=state.owner, reason=ask.reason)
        changes = json.loads(await call.open(ask.form))
        filed = json.loads(await call.open(state.form))
        procedure = timing.procedure_of(state)
        brought = tuple(sorted({*ask.documents, *(file.code for file in ask.held)}))
        waits = state.stage == "supplementing"
        if waits and (unfit := supplement.unfit(state, tuple(changes), brought)):
            return tuple(named("not_asked" if given else "not_given", path, problem) for path, given, problem in unfit)
        try:
            form = corrected(filed, changes, procedure, local_day(self._platform.clock()))
        except BadFiling as error:
            late = named("wrong_stage", "ce_subject", f"the dossier is {state.stage}: no supplement is waited for")
            return of_filing(error.problems) if waits else (late,)
        return SupplementDossier(
            owner=state.owner,
            form=Personal.of(json.dumps(form, ensure_ascii=False, sort_keys=True)),
            answers=procedure.answers(form),
            fields=tuple(sorted(changes)),
            documents=brought,
            files=ask.held,
        )


class TellsPortal:
    """Adapter of `TellPortal`."""

    def __init__(self, platform: Platform) -> None:
        self._exchanges = platform.engine("exchanges")

    async def execute(self, effect: TellPortal, call: Call) -> Outcome:
        """The exchange keeps it. Raises Retryable while too many wait there for one before them."""
        told = UpstreamChanged(
            source=effect.source, reference=effect.reference, dossier_id=effect.dossier_id, change=effect.change
        )
        try:
            await self._exchanges.tell(effect.dossier_id, told, call.trace, Patience.REST)
        except Refused as error:
            raise Retryable(error.code) from error
        return PortalTold()


def _filed_at(answer: Any) -> datetime:
    return datetime.fromisoformat(answer["filed_at"])

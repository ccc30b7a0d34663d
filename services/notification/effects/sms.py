"""Sends a text by the provider whose turn it is, or by the next; the ids it gets are registered for its receipts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from chassis.decision import Outcome
from chassis.runner import Call, NotSent, Retryable
from chassis.service import Platform
from chassis.store import StoreUnavailable
from chassis.telemetry import logger
from services.notification.domain.balance import Balance
from services.notification.domain.codes import CodeSettled, SendCode
from services.notification.domain.contact import Contact
from services.notification.domain.pace import Numbers, Pace
from services.notification.effects.filled import filled
from services.notification.effects.parts import Part, Parts
from services.notification.effects.providers import Away, Declined, Provider, Sms, Taken
from services.notification.effects.simulated import Simulated
from services.notification.messages import SendSms, SmsSettled

SLOW: Final = 2.0
"""Seconds to an answer that count as slow."""
log = logger(__name__)


class Texting:
    """All providers, and the choice among them."""

    def __init__(
        self,
        providers: Sequence[Provider],
        balance: Balance,
        parts: Parts,
        simulated: Simulated,
        *,
        rates: Mapping[str, float] | None = None,
        numbers: Numbers | None = None,
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._balance = balance
        self._parts = parts
        self._simulated = simulated
        self._paces = {name: Pace(rate, max(1, int(rate / 10))) for name, rate in (rates or {}).items()}
        self._numbers = numbers

    async def send(
        self, call: Call, message: str, to: str, text: str, *, besides: Sequence[str] = (), kind: str = "dossiers"
    ) -> SmsSettled:
        """A definite outcome.

        Raises:
            Retryable: no provider can have taken it.
            Exception: any other: nobody can tell.
        """
        played = self._simulated.sms(message, to, text)
        if played is not None:
            return played
        wait = self._numbers.wait(to, time.monotonic()) if self._numbers is not None else 0.0
        if wait > 0:
            raise NotSent("too many messages to one number", after=timedelta(seconds=wait))
        sms = Sms(call.id, message, to, text, call.check)
        away: Away | None = None
        declined: tuple[str, Declined] | None = None
        for name in self._balance.order(time.monotonic(), besides):
            call.timely()
            try:
                answer = await self._by(name, sms)
            except Away as error:
                away = error
                continue
            if isinstance(answer, Taken):
                return await self._taken(Part(name, "", call.aggregate, message, kind), answer)
            declined = (name, answer)
            if not answer.elsewhere:
                break
        if declined is not None:
            name, found = declined
            return SmsSettled(
                message=message, result="refused", reason=found.reason, failure=found.failure, code=found.code,
                provider=name,
            )  # fmt: skip
        raise Retryable(str(away or "no provider is to be tried now"), after=away.after if away else None)

    async def _by(self, name: str, sms: Sms) -> Taken | Declined:
        began = time.monotonic()
        pace = self._paces.get(name)
        if pace is not None and (wait := pace.wait(began)) > 0:
            raise Away(f"{name} is used as fast as it may be", after=timedelta(seconds=wait))
        try:
            answer = await self._providers[name].send(sms)
        except NotSent:
            raise
        except Away as error:
            self._balance.report(name, "slow" if error.after else "error", time.monotonic())
            raise
        except BaseException:
            self._balance.report(name, "error", time.monotonic())
            raise
        now = time.monotonic()
        ill = isinstance(answer, Declined) and answer.elsewhere
        self._balance.report(name, "error" if ill else "slow" if now - began > SLOW else "ok", now)
        return answer

    async def _taken(self, part: Part, taken: Taken) -> SmsSettled:
        """The ids are registered before the outcome is: one that cannot be is found by destination and time."""
        try:
            parts = [replace(part, id=message_id) for message_id in taken.ids]
            await asyncio.gather(*map(self._parts.register, parts))
        except StoreUnavailable as error:
            log.warning("ids of a message could not be registered", message=part.message, error=str(error)[:200])
        cost = self._providers[part.system].price * len(taken.ids)
        return SmsSettled(
            message=part.message, result="sent", ids=taken.ids, code=taken.code, provider=part.system, cost=cost
        )


class Moot:
    """Whether a message that has to be tried again is still true: the only time a send reads its dossier."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def __call__(self, call: Call, message: str) -> bool:
        """Raises NotSent when the store does not say."""
        if call.attempts == 1:
            return False
        try:
            found = await self._platform.engine("dossiers").read(call.aggregate)
        except StoreUnavailable as error:
            raise NotSent(f"store: {type(error).__name__}") from error
        contact: Contact | None = found.state if found is not None else None
        told = contact.message(message) if contact is not None else None
        return told is not None and told.moot


class SendsSms:
    """Adapter of `SendSms` and `InformSms`. After bytes without an answer it raises: nobody can tell."""

    def __init__(self, texting: Texting, moot: Moot) -> None:
        self._texting = texting
        self._moot = moot

    async def execute(self, effect: SendSms, call: Call) -> Outcome:
        """Raises Retryable only while no part can have been taken."""
        if effect.not_after is not None and datetime.now(UTC) > effect.not_after:
            return SmsSettled(message=effect.message, result="expired")
        if await self._moot(call, effect.message):
            return SmsSettled(message=effect.message, result="suppressed")
        to = await call.open(effect.to)
        text = await filled(effect, call)
        return await self._texting.send(call, effect.message, to, text, besides=effect.besides)


class SendsCode:
    """Adapter of `SendCode`."""

    def __init__(self, texting: Texting) -> None:
        self._texting = texting

    async def execute(self, effect: SendCode, call: Call) -> Outcome:
        """As `SendsSms`; a code whose time is over is not sent."""
        if datetime.now(UTC) >= effect.until:
            return CodeSettled(number=effect.number, result="expired")
        to, text = await call.open(effect.to), await call.open(effect.text)
        settled = await self._texting.send(call, str(effect.number), to, text, kind="codes")
        return CodeSettled(number=effect.number, result=settled.result, code=settled.code)

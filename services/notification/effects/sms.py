"""Sends a text by the provider whose turn it is, or by the next; the ids it gets are registered for its receipts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import Counter

from chassis.decision import Outcome
from chassis.runner import Call, NotSent, Retryable
from chassis.store import StoreUnavailable
from chassis.telemetry import logger
from services.notification.domain.balance import Balance, Report
from services.notification.domain.codes import CodeSettled, SendCode
from services.notification.domain.pace import KEPT_FREE, LEAST_BURST, Numbers, Pace, Urgency
from services.notification.domain.segments import parts_of
from services.notification.effects.filled import filled
from services.notification.effects.moot import Moot
from services.notification.effects.parts import Part, Parts
from services.notification.effects.providers import Away, Declined, Provider, Sms, Taken
from services.notification.effects.simulated import Simulated
from services.notification.messages import InformSms, SendSms, SmsSettled

SLOW: Final = 2.0
"""Seconds to an answer that count as slow."""
SILENT: Final = 4.0
"""Seconds without an answer that count as an error, though one may still come: others go elsewhere by then."""
SEGMENTS: Final = Counter("hoso_sms_segments", "Segments of SMS that a provider took", ["provider"])
COST: Final = Counter("hoso_sms_cost_vnd", "What they cost, by the prices that are set", ["provider"])
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._balance = balance
        self._parts = parts
        self._simulated = simulated
        self._paces = {name: Pace(rate, max(LEAST_BURST, int(rate / 10))) for name, rate in (rates or {}).items()}
        self._numbers = numbers
        self._clock = clock

    async def send(
        self,
        call: Call,
        message: str,
        to: str,
        text: str,
        *,
        urgency: Urgency,
        besides: Sequence[str] = (),
        kind: str = "dossiers",
    ) -> SmsSettled:
        """A definite outcome.

        Raises:
            Retryable: no provider can have taken it.
            Exception: any other: nobody can tell.
        """
        played = self._simulated.sms(message, to, text)
        if played is not None:
            return played
        sms = Sms(call.id, message, to, text, call.check, urgent=urgency == "code")
        if self._numbers is None:
            return await self._by_any(sms, call, besides, urgency, kind)
        wait = self._numbers.wait(to, self._clock())
        if wait > 0:
            raise NotSent("too many messages to one number", after=timedelta(seconds=wait))
        try:
            return await self._by_any(sms, call, besides, urgency, kind)
        except Retryable:
            self._numbers.undo(to)
            raise

    async def _by_any(self, sms: Sms, call: Call, besides: Sequence[str], urgency: Urgency, kind: str) -> SmsSettled:
        """The provider whose turn it is, or the next."""
        away: Away | None = None
        declined: tuple[str, Declined] | None = None
        for name in self._balance.order(self._clock(), besides):
            call.timely()
            try:
                answer = await self._by(name, sms, KEPT_FREE[urgency])
            except Away as error:
                away = error
                continue
            if isinstance(answer, Taken):
                return await self._taken(Part(name, "", call.aggregate, sms.message, kind), answer, parts_of(sms.text))
            declined = (name, answer)
            if not answer.elsewhere:
                break
        if declined is not None:
            name, found = declined
            return SmsSettled(
                message=sms.message, result="refused", reason=found.reason, failure=found.failure, code=found.code,
                provider=name,
            )  # fmt: skip
        raise Retryable(str(away or "no provider is to be tried now"), after=away.after if away else None)

    async def _by(self, name: str, sms: Sms, kept_free: int) -> Taken | Declined:
        began = self._clock()
        pace = self._paces.get(name)
        if pace is not None and (wait := pace.wait(began, kept_free)) > 0:
            raise Away(f"{name} is used as fast as it may be", after=timedelta(seconds=wait))
        self._balance.begin(name, began)
        silence = asyncio.get_running_loop().call_later(SILENT, self._report, name, "error")
        try:
            answer = await self._providers[name].send(sms)
        except NotSent:
            raise
        except Away as error:
            self._report(name, "slow" if error.after else "error")
            raise
        except BaseException:
            if self._clock() - began < SILENT:
                self._report(name, "error")
            raise
        finally:
            silence.cancel()
        ill = isinstance(answer, Declined) and answer.elsewhere
        self._report(name, "error" if ill else "slow" if self._clock() - began > SLOW else "ok")
        return answer

    def _report(self, name: str, word: Report) -> None:
        self._balance.report(name, word, self._clock())

    async def _taken(self, part: Part, taken: Taken, segments: int) -> SmsSettled:
        """The ids are registered before the outcome is: one that cannot be is found by destination and time."""
        try:
            parts = [replace(part, id=message_id) for message_id in taken.ids]
            await asyncio.gather(*map(self._parts.register, parts))
        except StoreUnavailable as error:
            log.warning("ids of a message could not be registered", message=part.message, error=str(error)[:200])
        cost = self._providers[part.system].price * segments
        SEGMENTS.labels(part.system).inc(segments)
        COST.labels(part.system).inc(cost)
        return SmsSettled(
            message=part.message,
            result="sent",
            ids=taken.ids,
            segments=segments,
            code=taken.code,
            provider=part.system,
            cost=cost,
        )


class SendsSms:
    """Adapter of `SendSms` and its kinds, of aggregates `kind`. After bytes without an answer it raises: nobody can
    tell."""

    def __init__(self, texting: Texting, moot: Moot, kind: str = "dossiers") -> None:
        self._texting = texting
        self._moot = moot
        self._kind = kind

    async def execute(self, effect: SendSms, call: Call) -> Outcome:
        """Raises Retryable only while no part can have been taken."""
        if effect.not_after is not None and datetime.now(UTC) > effect.not_after:
            return SmsSettled(message=effect.message, result="expired")
        if await self._moot(call, effect):
            return SmsSettled(message=effect.message, result="suppressed")
        to = await call.open(effect.to)
        text = await filled(effect, call)
        urgency: Urgency = "information" if isinstance(effect, InformSms) else "action"
        return await self._texting.send(
            call, effect.message, to, text, urgency=urgency, besides=effect.besides, kind=self._kind
        )


class SendsCode:
    """Adapter of `SendCode`."""

    def __init__(self, texting: Texting) -> None:
        self._texting = texting

    async def execute(self, effect: SendCode, call: Call) -> Outcome:
        """As `SendsSms`; a code whose time is over is not sent."""
        if datetime.now(UTC) >= effect.until:
            return CodeSettled(number=effect.number, result="expired")
        to, text = await call.open(effect.to), await call.open(effect.text)
        settled = await self._texting.send(call, str(effect.number), to, text, urgency="code", kind="codes")
        return CodeSettled(number=effect.number, result=settled.result, code=settled.code)

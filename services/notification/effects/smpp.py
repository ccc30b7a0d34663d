"""SMPP 3.4: one bound transceiver session to the SMS centre, texts out and receipts in."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import smpp34

from chassis.decision import Outcome
from chassis.delivery import Delivery
from chassis.runner import Call, Retryable
from chassis.service import Platform
from chassis.telemetry import logger
from services.notification.domain.segments import Segment, segments
from services.notification.messages import RecordReceipt, SendSms, SmsSettled
from services.notification.settings import NotificationSettings

ALPHANUMERIC, INTERNATIONAL, ISDN = 5, 1, 1
WANT_RECEIPT: Final = 1
BUSY: Final = (smpp34.ESME_RTHROTTLED, smpp34.ESME_RMSGQFUL)
BUSY_PAUSE: Final = timedelta(seconds=1)
PARTS_RETRY: Final = 0.2
BACKOFF: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_RECEIPT: Final = re.compile(r"id:(?P<id>\S+) .*?stat:(?P<stat>[A-Z]+)(?: err:(?P<err>\S+))?", re.DOTALL)
FAILED: Final = frozenset({"UNDELIV", "EXPIRED", "REJECTD", "DELETED"})
log = logger(__name__)


class SmppSession:
    """Keeps one session bound; `submit` needs it, `run` keeps it and hands receipts on."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._settings: NotificationSettings = platform.settings
        self._session: Any = None

    async def run(self) -> None:
        """Binds again whenever the session ends, until cancelled."""
        failures = 0
        while True:
            client = self._client()
            try:
                self._session = await client.connect()
                failures = 0
                log.info("bound to the SMS centre")
                await self._receive(self._session)
            except (smpp34.SmppError, OSError, TimeoutError) as error:
                log.warning("no session with the SMS centre", error=str(error)[:200])
            finally:
                self._session = None
                with suppress(Exception):
                    await asyncio.wait_for(client.stop(), 2)
            await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
            failures += 1

    def _client(self) -> Any:
        s = self._settings
        password = s.smpp_password.get_secret_value()
        return smpp34.Client(s.smpp_host, s.smpp_port, s.smpp_system_id, password, bind_type="TRX")

    async def _receive(self, session: Any) -> None:
        while True:
            event = await session.next()
            if isinstance(event, smpp34.Disconnected):
                return
            await self._receipt(event)

    async def _receipt(self, event: Any) -> None:
        found = _RECEIPT.search(event.short_message.decode("latin-1"))
        if found is None:
            log.info("a deliver_sm that is no receipt was ignored")
            return
        stat = found["stat"]
        if stat != "DELIVRD" and stat not in FAILED:
            return
        command = RecordReceipt(
            state="delivered" if stat == "DELIVRD" else "failed", reason=f"{stat} {found['err'] or ''}".strip()
        )
        aggregate = part_id(self._settings.smpp_system_id, found["id"])
        await self._platform.engine("receipts").handle(Delivery(aggregate, command))

    async def submit(self, to: str, segment: Segment) -> Any:
        """One submit_sm and its response. Raises Retryable when there is no session to send it on."""
        session = self._session
        if session is None:
            raise Retryable("no session with the SMS centre")
        return await session.submit_sm(
            to.lstrip("+"),
            segment.data,
            source_addr=self._settings.smpp_sender,
            source_addr_ton=ALPHANUMERIC,
            source_addr_npi=0,
            dest_addr_ton=INTERNATIONAL,
            dest_addr_npi=ISDN,
            esm_class=segment.esm_class,
            data_coding=segment.coding,
            registered_delivery=WANT_RECEIPT,
        )


def part_id(system: str, message_id: str) -> str:
    """The id of the receipts aggregate of one message id."""
    return f"{system}:{message_id}"


class SendsSms:
    """Adapter of `SendSms`. After a submit_sm without a response it raises: nobody can tell, so it is unknown."""

    def __init__(self, session: SmppSession) -> None:
        self._session = session

    async def execute(self, effect: SendSms, call: Call) -> Outcome:
        """Raises Retryable only while no part can have been taken."""
        to = await call.open(effect.to)
        ids: list[str] = []
        call.check()
        for segment in segments(effect.text, effect.message):
            response = await self._submit(to, segment, first=not ids)
            if not response.is_success:
                reason = f"SMPP command_status 0x{response.command_status:08x}"
                return SmsSettled(message=effect.message, result="refused", reason=reason)
            ids.append(response.message_id or "")
        return SmsSettled(message=effect.message, result="sent", ids=tuple(ids))

    async def _submit(self, to: str, segment: Segment, *, first: bool) -> Any:
        """A first part may be put off; a later one waits here, since the first cannot be taken back."""
        while True:
            try:
                response = await self._session.submit(to, segment)
            except Retryable:
                if first:
                    raise
            else:
                if response.command_status not in BUSY:
                    return response
                if first:
                    raise Retryable("the SMS centre is busy", after=BUSY_PAUSE)
            await asyncio.sleep(PARTS_RETRY)

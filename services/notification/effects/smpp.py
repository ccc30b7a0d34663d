"""SMPP 3.4: a provider with one or several sessions, texts out and receipts in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import smpp34

from chassis.telemetry import logger
from schemas.notification import Failure
from services.notification.domain.segments import Segment, segments
from services.notification.effects.parts import Receipt, reference_of
from services.notification.effects.providers import Away, Declined, Sms, Taken
from services.notification.effects.session import Account, NotBound, Refused, Session, Unanswered, WindowFull

ALPHANUMERIC, INTERNATIONAL, ISDN = 5, 1, 1
WANT_RECEIPT: Final = 1
RECEIPT: Final = 0x04
BUSY: Final = (smpp34.ESME_RTHROTTLED, smpp34.ESME_RMSGQFUL)
LEAST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PARTS_RETRY: Final = 0.2
FULL_PAUSE: Final = timedelta(seconds=1)
BACKOFF: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
PERMANENT: Final = frozenset({smpp34.ESME_RINVDSTADR})
"""The number itself is at fault: no other provider would take it."""
DELIVERED: Final = "DELIVRD"
FAILED: Final[dict[str, Failure]] = {
    "UNDELIV": "permanent",
    "EXPIRED": "temporary",
    "REJECTD": "permanent",
    "DELETED": "technical",
}
_TEXT: Final = re.compile(
    r"id:(?P<id>\S+) .*?(?:submit date:(?P<submitted>\d{10})\d* .*?)?stat:(?P<stat>[A-Z]+)(?: err:(?P<err>\S+))?",
    re.DOTALL,
)
STATES: Final = {2: DELIVERED, 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}
log = logger(__name__)
Handed = Callable[[Receipt], Awaitable[None]]


class SmppProvider:
    """Keeps its sessions bound; a text goes by one that has room, and all its parts by the same, while that lasts.

    Told to be slower (throttled, queue full) it pauses, longer each time, and says so at once to who comes meanwhile.
    """

    def __init__(
        self, name: str, account: Account, sender: str, hand_on: Handed, *, binds: int = 1, price: int = 0
    ) -> None:
        self.name = name
        self.price = price
        self._account = account
        self._sender = sender
        self._hand_on = hand_on
        self._binds = binds
        self._sessions: list[Session] = []
        self._turn = 0
        self._pause = LEAST_PAUSE
        self._busy_until = 0.0

    @property
    def bound(self) -> int:
        """How many sessions are bound."""
        return sum(session.bound for session in self._sessions)

    async def run(self) -> None:
        """Binds each session again whenever it ends, until cancelled."""
        await asyncio.gather(*(self._keep() for _ in range(self._binds)))

    async def _keep(self) -> None:
        failures = 0

        def on_bound() -> None:
            nonlocal failures
            failures = 0
            self._sessions.append(session)
            log.info("bound to the SMS centre", provider=self.name)

        while True:
            session = Session(self._account, self._receipt)
            try:
                await session.run(on_bound)
                log.warning("the SMS centre ended a session", provider=self.name)
            except (Refused, NotBound, Unanswered, OSError, TimeoutError) as error:
                log.warning("no session with the SMS centre", provider=self.name, error=repr(error)[:200])
            finally:
                if session in self._sessions:
                    self._sessions.remove(session)
            await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
            failures += 1

    async def send(self, sms: Sms) -> Taken | Declined:
        """A first part may be put off; a later one waits here, since the first cannot be taken back."""
        left = self._busy_until - time.monotonic()
        if left > 0:
            raise Away("the SMS centre is busy", after=timedelta(seconds=left))
        reference = reference_of(sms.message)
        ids: list[str] = []
        session: Session | None = None
        for segment in segments(sms.text, sms.message):
            session, status, message_id = await self._submit(sms, segment, reference, session)
            if status:
                code = f"0x{status:08x}"
                permanent = status in PERMANENT
                failure: Failure = "permanent" if permanent else "technical"
                # A part that was taken cannot be taken back: the whole text by another provider would be its repeat.
                return Declined(code, f"SMPP command_status {code}", failure, elsewhere=not permanent and not ids)
            ids.append(message_id)
        self._pause = LEAST_PAUSE
        return Taken(tuple(ids), "0x00000000")

    async def _submit(
        self, sms: Sms, segment: Segment, reference: int, session: Session | None
    ) -> tuple[Session, int, str]:
        """`session`: by which the part before went, None for the first."""
        first = session is None
        while True:
            try:
                if session is None or not session.bound:
                    session = self._session()
                check, form = sms.before if first else _no_check, fields(self._sender, sms.to, segment, reference)
                status, message_id = await session.submit(check, urgent=sms.urgent, **form)
            except NotBound as error:
                if first:
                    raise Away(str(error)) from error
            except WindowFull as error:
                if first:
                    raise Away(str(error), after=FULL_PAUSE) from error
            else:
                if status not in BUSY:
                    return session, status, message_id
                if first:
                    raise Away("the SMS centre is busy", after=self._slow_down())
            await asyncio.sleep(PARTS_RETRY)

    def _session(self) -> Session:
        """The bound sessions take turns; one whose window is full is passed over while another's is not."""
        if not self._sessions:
            raise NotBound("no session with the SMS centre")
        self._turn += 1
        at = self._turn % len(self._sessions)
        in_turn = (*self._sessions[at:], *self._sessions[:at])
        return next((session for session in in_turn if session.has_room), in_turn[0])

    def _slow_down(self) -> timedelta:
        now = time.monotonic()
        if now >= self._busy_until:
            self._busy_until = now + self._pause
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        return timedelta(seconds=self._busy_until - now)

    async def _receipt(self, event: Any) -> None:
        found = receipt_of(self.name, event)
        if found is not None:
            await self._hand_on(found)


def fields(sender: str, to: str, segment: Segment, reference: int) -> dict[str, Any]:
    """What a submit_sm says (SMPP 3.4, 4.4.1): alphanumeric sender, E.164 destination, a receipt wanted."""
    return {
        "source_addr": sender,
        "destination_addr": to.lstrip("+"),
        "short_message": segment.data,
        "source_addr_ton": ALPHANUMERIC,
        "source_addr_npi": 0,
        "dest_addr_ton": INTERNATIONAL,
        "dest_addr_npi": ISDN,
        "esm_class": segment.esm_class,
        "data_coding": segment.coding,
        "registered_delivery": WANT_RECEIPT,
        "tlvs": [smpp34.Tlv(smpp34.TLV_USER_MESSAGE_REFERENCE, reference.to_bytes(2))],
    }


def receipt_of(system: str, event: Any) -> Receipt | None:
    """What a deliver_sm says of a part (SMPP 3.4, appendix B), None for one that is no final receipt.

    The optional parameters count before the text, where a centre sends both.
    """
    if not event.esm_class & RECEIPT:
        log.info("a deliver_sm that is no receipt was ignored")
        return None
    text = _TEXT.search(event.short_message.decode("latin-1"))
    tlvs = {tlv.tag: tlv for tlv in event.tlvs}
    known, state = tlvs.get(smpp34.TLV_RECEIPTED_MESSAGE_ID), tlvs.get(smpp34.TLV_MESSAGE_STATE)
    message_id = known.value.rstrip(b"\0").decode("ascii", "replace") if known is not None else text and text["id"]
    stat = STATES.get(state.as_int() or 0, "") if state is not None else text["stat"] if text else ""
    if not message_id or (stat != DELIVERED and stat not in FAILED):
        return None
    reference = tlvs.get(smpp34.TLV_USER_MESSAGE_REFERENCE)
    return Receipt(
        system=system,
        id=message_id,
        state="delivered" if stat == DELIVERED else "failed",
        reason=f"{stat} {(text and text['err']) or ''}".strip(),
        failure=FAILED.get(stat),
        to=f"+{event.source_addr.lstrip('+')}",
        submitted=_instant(text["submitted"]) if text and text["submitted"] else None,
        reference=reference.as_int() if reference is not None else None,
    )


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def _no_check() -> None:
    """A later part goes out whatever the time is: the first cannot be taken back."""

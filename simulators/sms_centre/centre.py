"""The SMPP side: takes submit_sm, gives ids, sends delivery receipts, and fails on demand."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import deque
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

import smpp34
from pydantic import BaseModel, ConfigDict, Field

from simulators.journal import NOT_KEPT, Journal
from simulators.sms_centre import phones
from simulators.sms_centre.phones import Part, Phones

NUMBER: Final = re.compile(r"\+?[1-9]\d{7,14}")
LONGEST: Final = 140
RECEIPT: Final = 0x04
TAKEN_WITHIN: Final = 5.0
AGAIN: Final = 0.5
STATES: Final = {"DELIVRD": 2, "UNDELIV": 5}


class NotNow(Exception):
    """The peer cannot take a receipt now; it is owed to it."""


class Faults(BaseModel):
    """What to do wrong; `*_next` are counts. `late_receipts_next`: these come after `late_ms`, others overtake them.

    `echo_reference`: receipts give back user_message_reference; `silent`: a black-out, nothing is answered or taken.
    """

    model_config = ConfigDict(extra="forbid")

    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    receipt_delay_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    throttle_next: int = 0
    reject_next: int = 0
    reject_status: int = smpp34.ESME_RSYSERR
    drop_response_next: int = 0
    lose_receipts_next: int = 0
    duplicate_receipts_next: int = 0
    late_receipts_next: int = 0
    late_ms: Annotated[int, Field(ge=0, le=60_000)] = 5_000
    receipts_before_response: bool = False
    echo_reference: bool = True
    silent: bool = False
    undeliverable: tuple[str, ...] = ()

    def take(self, name: str) -> bool:
        """Uses up one of a counted fault."""
        left: int = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class Centre:
    """Sessions, messages, receipts that wait for somebody who can receive them. The journal keeps all but sessions."""

    def __init__(self, journal: Journal = NOT_KEPT) -> None:
        self.phones = Phones()
        self.faults = Faults()
        self._journal = journal
        self._sessions: dict[str, smpp34.Esme] = {}
        self._waiting: deque[Part] = deque(self._kept(), maxlen=phones.KEPT)
        self._ids = itertools.count(len(self.phones.submissions) + 1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._unanswered: list[smpp34.SubmitSmEvent] = []

    def _kept(self) -> list[Part]:
        """Reads the journal: every part, of which those whose receipt is still owed are returned."""
        owed: dict[str, Part] = {}
        for entry in self._journal.entries():
            if "done" in entry:
                owed.pop(entry["done"], None)
                continue
            part = Part(**{**entry["part"], "at": datetime.fromisoformat(entry["part"]["at"])})
            self.phones.receive(part)
            if entry["receipt"]:
                owed[part.message_id] = part
        return list(owed.values())

    async def serve(self, server: smpp34.Server) -> None:
        """Works until cancelled."""
        while True:
            event: Any = await server.next()
            if isinstance(event, smpp34.Esme):
                self._sessions[event.session_id] = event
                self._start(self._flush())
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._start(self._take(event))
            else:
                self._sessions.pop(event.session_id, None)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, event: smpp34.SubmitSmEvent) -> None:
        await asyncio.sleep(self.faults.latency_ms / 1000)
        if self.faults.silent:
            self._unanswered.append(event)
            return
        if self.faults.take("throttle_next"):
            event.reject(smpp34.ESME_RTHROTTLED)
            return
        if self.faults.take("reject_next"):
            event.reject(self.faults.reject_status)
            return
        part = self._part(event)
        if isinstance(part, int):
            event.reject(part)
            return
        wanted = bool(event.registered_delivery & 1) and not self.faults.take("lose_receipts_next")
        self._journal.add({"part": {**asdict(part), "at": part.at.isoformat()}, "receipt": wanted})
        self.phones.receive(part)
        if wanted and self.faults.receipts_before_response:
            await self._receipt(part)
        if self.faults.take("drop_response_next"):
            self._unanswered.append(event)  # kept: a dropped event would be answered with an error
        else:
            event.accept(part.message_id)
        if wanted and not self.faults.receipts_before_response:
            await self._receipt(part)

    def _part(self, event: smpp34.SubmitSmEvent) -> Part | int:
        """The part, or the command_status that refuses it."""
        to = event.destination_addr if event.destination_addr.startswith("+") else f"+{event.destination_addr}"
        if not NUMBER.fullmatch(to):
            return int(smpp34.ESME_RINVDSTADR)
        data = event.short_message
        if (len(data) > LONGEST and event.data_coding != phones.GSM) or len(data) > 160:  # noqa: PLR2004 - septets
            return int(smpp34.ESME_RINVMSGLEN)
        try:
            body, reference, total, sequence = phones.split_header(data, event.esm_class)
            text = phones.decode(body, event.data_coding)
        except (ValueError, IndexError):
            return int(smpp34.ESME_RSYSERR)
        tlvs = {tlv.tag: tlv.as_int() for tlv in event.tlvs}
        if reference is None and smpp34.TLV_SAR_MSG_REF_NUM in tlvs:
            reference = tlvs[smpp34.TLV_SAR_MSG_REF_NUM]
            total = tlvs.get(smpp34.TLV_SAR_TOTAL_SEGMENTS) or 1
            sequence = tlvs.get(smpp34.TLV_SAR_SEGMENT_SEQNUM) or 1
        message_id = f"{next(self._ids):010d}"
        ours = tlvs.get(smpp34.TLV_USER_MESSAGE_REFERENCE)
        return Part(message_id, event.source_addr, to, text, reference, total, sequence, phones.now(), ours)

    async def _receipt(self, part: Part) -> None:
        late = self.faults.late_ms if self.faults.take("late_receipts_next") else 0
        await asyncio.sleep((self.faults.receipt_delay_ms + late) / 1000)
        self._waiting.extend([part] * (2 if self.faults.take("duplicate_receipts_next") else 1))
        await self._flush()

    async def _flush(self) -> None:
        """Delivers waiting receipts in turn to the sessions that can receive; keeps what nobody took."""
        while self._waiting:
            found = next(((i, s) for i, s in self._sessions.items() if s.can_receive), None)
            if found is None:
                return
            session_id, session = found
            self._sessions[session_id] = self._sessions.pop(session_id)
            part = self._waiting.popleft()
            try:
                async with asyncio.timeout(TAKEN_WITHIN):
                    await self._deliver(session, part)
            except TimeoutError:
                self._waiting.appendleft(part)  # the peer may only be slow: its session stays, the next one is tried
            except NotNow:
                self._waiting.append(part)
                await asyncio.sleep(AGAIN)
            except (smpp34.SmppError, OSError):
                self._waiting.appendleft(part)
                self._sessions.pop(session_id, None)
            else:
                self._journal.add({"done": part.message_id})

    async def _deliver(self, session: smpp34.Esme, part: Part) -> None:
        state = "UNDELIV" if part.to in self.faults.undeliverable else "DELIVRD"
        tlvs = [
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, part.message_id.encode() + b"\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, bytes([STATES[state]])),
        ]
        if part.given is not None and self.faults.echo_reference:
            tlvs.append(smpp34.Tlv(smpp34.TLV_USER_MESSAGE_REFERENCE, part.given.to_bytes(2)))
        text = receipt_text(part, state, phones.now())
        taken = await session.deliver_sm(
            part.source, text, source_addr=part.to.lstrip("+"), esm_class=RECEIPT, tlvs=tlvs
        )
        if not taken.is_success:
            raise NotNow


def receipt_text(part: Part, state: str, now: datetime) -> bytes:
    """The text of a delivery receipt (SMPP 3.4, appendix B)."""
    done = now.strftime("%y%m%d%H%M")
    delivered = "001" if state == "DELIVRD" else "000"
    text = part.text[:20].encode("ascii", "replace").decode()
    submitted = part.at.strftime("%y%m%d%H%M")
    return (
        f"id:{part.message_id} sub:001 dlvrd:{delivered} submit date:{submitted} done date:{done} "
        f"stat:{state} err:000 text:{text}"
    ).encode()

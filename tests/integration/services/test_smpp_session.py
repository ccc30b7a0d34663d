"""Our SMPP 3.4 session with a centre that is not ours (PyPI smpp34 as server), and with one that keeps to nothing."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import smpp34

from deploy.local.ports import free_ports
from services.notification.effects.parts import Receipt, reference_of
from services.notification.effects.providers import Away, Declined, Sms, Taken
from services.notification.effects.session import Account
from services.notification.effects.smpp import SmppProvider
from simulators.sms_centre.phones import decode, split_header

from .partners import until

PHONE = "+84912345678"
HEADER = struct.Struct("!IIII")
BIND, BIND_RESP, UNBIND, ENQUIRE_LINK, SUBMIT, NACK = 0x09, 0x80000009, 0x06, 0x15, 0x04, 0x80000000
RESPONSE = 0x80000000


def text_of(sms: str, message: str = "d/accepted/sms") -> Sms:
    return Sms("effect/1", message, PHONE, sms, lambda: None)


@dataclass
class Centre:
    """smpp34's own server: it takes what it is sent, and answers when it is told to."""

    provider: SmppProvider
    sessions: list[smpp34.Esme] = field(default_factory=list)
    submitted: list[smpp34.SubmitSmEvent] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    answers: bool = True
    stored: bool = True

    async def serve(self, server: smpp34.Server) -> None:
        while True:
            event: Any = await server.next()
            if isinstance(event, smpp34.Esme):
                self.sessions.append(event)
            elif isinstance(event, smpp34.SubmitSmEvent):
                self.submitted.append(event)
                if self.answers:
                    event.accept(f"m{len(self.submitted)}")

    async def receipt(self, receipt: Receipt) -> None:
        if not self.stored:
            raise ConnectionError("the store is away")
        self.receipts.append(receipt)


@asynccontextmanager
async def centre(**account: Any) -> AsyncIterator[Centre]:
    (port,) = free_ports(1)
    server = smpp34.Server("127.0.0.1", port, system_id="BARE")
    await server.start()
    made: list[Centre] = []

    async def hand_on(receipt: Receipt) -> None:
        await made[0].receipt(receipt)

    provider = SmppProvider(
        "bare", Account("127.0.0.1", port, "dienbien", "secret", **account), "SVHTTDL DB", hand_on, binds=2, price=500
    )
    made.append(Centre(provider))
    tasks = [asyncio.create_task(made[0].serve(server)), asyncio.create_task(provider.run())]
    try:
        await until(lambda: provider.bound == len(made[0].sessions) == 2)
        yield made[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.stop()


@pytest.mark.parametrize(
    ("text", "parts", "coding"), [("Ho so 12 {x}", 1, 0), ("a[" * 200, 4, 0), ("đã nhận " * 20, 3, 8)]
)
async def test_a_foreign_centre_gets_what_we_mean_and_we_its_receipts(text: str, parts: int, coding: int) -> None:
    async with centre() as bare:
        taken = await bare.provider.send(text_of(text))
        assert taken == Taken(tuple(f"m{n}" for n in range(1, parts + 1)), "0x00000000")
        read = b""
        for number, sent in enumerate(bare.submitted, 1):
            assert (sent.source_addr, sent.source_addr_ton, sent.source_addr_npi) == ("SVHTTDL DB", 5, 0)
            assert (sent.destination_addr, sent.dest_addr_ton, sent.dest_addr_npi) == ("84912345678", 1, 1)
            assert (sent.data_coding, sent.registered_delivery) == (coding, 1)
            body, _, total, sequence = split_header(sent.short_message, sent.esm_class)
            assert (total, sequence) == (parts, number)
            read += body
        assert decode(read, coding) == text
        assert {sent.session_id for sent in bare.submitted} in [{s.session_id} for s in bare.sessions]
        for number, session in enumerate(bare.sessions, 1):
            said = f"id:m{number} sub:001 dlvrd:001 submit date:2611250830 done date:2611250831 stat:DELIVRD err:0A1 "
            answer = await session.deliver_sm(
                "SVHTTDL DB", said.encode(), source_addr="84912345678", esm_class=4,
                tlvs=[smpp34.Tlv(smpp34.TLV_USER_MESSAGE_REFERENCE, reference_of("d/accepted/sms").to_bytes(2))],
            )  # fmt: skip
            assert answer.is_success
        found = bare.receipts[-1]
        assert (found.system, found.id, found.state, found.reason) == ("bare", "m2", "delivered", "DELIVRD 0A1")
        assert (found.to, found.submitted) == (PHONE, datetime(2026, 11, 25, 8, 30, tzinfo=UTC))
        assert found.reference == reference_of("d/accepted/sms")


async def test_a_receipt_that_cannot_be_stored_is_refused_for_the_time_being() -> None:
    async with centre() as bare:
        bare.stored = False
        said = b"id:m1 sub:001 dlvrd:001 submit date:2611250830 done date:2611250831 stat:UNDELIV err:001 text:"
        answers = []
        for _ in range(2):
            answers.append(
                await bare.sessions[0].deliver_sm("SVHTTDL DB", said, source_addr="84912345678", esm_class=4)
            )
            bare.stored = True
        assert [(a.is_success, a.command_status) for a in answers] == [(False, 0x64), (True, 0)]
        assert [(r.state, r.failure) for r in bare.receipts] == [("failed", "permanent")]
        assert bare.provider.bound == 2


async def test_no_more_than_a_window_is_on_its_way_and_who_finds_none_free_goes_elsewhere() -> None:
    async with centre(window=3) as bare:
        bare.answers = False
        waiting = [asyncio.create_task(bare.provider.send(text_of("x", f"d/{n}/sms"))) for n in range(6)]
        await until(lambda: len(bare.submitted) == 6)
        with pytest.raises(Away, match="window") as full:
            await bare.provider.send(text_of("one more", "d/more/sms"))
        assert full.value.after is not None
        assert len(bare.submitted) == 6
        for number, event in enumerate(bare.submitted):
            event.accept(f"w{number}")
        taken = await asyncio.gather(*waiting)
        assert sorted(answer.ids[0] for answer in taken if isinstance(answer, Taken)) == [f"w{n}" for n in range(6)]
        bare.answers = True
        assert isinstance(await bare.provider.send(text_of("room again")), Taken)


async def test_a_code_has_a_place_in_a_window_that_is_full_for_others() -> None:
    async with centre(window=5) as bare:
        bare.answers = False
        waiting = [asyncio.create_task(bare.provider.send(text_of("x", f"d/{n}/sms"))) for n in range(8)]
        await until(lambda: len(bare.submitted) == 8)
        with pytest.raises(Away, match="window"):
            await bare.provider.send(text_of("one more", "d/more/sms"))
        code = asyncio.create_task(bare.provider.send(replace(text_of("Ma xac nhan", "1"), urgent=True)))
        await until(lambda: len(bare.submitted) == 9)
        for number, event in enumerate(bare.submitted):
            event.accept(f"w{number}")
        assert isinstance(await code, Taken)
        await asyncio.gather(*waiting)


async def test_a_refusal_of_a_later_part_is_told_and_the_text_does_not_go_by_another_provider() -> None:
    async with centre() as bare:
        bare.answers = False
        sending = asyncio.create_task(bare.provider.send(text_of("a" * 200)))
        await until(lambda: len(bare.submitted) == 1)
        bare.submitted[0].accept("m1")
        await until(lambda: len(bare.submitted) == 2)
        bare.submitted[1].reject(0x14)
        await until(lambda: len(bare.submitted) == 3)  # queue full: a later part waits here
        bare.submitted[2].reject(0x0B)
        assert await sending == Declined("0x0000000b", "SMPP command_status 0x0000000b", "permanent", elsewhere=False)


async def test_told_to_be_slower_it_pauses_longer_each_time_and_a_success_ends_that() -> None:
    async with centre() as bare:
        bare.answers = False

        async def throttled(status: int) -> float:
            bare.provider._busy_until = 0
            count = len(bare.submitted)
            sending = asyncio.create_task(bare.provider.send(text_of("x")))
            await until(lambda: len(bare.submitted) > count)
            bare.submitted[-1].reject(status)
            with pytest.raises(Away, match="busy") as busy:
                await sending
            assert busy.value.after is not None
            return round(busy.value.after.total_seconds(), 3)

        assert [await throttled(status) for status in (0x58, 0x14, 0x58)] == [1, 2, 4]
        with pytest.raises(Away, match="busy"):
            await bare.provider.send(text_of("x"))
        bare.provider._busy_until = 0
        bare.answers = True
        await bare.provider.send(text_of("x"))
        bare.answers = False
        assert await throttled(0x58) == 1


@dataclass
class Peer:
    """A centre written by hand. `pdus`: (command, status, sequence) of what we sent on each connection."""

    connections: list[list[tuple[int, int, int]]] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    bind_status: int = 0
    answers: bool = True

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pdus: list[tuple[int, int, int]] = []
        self.connections.append(pdus)
        self.writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length, command, status, sequence = HEADER.unpack(await reader.readexactly(16))
                await reader.readexactly(length - 16)
                pdus.append((command, status, sequence))
                if command == BIND:
                    self.say(BIND_RESP, self.bind_status, sequence, b"HAND\0")
                elif command == ENQUIRE_LINK and self.answers:
                    self.say(ENQUIRE_LINK | RESPONSE, 0, sequence)
        writer.close()

    def say(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        self.writers[-1].write(HEADER.pack(16 + len(body), command, status, sequence) + body)


@asynccontextmanager
async def by_hand(alive: float = 15.0) -> AsyncIterator[tuple[Peer, SmppProvider]]:
    (port,) = free_ports(1)
    peer, nothing = Peer(), None
    provider = SmppProvider("hand", Account("127.0.0.1", port, "dienbien", "secret", alive=alive), "DB", nothing)  # type: ignore[arg-type] # no receipts
    async with await asyncio.start_server(peer.talk, "127.0.0.1", port):
        task = asyncio.create_task(provider.run())
        try:
            yield peer, provider
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_questions_are_answered_what_is_not_known_is_refused_and_an_unbind_leads_to_a_new_bind() -> None:
    async with by_hand() as (peer, provider):
        await until(lambda: provider.bound == 1)
        peer.say(ENQUIRE_LINK, 0, 71)
        peer.say(0x99, 0, 72)
        peer.say(UNBIND, 0, 73)
        await until(lambda: len(peer.connections) == 2 and provider.bound == 1)
        wanted = [(ENQUIRE_LINK | RESPONSE, 0, 71), (NACK, 3, 72), (UNBIND | RESPONSE, 0, 73)]
        assert [pdu for pdu in peer.connections[0] if pdu[0] & RESPONSE] == wanted


async def test_a_silent_centre_is_asked_and_left_when_it_does_not_answer() -> None:
    async with by_hand(alive=0.1) as (peer, provider):
        await until(lambda: [c for c, _, _ in (*peer.connections, [])[0]].count(ENQUIRE_LINK) >= 2)
        assert len(peer.connections) == 1
        peer.answers = False
        await until(lambda: len(peer.connections) >= 2)
        assert provider.bound <= 1


async def test_a_refused_bind_is_tried_again_and_nothing_is_sent_meanwhile() -> None:
    async with by_hand() as (peer, provider):
        peer.bind_status = 0x0D
        await until(lambda: len(peer.connections) >= 2)
        with pytest.raises(Away, match="no session"):
            await provider.send(text_of("x"))
        peer.bind_status = 0
        await until(lambda: provider.bound == 1)
        assert all(command != SUBMIT for pdus in peer.connections for command, _, _ in pdus)


async def test_what_was_sent_on_a_session_that_breaks_is_uncertain_and_never_sent_again() -> None:
    async with by_hand() as (peer, provider):
        await until(lambda: provider.bound == 1)
        sending = asyncio.create_task(provider.send(text_of("x")))
        await until(lambda: [c for c, _, _ in peer.connections[-1]].count(SUBMIT) == 1)
        peer.writers[-1].transport.abort()
        with pytest.raises(Exception, match="session with the SMS centre ended"):
            await sending
        await until(lambda: provider.bound == 1 and len(peer.connections) == 2)
        assert sum(command == SUBMIT for pdus in peer.connections for command, _, _ in pdus) == 1

"""What the mail adapter makes of a server's errors, against the simulated one on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtplib import SMTPServerDisconnected

from chassis.runner import Retryable
from deploy.local.ports import free_ports
from schemas.personal import Personal
from services.notification.effects.directory import Directory
from services.notification.effects.mail import Mailer, MailsOfficers, SendsEmail
from services.notification.effects.moot import Moot
from services.notification.effects.simulated import Simulated
from services.notification.messages import EmailSettled, MailOfficers, SendEmail
from simulators.mail_sink import __main__ as mail_sink

from .partners import ID, call, serving

NOBODY = Simulated({})


def email(to: str = "an@example.vn") -> SendEmail:
    return SendEmail(message=f"{ID}/accepted/email", to=Personal.of(to), title="Hồ sơ", text="Đã tiếp nhận.\n" * 20)


class _Greylist(mail_sink.Mailbox):
    """Also answers RCPT, as it is told."""

    rcpt = "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt


def mailer(port: int) -> SendsEmail:
    nothing: Any = None
    settings: Any = SimpleNamespace(smtp_host="127.0.0.1", smtp_port=port, smtp_from="no-reply@dienbien.example.vn")
    return SendsEmail(Mailer(settings, NOBODY), Moot(nothing))


@pytest.fixture
async def mail_side() -> AsyncIterator[tuple[_Greylist, SendsEmail]]:
    port, http_port = free_ports(2)
    mailbox = _Greylist()
    app = mail_sink.create_app(mailbox, mail_sink.Settings(smtp_port=port, http_port=http_port))
    async with serving(app, http_port):
        yield mailbox, mailer(port)


def taken() -> EmailSettled:
    return EmailSettled(message=email().message, result="sent", provider="smtp", code="250")


@pytest.mark.parametrize("to", ["an@example.vn", "ấn@example.vn"])
async def test_email_arrives_as_it_was_written(mail_side: tuple[_Greylist, SendsEmail], to: str) -> None:
    mailbox, adapter = mail_side
    for _ in range(3):
        assert await adapter.execute(email(to), call()) == taken()
    arrived = mailbox.messages[-1]
    assert (arrived["to"], arrived["subject"], arrived["text"].splitlines()[0]) == (to, "Hồ sơ", "Đã tiếp nhận.")
    assert len(mailbox.messages) == 3
    link = email(to).model_copy(update={"text": "Tại: {secret}", "secret": Personal.of("https://x.vn/l/1")})
    await adapter.execute(link, call())
    assert mailbox.messages[-1]["text"].splitlines()[0] == "Tại: https://x.vn/l/1"


async def test_a_connection_is_used_again_and_a_dead_one_is_replaced(mail_side: tuple[_Greylist, SendsEmail]) -> None:
    mailbox, adapter = mail_side
    assert await adapter.execute(email(), call()) == taken()
    ((client, _),) = adapter._mailer._idle
    assert await adapter.execute(email(), call()) == taken()
    assert adapter._mailer._idle[0][0] is client
    transport: Any = client.transport
    transport.abort()
    assert await adapter.execute(email(), call()) == taken()
    assert adapter._mailer._idle[0][0] is not client
    assert len(mailbox.messages) == 3


@pytest.mark.parametrize(("rcpt", "data"), [("450 greylisted, come again", 0), ("250 OK", 451)])
async def test_email_put_off_by_the_server_is_retryable(
    mail_side: tuple[_Greylist, SendsEmail], rcpt: str, data: int
) -> None:
    mailbox, adapter = mail_side
    mailbox.rcpt = rcpt
    mailbox.faults = mail_sink.Faults(reject_next=1, reject_code=data or 550)
    with pytest.raises(Retryable, match="SMTP 45"):
        await adapter.execute(email(), call())
    assert list(mailbox.messages) == []


@pytest.mark.parametrize(("rcpt", "code"), [("550 no such mailbox", 550), ("250 OK", 554)])
async def test_email_refused_by_the_server_is_refused(
    mail_side: tuple[_Greylist, SendsEmail], rcpt: str, code: int
) -> None:
    mailbox, adapter = mail_side
    mailbox.rcpt = rcpt
    mailbox.faults = mail_sink.Faults(reject_next=1, reject_code=code)
    refused = await adapter.execute(email(), call())
    assert isinstance(refused, EmailSettled)
    assert (refused.result, refused.failure, refused.code) == ("refused", "permanent", str(code))


async def test_officers_are_told_at_the_addresses_of_the_directory(
    mail_side: tuple[_Greylist, SendsEmail], tmp_path: Path
) -> None:
    mailbox, adapter = mail_side
    listed = [
        {"account": "leader1", "email": "leader@example.vn", "roles": ["leader"]},
        {"account": "leader2", "email": "deputy@example.vn", "roles": ["leader"]},
        {"account": "clerk1", "email": "clerk@example.vn", "roles": ["clerk"], "unit": "one-stop"},
    ]
    file = tmp_path / "officers.json"
    file.write_text(json.dumps(listed))
    officers = MailsOfficers(adapter._mailer, Directory.read(file))
    warning = MailOfficers(message=f"{ID}/overdue/email", role="leader", title="Quá hạn", text="Hồ sơ quá hạn.")
    sent = await officers.execute(warning, call())
    assert isinstance(sent, EmailSettled)
    assert (sent.result, [m["to"] for m in mailbox.messages]) == ("sent", ["leader@example.vn", "deputy@example.vn"])
    nobody = await officers.execute(warning.model_copy(update={"role": "registrar"}), call())
    assert isinstance(nobody, EmailSettled)
    assert (nobody.result, nobody.failure, nobody.reason) == ("refused", "technical", "no address for registrar")


async def test_email_lost_after_data_is_uncertain(mail_side: tuple[_Greylist, SendsEmail]) -> None:
    mailbox, adapter = mail_side
    mailbox.faults = mail_sink.Faults(drop_after_data_next=1)
    with pytest.raises(SMTPServerDisconnected):
        await adapter.execute(email(), call())
    assert len(mailbox.messages) == 1


async def test_email_with_no_server_or_a_server_that_hangs_up_is_retryable() -> None:
    (port,) = free_ports(1)
    adapter = mailer(port)
    with pytest.raises(Retryable):
        await adapter.execute(email(), call())
    server = await asyncio.start_server(_hang_up, "127.0.0.1", port)
    async with server:
        with pytest.raises(Retryable):
            await adapter.execute(email(), call())


async def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello\r\n")
    writer.close()

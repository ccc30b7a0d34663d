"""What the adapters of notification make of a partner's errors, each against its simulator on a real socket.

Retryable: certainly not executed. An outcome: the partner's own word. Anything else: nobody can tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtplib import SMTPServerDisconnected
from pydantic import SecretStr

from chassis.runner import NotSent, Retryable
from deploy.local.ports import free_ports
from schemas.personal import Personal
from services.notification.effects.mail import SendsEmail
from services.notification.effects.smpp import SendsSms, SmppSession
from services.notification.messages import EmailSettled, SendEmail, SendSms, SmsSettled
from simulators.mail_sink import __main__ as mail_sink
from simulators.sms_centre import __main__ as sms_centre
from simulators.sms_centre.centre import Centre

from .partners import ID, call, serving, until


def sms(text: str = "Ho so da duoc tiep nhan.") -> SendSms:
    return SendSms(message=f"{ID}/accepted/sms", to=Personal.of("+84912345678"), text=text)


@pytest.fixture
async def sms_side() -> AsyncIterator[tuple[Centre, SmppSession]]:
    """The centre, and our session with it: not yet bound."""
    port, http_port = free_ports(2)
    centre = Centre()
    settings = SimpleNamespace(
        smpp_host="127.0.0.1",
        smpp_port=port,
        smpp_system_id="dienbien",
        smpp_password=SecretStr("x"),
        smpp_sender="SVHTTDL DB",
    )
    session = SmppSession(SimpleNamespace(settings=settings, engine=lambda _name: _Deaf()))  # type: ignore[arg-type] # what it uses of a platform
    async with serving(sms_centre.create_app(centre, sms_centre.Settings(port=port, http_port=http_port)), http_port):
        yield centre, session


class _Deaf:
    async def handle(self, _delivery: object) -> None:
        """Receipts are not what is tested here."""


@asynccontextmanager
async def bound(session: SmppSession) -> AsyncIterator[SendsSms]:
    task = asyncio.create_task(session.run())
    await until(lambda: session._session is not None)
    try:
        yield SendsSms(session)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_sms_without_a_session_is_retryable(sms_side: tuple[Centre, SmppSession]) -> None:
    with pytest.raises(Retryable, match="no session"):
        await SendsSms(sms_side[1]).execute(sms(), call())


async def test_sms_by_what_the_centre_answers(sms_side: tuple[Centre, SmppSession]) -> None:
    centre, session = sms_side
    async with bound(session) as adapter:
        centre.faults.throttle_next = 1
        with pytest.raises(Retryable) as busy:
            await adapter.execute(sms(), call())
        assert busy.value.after == timedelta(seconds=1)
        centre.faults.reject_next = 1
        refused = await adapter.execute(sms(), call())
        assert isinstance(refused, SmsSettled)
        assert refused.result == "refused"
        assert list(centre.phones.submissions) == []
        taken = await adapter.execute(sms(), call())
        assert isinstance(taken, SmsSettled)
        assert (taken.result, len(taken.ids)) == ("sent", 1)


async def test_sms_without_a_response_is_uncertain(sms_side: tuple[Centre, SmppSession]) -> None:
    centre, session = sms_side
    async with bound(session) as adapter:
        centre.faults.drop_response_next = 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await adapter.execute(sms(), call())
        assert len(centre.phones.submissions) == 1


async def test_sms_whose_time_is_over_is_not_sent(sms_side: tuple[Centre, SmppSession]) -> None:
    centre, session = sms_side
    async with bound(session) as adapter:
        with pytest.raises(NotSent):
            await adapter.execute(sms(), call(seconds=-1))
        assert list(centre.phones.submissions) == []


def email(to: str = "an@example.vn") -> SendEmail:
    return SendEmail(message=f"{ID}/accepted/email", to=Personal.of(to), title="Hồ sơ", text="Đã tiếp nhận.\n" * 20)


class _Greylist(mail_sink.Mailbox):
    """Also answers RCPT, as it is told."""

    rcpt = "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt


@pytest.fixture
async def mail_side() -> AsyncIterator[tuple[_Greylist, SendsEmail]]:
    port, http_port = free_ports(2)
    mailbox = _Greylist()
    settings = SimpleNamespace(smtp_host="127.0.0.1", smtp_port=port, smtp_from="no-reply@dienbien.example.vn")
    app = mail_sink.create_app(mailbox, mail_sink.Settings(smtp_port=port, http_port=http_port))
    async with serving(app, http_port):
        yield mailbox, SendsEmail(settings)  # type: ignore[arg-type] # what it uses of the settings


@pytest.mark.parametrize("to", ["an@example.vn", "ấn@example.vn"])
async def test_email_arrives_as_it_was_written(mail_side: tuple[_Greylist, SendsEmail], to: str) -> None:
    mailbox, adapter = mail_side
    assert await adapter.execute(email(to), call()) == EmailSettled(message=email().message, result="sent")
    (arrived,) = mailbox.messages
    assert (arrived["to"], arrived["subject"], arrived["text"].splitlines()[0]) == (to, "Hồ sơ", "Đã tiếp nhận.")


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
    refused = EmailSettled(message=email().message, result="refused", reason=f"SMTP {code}")
    assert await adapter.execute(email(), call()) == refused


async def test_email_lost_after_data_is_uncertain(mail_side: tuple[_Greylist, SendsEmail]) -> None:
    mailbox, adapter = mail_side
    mailbox.faults = mail_sink.Faults(drop_after_data_next=1)
    with pytest.raises(SMTPServerDisconnected):
        await adapter.execute(email(), call())
    assert len(mailbox.messages) == 1


async def test_email_with_no_server_or_a_server_that_hangs_up_is_retryable() -> None:
    (port,) = free_ports(1)
    settings = SimpleNamespace(smtp_host="127.0.0.1", smtp_port=port, smtp_from="no-reply@dienbien.example.vn")
    adapter = SendsEmail(settings)  # type: ignore[arg-type] # what it uses of the settings
    with pytest.raises(Retryable):
        await adapter.execute(email(), call())
    server = await asyncio.start_server(_hang_up, "127.0.0.1", port)
    async with server:
        with pytest.raises(Retryable):
            await adapter.execute(email(), call())


async def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello\r\n")
    writer.close()

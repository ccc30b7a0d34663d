"""SMTP (RFC 5321): e-mails of text and HTML over connections that are used again, and what comes back (RFC 3464)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Final

import aiosmtplib

from chassis.decision import Outcome
from chassis.runner import Call, Permanent, Retryable
from services.notification.effects.directory import Directory
from services.notification.effects.filled import filled
from services.notification.effects.mime import mail
from services.notification.effects.moot import Moot
from services.notification.effects.simulated import Simulated
from services.notification.messages import EmailSettled, MailOfficers, SendEmail
from services.notification.settings import NotificationSettings

PERMANENT: Final = 500
PROVIDER: Final = "smtp"
IDLE: Final = 10.0
"""Seconds a connection is kept for the next e-mail: servers end idle ones, ours is sooner."""
KEPT: Final = 8
SECONDS: Final = 8.0


class Mailer:
    """Hands e-mails to the mail server. Until DATA nothing is handed over, whatever goes wrong."""

    def __init__(self, settings: NotificationSettings, simulated: Simulated) -> None:
        self._settings = settings
        self._simulated = simulated
        self._idle: deque[tuple[aiosmtplib.SMTP, float]] = deque()

    async def send(self, call: Call, message: str, to: tuple[str, ...], title: str, text: str) -> EmailSettled:
        """A 5xx is final, a 4xx means "later".

        Raises:
            Retryable: the server certainly did not take it.
            Permanent: it cannot be an e-mail.
            Exception: any other: after DATA without an answer nobody can tell.
        """
        played = self._simulated.email(message, to[0]) if len(to) == 1 else None
        if played is not None:
            return played
        try:
            data = mail(self._settings.smtp_from, to, title, text, message)
        except ValueError as error:
            raise Permanent("invalid", "this cannot be an e-mail") from error
        client = await self._at_envelope(message, to)
        if isinstance(client, EmailSettled):
            return client
        try:
            call.check()
            code, _ = await client.data(data)
        except aiosmtplib.SMTPResponseException as error:
            return _answered(message, error)
        except BaseException:
            client.close()
            raise
        self._keep(client)
        return EmailSettled(message=message, result="sent", provider=PROVIDER, code=str(code))

    async def _at_envelope(self, message: str, to: tuple[str, ...]) -> aiosmtplib.SMTP | EmailSettled:
        """A connection that took sender and recipients. One that was idle may be dead: then a new one is tried."""
        while True:
            client, fresh = await self._client()
            try:
                await self._envelope(client, to)
            except aiosmtplib.SMTPResponseException as error:
                client.close()
                return _answered(message, error)
            except (aiosmtplib.SMTPException, OSError) as error:
                client.close()
                if fresh:
                    raise Retryable(f"{type(error).__name__}: {error}") from error
            except BaseException:
                client.close()
                raise
            else:
                return client

    async def _client(self) -> tuple[aiosmtplib.SMTP, bool]:
        while self._idle:
            client, since = self._idle.pop()
            if client.is_connected and time.monotonic() - since < IDLE:
                return client, False
            client.close()
        settings = self._settings
        client = aiosmtplib.SMTP(hostname=settings.smtp_host, port=settings.smtp_port, start_tls=False, timeout=SECONDS)
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise Retryable(f"{type(error).__name__}: {error}") from error
        return client, True

    async def _envelope(self, client: aiosmtplib.SMTP, to: tuple[str, ...]) -> None:
        """RFC 6531 where an address needs it. Raises Permanent for one this server cannot take."""
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        wide = not all(address.isascii() for address in to)
        if wide and not client.supports_extension("smtputf8"):
            self._keep(client)
            raise Permanent("invalid", "the mail server takes ASCII addresses only")
        encoding = "utf-8" if wide else "ascii"
        await client.mail(self._settings.smtp_from, options=["SMTPUTF8"] if wide else (), encoding=encoding)
        for address in to:
            await client.rcpt(address, encoding=encoding)

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        if len(self._idle) < KEPT and client.is_connected:
            self._idle.append((client, time.monotonic()))
        else:
            client.close()

    async def run(self) -> None:
        """Ends connections that stood idle, until cancelled."""
        while True:
            await asyncio.sleep(IDLE)
            while self._idle and time.monotonic() - self._idle[0][1] >= IDLE:
                client, _ = self._idle.popleft()
                with suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit()


def _answered(message: str, error: aiosmtplib.SMTPResponseException) -> EmailSettled:
    """The server's own word that it did not take it."""
    if error.code < PERMANENT:
        raise Retryable(f"SMTP {error.code}") from error
    return EmailSettled(
        message=message, result="refused", reason=f"SMTP {error.code}", failure="permanent", code=str(error.code),
        provider=PROVIDER,
    )  # fmt: skip


class SendsEmail:
    """Adapter of `SendEmail`."""

    def __init__(self, mailer: Mailer, moot: Moot) -> None:
        self._mailer = mailer
        self._moot = moot

    async def execute(self, effect: SendEmail, call: Call) -> Outcome:
        """As `Mailer.send`; what is no longer true is not sent."""
        if await self._moot(call, effect):
            return EmailSettled(message=effect.message, result="suppressed")
        to = await call.open(effect.to)
        return await self._mailer.send(call, effect.message, (to,), effect.title, await filled(effect, call))


class MailsOfficers:
    """Adapter of `MailOfficers`."""

    def __init__(self, mailer: Mailer, directory: Directory) -> None:
        self._mailer = mailer
        self._directory = directory

    async def execute(self, effect: MailOfficers, call: Call) -> Outcome:
        """As `Mailer.send`; where nobody is listed it is refused, which an operator sees."""
        to = self._directory.addresses(effect.account, effect.role, effect.unit)
        if not to:
            who = effect.account or effect.unit or effect.role or "nobody"
            return EmailSettled(
                message=effect.message, result="refused", reason=f"no address for {who}", failure="technical"
            )
        return await self._mailer.send(call, effect.message, to, effect.title, effect.text)

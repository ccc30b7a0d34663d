"""SMTP: one e-mail a connection (RFC 5321)."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Final

import aiosmtplib

from chassis.decision import Outcome
from chassis.runner import Call, Permanent, Retryable
from services.notification.messages import EmailSettled, SendEmail
from services.notification.settings import NotificationSettings

PERMANENT: Final = 500


class SendsEmail:
    """Adapter of `SendEmail`. A connection lost after DATA raises: nobody can tell, so it is unknown."""

    def __init__(self, settings: NotificationSettings) -> None:
        self._settings = settings

    async def execute(self, effect: SendEmail, call: Call) -> Outcome:
        """Until DATA nothing is handed over, whatever goes wrong; a 5xx is final, a 4xx means "later"."""
        to = await call.open(effect.to)
        mail = self._mail(effect, to)
        client = aiosmtplib.SMTP(
            hostname=self._settings.smtp_host, port=self._settings.smtp_port, start_tls=False, timeout=8
        )
        try:
            try:
                await client.connect()
                await self._envelope(client, to)
            except aiosmtplib.SMTPResponseException as error:
                return self._answered(effect, error)
            except (aiosmtplib.SMTPException, OSError) as error:
                raise Retryable(f"{type(error).__name__}: {error}") from error
            call.check()
            try:
                await client.data(mail)
            except aiosmtplib.SMTPResponseException as error:
                return self._answered(effect, error)
        finally:
            client.close()
        return EmailSettled(message=effect.message, result="sent")

    async def _envelope(self, client: aiosmtplib.SMTP, to: str) -> None:
        """An address beyond ASCII needs SMTPUTF8 (RFC 6531)."""
        await client.ehlo()
        if to.isascii():
            await client.mail(self._settings.smtp_from)
            await client.rcpt(to)
        elif client.supports_extension("smtputf8"):
            await client.mail(self._settings.smtp_from, options=["SMTPUTF8"], encoding="utf-8")
            await client.rcpt(to, encoding="utf-8")
        else:
            raise Permanent("invalid", "the mail server takes ASCII addresses only")

    def _mail(self, effect: SendEmail, to: str) -> bytes:
        mail = EmailMessage(SMTP if to.isascii() else SMTPUTF8)
        try:
            mail["From"], mail["To"], mail["Subject"] = self._settings.smtp_from, to, effect.title
            mail["Message-ID"] = f"<{effect.message.replace('/', '.')}@{self._settings.smtp_from.partition('@')[2]}>"
            mail.set_content(effect.text)
            return mail.as_bytes()
        except ValueError as error:
            raise Permanent("invalid", "this cannot be an e-mail") from error

    @staticmethod
    def _answered(effect: SendEmail, error: aiosmtplib.SMTPResponseException) -> Outcome:
        """The server's own word that it did not take it."""
        if error.code < PERMANENT:
            raise Retryable(f"SMTP {error.code}") from error
        return EmailSettled(message=effect.message, result="refused", reason=f"SMTP {error.code}")

"""SMTP: one e-mail a connection."""

from __future__ import annotations

from email.message import EmailMessage

import aiosmtplib

from chassis.decision import Outcome
from chassis.runner import Call, Retryable
from services.notification.messages import EmailSettled, SendEmail
from services.notification.settings import NotificationSettings

PERMANENT = 500


class SendsEmail:
    """Adapter of `SendEmail`. A connection lost after DATA raises: nobody can tell, so it is unknown."""

    def __init__(self, settings: NotificationSettings) -> None:
        self._settings = settings

    async def execute(self, effect: SendEmail, call: Call) -> Outcome:
        """Raises Retryable where the server answered "later" or nothing was handed over yet."""
        mail = EmailMessage()
        to = await call.open(effect.to)
        mail["From"], mail["To"], mail["Subject"] = self._settings.smtp_from, to, effect.title
        mail["Message-ID"] = f"<{effect.message.replace('/', '.')}@{self._settings.smtp_from.partition('@')[2]}>"
        mail.set_content(effect.text)
        client = aiosmtplib.SMTP(
            hostname=self._settings.smtp_host, port=self._settings.smtp_port, start_tls=False, timeout=8
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        try:
            call.check()
            await client.send_message(mail)
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            return self._refused(effect, error)
        finally:
            client.close()
        return EmailSettled(message=effect.message, result="sent")

    @staticmethod
    def _refused(effect: SendEmail, error: aiosmtplib.SMTPException) -> Outcome:
        """A 5xx is final; a 4xx means that the server did not take it."""
        code = getattr(error, "code", PERMANENT)
        if code < PERMANENT:
            raise Retryable(f"SMTP {code}") from error
        return EmailSettled(message=effect.message, result="refused", reason=f"SMTP {code}")

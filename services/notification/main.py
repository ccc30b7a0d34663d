"""Starts notification: ``python -m services.notification.main``."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from chassis.decision import Effect
from chassis.runner import Adapter
from chassis.service import Platform, Service, run
from chassis.settings import load
from services.notification.api import router
from services.notification.effects.mail import SendsEmail
from services.notification.effects.receipts import RegistersParts, ReportsReceipt
from services.notification.effects.smpp import SendsSms, SmppSession
from services.notification.handlers import AGGREGATES
from services.notification.messages import RegisterParts, ReportReceipt, SendEmail, SendSms
from services.notification.settings import NotificationSettings


def main() -> None:
    """Reads the settings and runs until SIGTERM."""
    sessions: list[SmppSession] = []

    def adapters(platform: Platform) -> Mapping[type[Effect], Adapter]:
        sessions.append(SmppSession(platform))
        return {
            SendSms: SendsSms(sessions[0]),
            SendEmail: SendsEmail(platform.settings),
            RegisterParts: RegistersParts(platform),
            ReportReceipt: ReportsReceipt(platform),
        }

    def background(_platform: Platform) -> Sequence[Coroutine[Any, Any, None]]:
        return [session.run() for session in sessions]

    service = Service(
        name="notification",
        aggregates=AGGREGATES,
        hears={"dossier": "dossiers", "payment": "dossiers", "delivery": "dossiers"},
        adapters=adapters,
        routes=router,
        background=background,
    )
    run(service, load(NotificationSettings))


if __name__ == "__main__":
    main()

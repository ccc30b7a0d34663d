"""The partners of one process, made from its settings: providers of SMS, the mail server, who finds receipts."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

from chassis.decision import Effect
from chassis.runner import Adapter
from chassis.service import Platform
from services.notification.domain.balance import Balance
from services.notification.domain.codes import SendCode
from services.notification.domain.drafts import DraftEmail, DraftSms
from services.notification.domain.pace import Numbers
from services.notification.effects.directory import Directory
from services.notification.effects.esms import EsmsProvider
from services.notification.effects.mail import Mailer, MailsOfficers, SendsEmail
from services.notification.effects.moot import Moot
from services.notification.effects.parts import Parts
from services.notification.effects.providers import Provider
from services.notification.effects.pruning import Pruning
from services.notification.effects.receipts import RegistersParts, ReportsReceipt, SeeksReceipts
from services.notification.effects.session import Account
from services.notification.effects.simulated import Simulated
from services.notification.effects.smpp import SmppProvider
from services.notification.effects.sms import SendsCode, SendsSms, Texting
from services.notification.messages import (
    InformSms,
    MailOfficers,
    RegisterParts,
    ReportReceipt,
    SeekReceipt,
    SendEmail,
    SendSms,
)
from services.notification.settings import FIRST_PROVIDER, EsmsSettings, NotificationSettings, SmppSettings


class Partners:
    """What is shared by the adapters, the routes and the background tasks of one process."""

    def __init__(self, platform: Platform) -> None:
        settings: NotificationSettings = platform.settings
        self._platform = platform
        patience = timedelta(seconds=settings.receipt_patience_seconds)
        self.parts = Parts(platform, settings.token_key.get_secret_value().encode(), patience)
        self.providers = [self._centre(settings), *map(self._provider, settings.providers)]
        weights = {provider.name: provider.weight for provider in settings.providers}
        self.balance = Balance({FIRST_PROVIDER: settings.smpp_weight, **weights})
        simulated = Simulated(settings.simulated_phones)
        rates = {FIRST_PROVIDER: settings.smpp_rate, **{p.name: p.rate for p in settings.providers}}
        self.texting = Texting(
            self.providers,
            self.balance,
            self.parts,
            simulated,
            rates={name: rate for name, rate in rates.items() if rate is not None},
            numbers=Numbers(settings.number_an_hour / 3600, settings.number_an_hour),
        )
        self.mailer = Mailer(settings, simulated)
        self._directory = Directory.read(settings.officers_file)
        self._pruning = Pruning(platform.store, platform.clock, settings.rules.kept)

    def _centre(self, settings: NotificationSettings) -> Provider:
        account = Account(
            settings.smpp_host,
            settings.smpp_port,
            settings.smpp_system_id,
            settings.smpp_password.get_secret_value(),
            window=settings.smpp_window,
        )
        return SmppProvider(
            FIRST_PROVIDER,
            account,
            settings.smpp_sender,
            self.parts.receipt,
            binds=settings.smpp_binds,
            price=settings.smpp_price,
        )

    def _provider(self, settings: SmppSettings | EsmsSettings) -> Provider:
        if isinstance(settings, EsmsSettings):
            return EsmsProvider(settings)
        password = settings.password.get_secret_value()
        account = Account(settings.host, settings.port, settings.system_id, password, window=settings.window)
        return SmppProvider(
            settings.name, account, settings.sender, self.parts.receipt, binds=settings.binds, price=settings.price
        )

    def view(self) -> list[dict[str, Any]]:
        """Name, weight now, seconds it is left alone for, and sessions, where it has any."""
        now = time.monotonic()
        return [
            {
                "name": provider.name,
                "weight": round(self.balance.weight(provider.name, now), 3),
                "left_alone": round(max(0.0, self.balance.blocked_until(provider.name) - now), 1),
                "sessions": getattr(provider, "bound", None),
            }
            for provider in self.providers
        ]

    def adapters(self) -> Mapping[type[Effect], Adapter]:
        """One adapter for each kind of effect."""
        moot = Moot(self._platform)
        texts, mails = SendsSms(self.texting, moot), SendsEmail(self.mailer, moot)
        return {
            SendSms: texts,
            InformSms: texts,
            SendCode: SendsCode(self.texting),
            SendEmail: mails,
            DraftSms: SendsSms(self.texting, moot, "drafts"),
            DraftEmail: mails,
            MailOfficers: MailsOfficers(self.mailer, self._directory),
            SeekReceipt: SeeksReceipts(self.parts),
            RegisterParts: RegistersParts(self.parts),
            ReportReceipt: ReportsReceipt(self._platform),
        }

    def background(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs until the end."""
        own = [self.parts.run(), self.mailer.run(), self._pruning.run()]
        return [provider.run() for provider in self.providers] + own

"""What can be configured of notification."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings
from services.notification.domain.catalogue import packaged, wrong_links
from services.notification.domain.rules import Rules

FIRST_PROVIDER: Final = "centre"
Port = Annotated[int, Field(ge=1, le=65535)]
Sender = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,11}$")]
SystemId = Annotated[str, Field(min_length=1, max_length=15)]
Password = Annotated[SecretStr, Field(max_length=8)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,30}$")]
Rate = Annotated[float | None, Field(gt=0, le=100_000)]
"""Messages a second to one provider, by one process; None for any."""
Link = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=300)]
Wish = Literal["sent", "refused", "unknown"]


class _Provider(BaseModel):
    """`rate`: messages a second at most; `weight`: its part of all texts beside the others'; `price`: VND a segment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    sender: Sender
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    price: Annotated[int, Field(ge=0, le=100_000)] = 0
    rate: Rate = None


class SmppSettings(_Provider):
    """Another SMS centre."""

    kind: Literal["smpp"]
    host: str
    port: Port
    system_id: SystemId
    password: Password
    binds: Annotated[int, Field(ge=1, le=20)] = 1
    window: Annotated[int, Field(ge=1, le=1000)] = 50


class EsmsSettings(_Provider):
    """An HTTP gateway of the eSMS kind (domain.md 4). `receipts`: the secret in the address it reports to."""

    kind: Literal["esms"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    api_key: SecretStr
    secret_key: SecretStr
    receipts: Annotated[SecretStr, Field(min_length=16)]
    callback: str | None = None


ProviderSettings = Annotated[SmppSettings | EsmsSettings, Field(discriminator="kind")]


class NotificationSettings(ServiceSettings):
    """`NOTIFICATION_SMPP_SENDER` is the brand name registered with the carriers: 11 letters or digits at most.

    `NOTIFICATION_PROVIDERS` (JSON) names others beside the centre. `NOTIFICATION_QUIET`: local hours from and to which
    information waits, as ``22-7``; empty for never. `NOTIFICATION_TOKEN_KEY` makes tokens of phone numbers.
    `NOTIFICATION_LINKS` (JSON): where what an e-mail brings is downloaded, as
    ``{"receipt": "https://…/{dossier_id}/receipts/{number}", "result": "https://…/{dossier_id}"}``.
    """

    model_config = SettingsConfigDict(env_prefix="NOTIFICATION_", frozen=True)

    smpp_host: str
    smpp_port: Port
    smpp_system_id: SystemId
    smpp_password: Password
    smpp_sender: Sender
    smpp_binds: Annotated[int, Field(ge=1, le=20)] = 2
    smpp_window: Annotated[int, Field(ge=1, le=1000)] = 50
    smpp_weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    smpp_price: Annotated[int, Field(ge=0, le=100_000)] = 0
    smpp_rate: Rate = None
    providers: tuple[ProviderSettings, ...] = ()
    smtp_host: str
    smtp_port: Port
    smtp_from: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    token_key: Annotated[SecretStr, Field(min_length=16)]
    officers_file: Path | None = None
    simulated_phones: Mapping[str, Wish] = {}
    quiet: Annotated[str, Field(pattern=r"^(\d{1,2}-\d{1,2})?$")] = "22-7"
    fallback_minutes: Annotated[float, Field(gt=0, le=1440)] = 10
    kept_hours: Annotated[float, Field(gt=0, le=168)] = 48
    receipt_patience_seconds: Annotated[float, Field(gt=0, le=3600)] = 30
    number_an_hour: Annotated[int, Field(ge=1, le=10_000)] = 120
    links: Mapping[str, Link] = {}
    information_a_day: Annotated[int, Field(ge=1, le=1000)] = 20

    @field_validator("providers")
    @classmethod
    def _differ(cls, value: tuple[ProviderSettings, ...]) -> tuple[ProviderSettings, ...]:
        names = [FIRST_PROVIDER, *(provider.name for provider in value)]
        if len(set(names)) < len(names):
            raise ValueError(f"each needs a name of its own; the SMPP_* one is {FIRST_PROVIDER!r}")
        return value

    @field_validator("links")
    @classmethod
    def _can_be_filled(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        wrong = list(wrong_links(packaged(), value))
        if wrong:
            raise ValueError("; ".join(wrong))
        return value

    @field_validator("quiet")
    @classmethod
    def _hours(cls, value: str) -> str:
        if value and not all(int(hour) < 24 for hour in value.split("-")):  # noqa: PLR2004 - hours of a day
            raise ValueError("must be two hours from 0 to 23, as 22-7")
        return value

    @property
    def rules(self) -> Rules:
        """What the domain goes by."""
        begins, dash, ends = self.quiet.partition("-")
        return Rules(
            quiet=(int(begins), int(ends)) if dash else None,
            other_providers=len(self.providers),
            fallback_after=timedelta(minutes=self.fallback_minutes),
            kept=timedelta(hours=self.kept_hours),
            a_day=self.information_a_day,
            links=self.links,
        )

"""What can be configured of notification."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings

Port = Annotated[int, Field(ge=1, le=65535)]


class NotificationSettings(ServiceSettings):
    """`NOTIFICATION_SMPP_SENDER` is the brand name registered with the carriers: 11 letters or digits at most."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATION_", frozen=True)

    smpp_host: str
    smpp_port: Port
    smpp_system_id: Annotated[str, Field(min_length=1, max_length=15)]
    smpp_password: Annotated[SecretStr, Field(max_length=8)]
    smpp_sender: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,11}$")]
    smtp_host: str
    smtp_port: Port
    smtp_from: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]

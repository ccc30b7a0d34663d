"""What can be configured of payment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings

Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class PaymentSettings(ServiceSettings):
    """`PAYMENT_PUBLIC_URL` is where payers' browsers reach this service: the gateway sends them back there."""

    model_config = SettingsConfigDict(env_prefix="PAYMENT_", frozen=True)

    vnpay_tmn_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{8}$")]
    vnpay_secret: Annotated[SecretStr, Field(min_length=16)]
    vnpay_pay_url: Url
    vnpay_api_url: Url
    public_url: Url

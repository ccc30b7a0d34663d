"""What can be configured of payment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings
from services.payment.effects.receipt_file import Layout

Secret = Annotated[SecretStr, Field(min_length=16)]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class PaymentSettings(ServiceSettings):
    """`PAYMENT_PUBLIC_URL` is where payers' browsers reach this service: the gateway sends them back there.
    `PAYMENT_PORTAL_URL`: the portal that they then go on to; without it a line says what the gateway said.

    A secret is replaced without a stop: first every replica accepts the new one too (`PAYMENT_VNPAY_OTHER_SECRETS`, a
    JSON list), then it becomes `PAYMENT_VNPAY_SECRET`, which signs; the old one is accepted until VNPAY has changed.
    `PAYMENT_PAYGOV_URL`, `PAYMENT_PAYGOV_SECRET`: the national payment platform; without them it is not offered.
    `PAYMENT_BANK_BIN`, `PAYMENT_BANK_ACCOUNT`: where transfers by VietQR go; without them there are none.
    `PAYMENT_RECEIPT_KEY`, `PAYMENT_RECEIPT_CERTIFICATE`: PEM, what receipts are signed with; without them there are no
    files. `PAYMENT_RECEIPT_LAYOUT`: JSON, the names in those files. `PAYMENT_RECEIPT_TAX_URL`: where they are put.
    `PAYMENT_TREASURY_DAYS`: local days after which money is handed to the State Treasury (R, domain.md 3.5); a refund
    of it is then the treasury's act.
    """

    model_config = SettingsConfigDict(env_prefix="PAYMENT_", frozen=True)

    vnpay_tmn_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{8}$")]
    vnpay_secret: Secret
    vnpay_other_secrets: Annotated[tuple[Secret, ...], Field(max_length=3)] = ()
    vnpay_pay_url: Url
    vnpay_api_url: Url
    public_url: Url
    portal_url: Annotated[str, Field(pattern=r"^https?://\S+[^/]$")] | None = None
    paygov_url: Annotated[str, Field(pattern=r"^https?://\S+[^/]$")] | None = None
    paygov_partner: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")] = "HOSO"
    paygov_secret: Secret | None = None
    paygov_other_secrets: Annotated[tuple[Secret, ...], Field(max_length=3)] = ()
    bank_bin: Annotated[str, Field(pattern=r"^\d{6}$")] | None = None
    bank_account: Annotated[str, Field(pattern=r"^[0-9A-Z]{4,19}$")] | None = None
    receipt_key: SecretStr = SecretStr("")
    receipt_certificate: str = ""
    receipt_layout: Layout = Layout()
    receipt_tax_url: Annotated[str, Field(pattern=r"^https?://\S+[^/]$")] | None = None
    treasury_days: Annotated[int, Field(ge=1, le=366)] = 30

    @property
    def paygov_secrets(self) -> tuple[str, ...]:
        """As `vnpay_secrets`, of the national platform; empty where it is not used."""
        own = (self.paygov_secret,) if self.paygov_secret is not None else ()
        return tuple(s.get_secret_value() for s in (*own, *self.paygov_other_secrets))

    @property
    def vnpay_secrets(self) -> tuple[str, ...]:
        """All that verify; the first one signs."""
        return tuple(s.get_secret_value() for s in (self.vnpay_secret, *self.vnpay_other_secrets))

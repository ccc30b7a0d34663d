"""What can be configured of delivery."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, TypeAdapter, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings
from law.setting import LawData
from services.delivery.domain.delivery import ResultForm, Rules
from services.delivery.effects.signing.places import PLACES, certificates

RESULTS: Final = Path(__file__).parent / "data/results.json"
FORMS: Final = TypeAdapter(dict[str, ResultForm])
Days = Annotated[float, Field(gt=0, le=3_660)]


class DeliverySettings(ServiceSettings):
    """`DELIVERY_POST_POLL_SECONDS`: how often the post office is asked about each consignment.

    `DELIVERY_SIGNING_KEYS` is JSON, role (or ``leader:ACCOUNT``) to where its key lives (`effects.signing.places`).
    `DELIVERY_SIGNING_ROOTS`: PEM of the roots under which the certificates of signers and time stamps are vouched for.
    `DELIVERY_PUBLIC_URL` is what the QR code of a result leads to. `DELIVERY_POST_FEE` is VND, paid to the postman
    (``cod``) or through payment before it goes (``payment``). `DELIVERY_RESULTS`: a file in the place of
    ``data/results.json``.
    """

    model_config = SettingsConfigDict(env_prefix="DELIVERY_", frozen=True)

    post_url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    post_username: str
    post_password: SecretStr
    post_customer_code: str
    post_callback_secret: Annotated[SecretStr, Field(min_length=16)]
    signing_keys: SecretStr
    public_url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    timestamp_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    signing_roots: str = ""
    press_workers: Annotated[int, Field(ge=1, le=16)] = 1
    law_data: LawData = None
    results: Path = RESULTS
    post_poll_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 900
    post_fee: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    post_fee_by: Literal["cod", "payment"] = "cod"
    lost_days: Days = 15
    remind_days: tuple[Days, ...] = (7, 20)
    uncollected_days: Days = 30
    link_minutes: Annotated[int, Field(ge=1, le=10_080)] = 60
    desk: str = "H18"

    @field_validator("signing_keys")
    @classmethod
    def _are_places(cls, value: SecretStr) -> SecretStr:
        found = PLACES.validate_json(value.get_secret_value())
        missing = {"leader", "agency"} - found.keys()
        if missing:
            raise ValueError(f"has no key for {', '.join(sorted(missing))}")
        return value

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        try:
            roots = certificates(self.signing_roots)
        except ValueError as error:
            raise ValueError(f"DELIVERY_SIGNING_ROOTS is no PEM of certificates: {error}") from error
        if roots and self.timestamp_url is None:
            raise ValueError("DELIVERY_SIGNING_ROOTS needs DELIVERY_TIMESTAMP_URL: B-LT stands on a time stamp")
        return self

    @property
    def rules(self) -> Rules:
        """What the domain goes by."""
        return Rules(
            poll=timedelta(seconds=self.post_poll_seconds),
            lost_after=timedelta(days=self.lost_days),
            remind_after=tuple(sorted(timedelta(days=days) for days in self.remind_days)),
            uncollected_after=timedelta(days=self.uncollected_days),
            fee=self.post_fee,
            fee_by=self.post_fee_by,
            desk=self.desk,
            forms=FORMS.validate_python(json.loads(self.results.read_text())["procedures"]),
        )

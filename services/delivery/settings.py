"""What can be configured of delivery."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings
from law.setting import LawData


class DeliverySettings(ServiceSettings):
    """`DELIVERY_POST_POLL_SECONDS`: how often the post office is asked about each consignment."""

    model_config = SettingsConfigDict(env_prefix="DELIVERY_", frozen=True)

    post_url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    post_username: str
    post_password: SecretStr
    post_customer_code: str
    law_data: LawData = None
    post_poll_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 900

    @property
    def poll(self) -> timedelta:
        """As a duration."""
        return timedelta(seconds=self.post_poll_seconds)

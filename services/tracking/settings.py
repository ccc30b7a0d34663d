"""What can be configured of tracking: nothing of its own."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class TrackingSettings(ServiceSettings):
    """`TRACKING_PORT` and what every service has."""

    model_config = SettingsConfigDict(env_prefix="TRACKING_", frozen=True)

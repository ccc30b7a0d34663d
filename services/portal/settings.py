"""What can be configured of the portal."""

from __future__ import annotations

import base64
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.settings import DoorSettings, StoreSettings

KEY_BYTES: Final = 32
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
Address = Annotated[str, Field(pattern=r"^https?://[^/\s]+[^\s]*$")]


class PortalSettings(StoreSettings, DoorSettings):
    """`PORTAL_PORT` and what every process has. Its database holds who is signed in and nothing else.

    `PORTAL_URL`: where people find it; https, but for a loopback address. `PORTAL_SUBMISSION_URL` and the like: where
    the services are. `PORTAL_CLIENT_ID`, `PORTAL_CLIENT_SECRET`: as whom the portal itself calls notification and
    tracking. `PORTAL_OIDC_CLIENT`: its public client at the identity provider, which sends people back to
    `PORTAL_URL`/signed-in. `PORTAL_KEY`: 32 bytes in base64, the same for all replicas; seals what a browser keeps for
    a while, and sessions. `PORTAL_REQUESTS_A_MINUTE`, `PORTAL_POSTS_A_MINUTE`: for one address, in one replica.
    `PORTAL_SECONDS`: how long a service may take to answer. `PORTAL_LIVE_SECONDS`: how often tracking is asked about a
    dossier whose page is open. `PORTAL_CITIZENS`: whether people sign in and file here; without, `PORTAL_NATIONAL_URL`
    is where they are sent for that.
    """

    model_config = SettingsConfigDict(env_prefix="PORTAL_", frozen=True)

    url: Address
    submission_url: Address
    payment_url: Address
    notification_url: Address
    delivery_url: Address
    tracking_url: Address
    statistics_url: Address
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr
    oidc_client: Annotated[str, Field(min_length=1)] = "hoso-portal"
    key: SecretStr
    requests_a_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    posts_a_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 60
    seconds: Annotated[float, Field(gt=0, le=30)] = 8.0
    live_seconds: Annotated[float, Field(ge=0.5, le=300)] = 5.0
    citizens: bool = True
    national_url: Address | None = None

    @field_validator("url")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        HttpUrl(value)
        parts = urlsplit(value)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ValueError("must be https: what a browser keeps is sent in clear otherwise")
        if parts.path not in {"", "/"} or parts.query:
            raise ValueError("must be scheme, host and port alone")
        return value.rstrip("/")

    @field_validator("key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        try:
            found = base64.b64decode(value.get_secret_value(), validate=True)
        except ValueError as error:
            raise ValueError("must be base64") from error
        if len(found) != KEY_BYTES:
            raise ValueError(f"must be {KEY_BYTES} bytes in base64")
        return value

    @property
    def key_bytes(self) -> bytes:
        """What seals."""
        return base64.b64decode(self.key.get_secret_value())

    @property
    def secure(self) -> bool:
        """Whether cookies travel inside TLS only."""
        return self.url.startswith("https:")

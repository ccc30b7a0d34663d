"""Settings every service has. A missing or wrong one stops the process at its start and is named."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings

from chassis.keyring import KEY_BYTES

T = TypeVar("T", bound="ServiceSettings")


def _shared(name: str, **options: Any) -> Any:
    return Field(validation_alias=AliasChoices(name), **options)


class EffectLimit(BaseModel):
    """Overrides what a kind of effect declares, for one process: at once, a second, at once after a rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: Annotated[int | None, Field(ge=1, le=1_000)] = None
    rate: Annotated[float | None, Field(gt=0, le=100_000)] = None
    burst: Annotated[int | None, Field(ge=1, le=10_000)] = None


class ServiceSettings(BaseSettings):
    """Common to all; a service's own carry its prefix (``PAYMENT_PORT``).

    `PAYMENT_EFFECT_LIMITS` is JSON by type of effect: ``{"vnpay.query": {"rate": 5, "burst": 10}}``.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)]
    kafka_bootstrap_servers: str = _shared("KAFKA_BOOTSTRAP_SERVERS")
    mongodb_url: SecretStr = _shared("MONGODB_URL")
    database_prefix: str = _shared("HOSO_DATABASE_PREFIX", default="hoso")
    master_key: SecretStr = _shared("HOSO_MASTER_KEY", description="32 bytes in base64")
    oidc_issuer: str = _shared("OIDC_ISSUER")
    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] | None = _shared("HOSO_INSTANCE", default=None)
    log_level: str = _shared("LOG_LEVEL", default="INFO")
    effect_limits: Mapping[str, EffectLimit] = {}

    @field_validator("master_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        try:
            length = len(base64.b64decode(value.get_secret_value(), validate=True))
        except ValueError as error:
            raise ValueError("must be base64") from error
        if length != KEY_BYTES:
            raise ValueError(f"must be {KEY_BYTES} bytes in base64, not {length}")
        return value

    @property
    def master_key_bytes(self) -> bytes:
        """The key that wraps every dossier's key."""
        return base64.b64decode(self.master_key.get_secret_value())


def load(settings: type[T]) -> T:
    """Reads the environment, or ends the process with exit code 2 and the name of each variable at fault."""
    try:
        return settings()
    except ValidationError as error:
        _refuse(settings, error)


def _refuse(settings: type[ServiceSettings], error: ValidationError) -> NoReturn:
    prefix = str(settings.model_config.get("env_prefix", ""))
    for problem in error.errors(include_input=False, include_url=False):
        field = str(problem["loc"][0])
        variable = field if field.isupper() else f"{prefix}{field}".upper()
        print(f"setting {variable}: {problem['msg']}", file=sys.stderr)  # noqa: T201 - logs are not set up yet
    raise SystemExit(2)

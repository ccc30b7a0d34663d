"""Settings every service has. A missing or wrong one stops the process at its start and is named."""

from __future__ import annotations

import base64
import json
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings

from chassis.kafka import Bootstrap, Broker
from chassis.keyring import FIRST_MASTER, KEY_BYTES, Masters

T = TypeVar("T", bound=BaseSettings)


def _shared(name: str, **options: Any) -> Any:
    return Field(validation_alias=AliasChoices(name), **options)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("must be base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes in base64, not {len(key)}")
    return key


class MasterSettings(BaseSettings):
    """The master keys. ``HOSO_MASTER_KEY`` is number 1; ``HOSO_MASTER_KEYS`` (JSON, id to key) may add others.

    New keys are wrapped by ``HOSO_MASTER_KEY_ID``; without it by number 1, or by the only one there is.
    """

    master_keys: SecretStr = _shared("HOSO_MASTER_KEYS", default=SecretStr(""), description="JSON, id to base64")
    master_key: SecretStr = _shared("HOSO_MASTER_KEY", default=SecretStr(""), validate_default=True)
    master_key_id: str = _shared("HOSO_MASTER_KEY_ID", default="", validate_default=True)

    @field_validator("master_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        _keys(value)
        return value

    @field_validator("master_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        text, others = value.get_secret_value(), info.data.get("master_keys")
        if text:
            _key(text)
        elif others is not None and not others.get_secret_value():
            raise ValueError("must be set: 32 bytes in base64 (or HOSO_MASTER_KEYS)")
        return value

    @field_validator("master_key_id")
    @classmethod
    def _is_one_of_them(cls, value: str, info: ValidationInfo) -> str:
        if {"master_keys", "master_key"} <= info.data.keys():
            _masters(info.data["master_keys"], info.data["master_key"], value)
        return value

    @property
    def masters(self) -> Masters:
        """The keys that wrap every dossier's key."""
        return _masters(self.master_keys, self.master_key, self.master_key_id)


def _keys(value: SecretStr) -> dict[str, bytes]:
    try:
        found = json.loads(value.get_secret_value() or "{}")
    except ValueError as error:
        raise ValueError("must be JSON, id to 32 bytes in base64") from error
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError("must be a JSON object, id to 32 bytes in base64")
    return {name: _key(text) for name, text in found.items()}


def _masters(several: SecretStr, one: SecretStr, current: str) -> Masters:
    keys = _keys(several)
    if one.get_secret_value():
        keys = {FIRST_MASTER: _key(one.get_secret_value()), **keys}
    only = next(iter(keys)) if len(keys) == 1 else FIRST_MASTER
    return Masters(keys, current or only)


class StoreSettings(BaseSettings):
    """Where the databases are: one a service, with this prefix."""

    mongodb_url: SecretStr = _shared("MONGODB_URL")
    database_prefix: str = _shared("HOSO_DATABASE_PREFIX", default="hoso")


class KafkaSettings(BaseSettings):
    """Where Kafka is and who we are there.

    `KAFKA_USERNAME` and `KAFKA_PASSWORD`: SCRAM-SHA-512, inside TLS only. `KAFKA_CA_FILE`: the authorities the broker's
    certificate may come from, PEM; without it the system's. Without a name nothing is proved and nothing encrypted.
    """

    kafka_bootstrap_servers: Annotated[str, Field(min_length=1)] = _shared("KAFKA_BOOTSTRAP_SERVERS")
    kafka_username: str = _shared("KAFKA_USERNAME", default="")
    kafka_password: SecretStr = _shared("KAFKA_PASSWORD", default=SecretStr(""), validate_default=True)
    kafka_ca_file: Path | None = _shared("KAFKA_CA_FILE", default=None)

    @field_validator("kafka_password")
    @classmethod
    def _comes_with_a_name(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if bool(value.get_secret_value()) != bool(info.data.get("kafka_username")):
            raise ValueError("and KAFKA_USERNAME must be set together")
        return value

    @field_validator("kafka_ca_file", mode="before")
    @classmethod
    def _none_is_the_system_s(cls, value: Any) -> Any:
        return value or None

    @field_validator("kafka_ca_file")
    @classmethod
    def _holds_authorities(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None:
            return value
        if not info.data.get("kafka_username"):
            raise ValueError("is of no use without KAFKA_USERNAME: nothing would be encrypted")
        try:
            ssl.create_default_context(cafile=value)
        except OSError as error:
            raise ValueError(f"must be a PEM file of certificates ({error.strerror or error})") from error
        return value

    @property
    def kafka(self) -> Bootstrap:
        """As the chassis takes it."""
        if not self.kafka_username:
            return self.kafka_bootstrap_servers
        password = self.kafka_password.get_secret_value()
        return Broker(self.kafka_bootstrap_servers, self.kafka_username, password, self.kafka_ca_file)


class EffectLimit(BaseModel):
    """Overrides what a kind of effect declares, for one process: at once, a second, at once after a rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: Annotated[int | None, Field(ge=1, le=1_000)] = None
    rate: Annotated[float | None, Field(gt=0, le=100_000)] = None
    burst: Annotated[int | None, Field(ge=1, le=10_000)] = None


class DoorSettings(BaseSettings):
    """Of every process that answers over HTTP; its own carry its prefix (``PAYMENT_PORT``)."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)]
    oidc_issuer: str = _shared("OIDC_ISSUER")
    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] | None = _shared("HOSO_INSTANCE", default=None)
    log_level: str = _shared("LOG_LEVEL", default="INFO")


class ProcessSettings(KafkaSettings, DoorSettings):
    """Of those that also hear or say something on Kafka."""


class ServiceSettings(StoreSettings, MasterSettings, ProcessSettings):
    """Common to all services.

    `HOSO_STATE_DIR`: a folder on this machine, shared by replicas, where a process leaves word of what it handed to
    partners (`chassis.effects.handed`); without it what a killed process had leased counts as perhaps executed.

    `HOSO_JOURNAL`: whether every write also goes to Kafka, so that a store restored from a backup can be brought up to
    the present (`chassis.journal`). Without it a restored store is refused where Kafka is ahead (`chassis.guard`).

    `PAYMENT_EFFECT_LIMITS` is JSON by type of effect: ``{"vnpay.query": {"rate": 5, "burst": 10}}``.
    """

    state_dir: Path | None = _shared("HOSO_STATE_DIR", default=None)
    journal: bool = _shared("HOSO_JOURNAL", default=False)
    effect_limits: Mapping[str, EffectLimit] = {}


def load(settings: type[T]) -> T:
    """Reads the environment, or ends the process with exit code 2 and the name of each variable at fault."""
    try:
        return settings()
    except ValidationError as error:
        _refuse(settings, error)


def _refuse(settings: type[BaseSettings], error: ValidationError) -> NoReturn:
    prefix = str(settings.model_config.get("env_prefix", ""))
    for problem in error.errors(include_input=False, include_url=False):
        field = str(problem["loc"][0])
        known = settings.model_fields.get(field)
        alias = known.validation_alias if known else None
        shared = str(alias.choices[0]) if isinstance(alias, AliasChoices) else field
        variable = shared if shared.isupper() else f"{prefix}{field}".upper()
        print(f"setting {variable}: {problem['msg']}", file=sys.stderr)  # noqa: T201 - logs are not set up yet
    raise SystemExit(2)

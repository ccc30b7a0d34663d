"""What can be configured of audit."""

from __future__ import annotations

import json
from typing import Annotated, Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.settings import ProcessSettings


class AuditSettings(ProcessSettings):
    """`AUDIT_PORT` and what every process has.

    `AUDIT_SIGNING_KEY`: a private P-256 key as JWK, which signs the seals; `AUDIT_FORMER_KEYS`: public ones of before,
    as JWKS. `AUDIT_TSA_URL`: a time-stamp authority (RFC 3161): nothing is sealed without its stamp.
    `AUDIT_FOLLOW_SECONDS`: how often the log is read on.
    """

    model_config = SettingsConfigDict(env_prefix="AUDIT_", frozen=True)

    signing_key: SecretStr
    former_keys: str = '{"keys": []}'
    tsa_url: HttpUrl | None = None
    follow_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 30.0

    @field_validator("signing_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        private = _imported(json_of(value.get_secret_value())).is_private
        if not private:
            raise ValueError("must be a private key")
        return value

    @field_validator("former_keys")
    @classmethod
    def _are_keys(cls, value: str) -> str:
        for jwk in json_of(value).get("keys", ()):
            _imported(jwk)
        return value

    @property
    def key(self) -> ECKey:
        """What signs."""
        return _imported(json_of(self.signing_key.get_secret_value()))

    @property
    def keys(self) -> tuple[ECKey, ...]:
        """What a seal may be signed with: the present key first."""
        return (self.key, *map(_imported, json_of(self.former_keys).get("keys", ())))


def json_of(text: str) -> dict[str, Any]:
    """Raises ValueError."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError("must be JSON") from error
    if not isinstance(found, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 - pydantic takes it for a fault of the setting
    return found


def _imported(jwk: dict[str, Any]) -> ECKey:
    try:
        key = ECKey.import_key(jwk)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ValueError("must be a P-256 key as JWK") from error
    if key.curve_name != "P-256":
        raise ValueError("must be a P-256 key as JWK")
    return key

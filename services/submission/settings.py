"""What can be configured of submission."""

from __future__ import annotations

import json
from typing import Annotated, Any

from joserfc.errors import JoseError
from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis import jose
from chassis.settings import ServiceSettings
from law.codes import CodeSeries, Generation


def _is_private_key(value: SecretStr) -> SecretStr:
    try:
        private = jose.key(json.loads(value.get_secret_value())).is_private
    except (ValueError, TypeError, JoseError) as error:
        raise ValueError("must be an EC P-256 private key as a JWK") from error
    if not private:
        raise ValueError("must be a private key; this is its public half")
    return value


def _are_public_keys(value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for source, jwk in value.items():
        try:
            jose.key(jwk)
        except (ValueError, TypeError, JoseError) as error:
            raise ValueError(f"{source}: must be an EC P-256 public key as a JWK") from error
    return value


def _writes_codes(value: str) -> str:
    CodeSeries(agency=value, generation=Generation.TT_01_2018)
    return value


class SubmissionSettings(ServiceSettings):
    """`SUBMISSION_JWK`: our private key; `SUBMISSION_PORTALS`: source to the portal's public JWK."""

    model_config = SettingsConfigDict(env_prefix="SUBMISSION_", frozen=True)

    jwk: Annotated[SecretStr, AfterValidator(_is_private_key)]
    portals: Annotated[dict[str, dict[str, Any]], AfterValidator(_are_public_keys), Field(max_length=64)]
    agency: Annotated[str, AfterValidator(_writes_codes)] = "000.00.12.H18"

    @property
    def jwk_dict(self) -> dict[str, Any]:
        """Our private key as a JWK."""
        jwk: dict[str, Any] = json.loads(self.jwk.get_secret_value())
        return jwk

"""What can be configured of submission."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from chassis import jose
from chassis.jose import Keys
from chassis.keyring import KEY_BYTES
from chassis.settings import ServiceSettings
from chassis.tokens import tokens
from law.codes import CodeSeries, Generation
from law.setting import LawData
from law.terms import Term, TermUnit
from services.submission.domain.dossier import Closing, Keeping, Rules
from services.submission.domain.finding import Token
from services.submission.domain.webhooks import LADDER, Callbacks
from services.submission.files import clamd
from services.submission.files.attachment import FileRules


def _is_private_key(value: SecretStr) -> SecretStr:
    try:
        private = all(key.is_private for key in jose.keys(json.loads(value.get_secret_value())))
    except (ValueError, TypeError, JoseError) as error:
        raise ValueError("must be an EC P-256 private key as a JWK, or several as a JWK set") from error
    if not private:
        raise ValueError("must be a private key; this is its public half")
    return value


def _are_public_keys(value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for source, jwk in value.items():
        try:
            jose.keys(jwk)
        except (ValueError, TypeError, JoseError) as error:
            raise ValueError(f"{source}: must be an EC P-256 public key as a JWK, or several as a JWK set") from error
    return value


def _is_search_key(value: SecretStr) -> SecretStr:
    if len(base64.b64decode(value.get_secret_value(), validate=True)) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes in base64")
    return value


def _is_scanner(value: str | None) -> str | None:
    if value:
        clamd.address(value)
    return value or None


def _writes_codes(value: str) -> str:
    CodeSeries(agency=value, generation=Generation.TT_01_2018)
    return value


class NationalSettings(BaseModel):
    """The national portal's synchronisation API, as its operator hands it out.

    url, login_url   where services are called, and where one logs in with `username`, `secret` and `dstcode`
    agency           madonvi; agency_name: DonViXuLy
    numbers          what a citizen is in LoaiDoiTuong: 1 (older releases) or 0
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://")]
    login_url: Annotated[str, Field(pattern=r"^https?://")]
    username: str
    secret: SecretStr
    dstcode: str
    agency: str
    agency_name: str
    numbers: Literal["citizen-1", "citizen-0"] = "citizen-1"


class SubmissionSettings(ServiceSettings):
    """What the agency configures; what the law says is in `law/data`, or in the folder `HOSO_LAW_DATA`.

    SUBMISSION_JWK, SUBMISSION_PORTALS    our private key; source to the portal's public JWK. Either is a JWK, or, while
                                          keys change, a JWK set: the first is used, the others are still understood
    SUBMISSION_WEBHOOKS                   source to the https address that is called with each reply (JSON)
    SUBMISSION_WEBHOOK_LADDER             waits between calls that are not taken: ISO 8601, as a JSON list
    SUBMISSION_NATIONAL                   the national portal's API (JSON, see `NationalSettings`); without it none
    HOSO_ALLOWED_HOSTS                    host:port that may be called in plain http or inside the network (JSON list)
    SUBMISSION_SEARCH_KEY                 32 bytes in base64: what officers find dossiers by is made with it
    SUBMISSION_AGENCY, …_GENERATION       who writes dossier codes, and by which circular
    SUBMISSION_UNITS                      the units that examine, as tokens name them: a JSON list
    SUBMISSION_WARN_SHARE                 how much of a term has run when its officer is warned
    SUBMISSION_SUPPLEMENT_DAYS, …_UNIT    how long applicants have to supplement; …_CLOSING: what happens then
    SUBMISSION_FEE_DAYS                   working days a payment may still come in after its invoice expired;
    SUBMISSION_FEE_CLOSING                what happens then: `stop`, or `wait` for the leader
    SUBMISSION_COMPLAINT_DAYS             working days the leader has to answer a complaint
    SUBMISSION_DRAFTS                     how many drafts a person may have
    SUBMISSION_DRAFT_LIFE, …_WARNING      how long one is kept after it was saved, how long before its end its owner is
                                          told: ISO 8601, as P30D and P3D
    SUBMISSION_CLAMD                      virus scanner, tcp://HOST:PORT or unix:/PATH; without it files are unscanned
    SUBMISSION_FILE_BYTES, …_FILE_QUOTA   bytes of one file, and of all files of a person that no dossier names yet
    SUBMISSION_FILE_DAYS                  calendar days a file is kept that no dossier names
    SUBMISSION_FILE_RESCAN_DAYS           calendar days after its upload a file is scanned again with new signatures
    SUBMISSION_FILE_SWEEP_SECONDS         how often new signatures and remains of uploads are looked for
    SUBMISSION_OFFICE_FOR                 codes of procedures that take DOCX and XLSX too, as a JSON list
    """

    model_config = SettingsConfigDict(env_prefix="SUBMISSION_", frozen=True)

    jwk: Annotated[SecretStr, AfterValidator(_is_private_key)]
    portals: Annotated[dict[str, dict[str, Any]], AfterValidator(_are_public_keys), Field(max_length=64)]
    webhooks: Annotated[dict[str, str], Field(max_length=64, default_factory=dict)]
    national: NationalSettings | None = None
    webhook_ladder: Annotated[tuple[timedelta, ...], Field(max_length=16)] = LADDER
    allowed_hosts: frozenset[str] = Field(validation_alias=AliasChoices("HOSO_ALLOWED_HOSTS"), default=frozenset())
    search_key: Annotated[SecretStr, AfterValidator(_is_search_key)]
    agency: Annotated[str, AfterValidator(_writes_codes)] = "000.00.12.H18"
    generation: Generation = Generation.TT_01_2018
    units: frozenset[str] = frozenset({"culture", "heritage", "tourism", "sports", "family"})
    warn_share: Annotated[Decimal, Field(gt=0, lt=1)] = Decimal("0.8")
    supplement_days: Annotated[int, Field(ge=1, le=365)] = 30
    supplement_unit: TermUnit = "calendar"
    supplement_closing: Closing = "stop"
    fee_days: Annotated[int, Field(ge=1, le=90)] = 3
    fee_closing: Closing = "stop"
    complaint_days: Annotated[int, Field(ge=1, le=90)] = 10
    drafts: Annotated[int, Field(ge=1, le=50)] = 10
    draft_life: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(days=366))] = timedelta(days=30)
    draft_warning: Annotated[timedelta, Field(gt=timedelta())] = timedelta(days=3)
    clamd: Annotated[str | None, AfterValidator(_is_scanner)] = None
    file_bytes: Annotated[int, Field(ge=1024, le=1024**3)] = 20 * 1024**2
    file_quota: Annotated[int, Field(ge=1024, le=1024**4)] = 100 * 1024**2
    file_days: Annotated[int, Field(ge=1, le=365)] = 7
    file_rescan_days: Annotated[int, Field(ge=1, le=3660)] = 30
    file_sweep_seconds: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    office_for: frozenset[str] = frozenset()
    law_data: LawData = None

    @model_validator(mode="after")
    def _warns_in_time(self) -> Self:
        if self.draft_warning >= self.draft_life:
            raise ValueError("SUBMISSION_DRAFT_WARNING must be shorter than SUBMISSION_DRAFT_LIFE")
        return self

    @model_validator(mode="after")
    def _calls_portals_safely(self) -> Self:
        for source, url in self.webhooks.items():
            if source not in self.portals:
                raise ValueError(f"SUBMISSION_WEBHOOKS: {source} is no portal of SUBMISSION_PORTALS")
            address = urlsplit(url)
            open_to = address.scheme == "https" or (address.scheme == "http" and address.netloc in self.allowed_hosts)
            if not open_to or not address.hostname or "@" in address.netloc:
                raise ValueError(f"SUBMISSION_WEBHOOKS: {source} must be https://…, without a user's name in it")
        return self

    @cached_property
    def own(self) -> Keys:
        """Our private keys; the first signs, and is encrypted to."""
        return jose.keys(json.loads(self.jwk.get_secret_value()))

    @cached_property
    def keys_of_portals(self) -> Mapping[str, Keys]:
        """By source; a portal's first key is the one its replies are encrypted to."""
        return {source: jose.keys(jwk) for source, jwk in self.portals.items()}

    @property
    def callbacks(self) -> Callbacks:
        """As exchanges take them."""
        return Callbacks(portals=frozenset(self.webhooks), ladder=self.webhook_ladder)

    @cached_property
    def token(self) -> Token:
        """Makes what officers find dossiers by."""
        return tokens(base64.b64decode(self.search_key.get_secret_value()))

    @property
    def keeping(self) -> FileRules:
        """As files take it."""
        return FileRules(scans=self.clamd is not None, keep=timedelta(days=self.file_days))

    @property
    def rules(self) -> Rules:
        """As the domain takes them."""
        return Rules(
            codes=CodeSeries(agency=self.agency, generation=self.generation),
            units=self.units,
            warn_share=self.warn_share,
            supplement=Term(amount=self.supplement_days, unit=self.supplement_unit),
            closing=self.supplement_closing,
            fee=Term(amount=self.fee_days, unit="working"),
            fee_closing=self.fee_closing,
            complaint=Term(amount=self.complaint_days, unit="working"),
            national=self.national is not None,
            drafts=Keeping(most=self.drafts, life=self.draft_life, warning=self.draft_warning),
        )

"""How services and the identity provider are asked: in time, and what their answers mean.

PartnerError
├── Unavailable   no answer in time, or one that says so: the page says "try again"
└── Refused       status, stable word and detail of a problem (RFC 9457)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from services.portal.settings import PortalSettings
from services.portal.texts import LANGUAGES, Language, known, text

LASTS: Final = 600.0
EARLY: Final = 60.0
"""Seconds before its end that a token of the portal's own is no longer used."""


class PartnerError(Exception):
    """A service did not do what it was asked."""


class Unavailable(PartnerError):
    """Nothing is known; the same may be asked again."""


class Refused(PartnerError):
    """The service answered that it may not be done."""

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)

    def faults(self, language: Language) -> dict[str, str]:
        """What is wrong, by field, in words."""
        own = "problem_vi" if language == "vi" else "problem"
        return {str(one.get("field", "")): str(one.get(own) or one.get("problem", "")) for one in self.errors}

    def about(self, field: str) -> Refused:
        """The same, said of a field of a form."""
        words = {language: known(language, f"file.refused.{self.code}", "") for language in LANGUAGES}
        said = {"field": field, "problem_vi": words["vi"] or text("vi", "file.refused.other"),
                "problem": words["en"] or text("en", "file.refused.other")}  # fmt: skip
        return Refused(self.status, self.code, self.detail, (said,))


class Issuer:
    """What the identity provider says of itself (OpenID Connect Discovery 1.0, 4); asked again after a while."""

    def __init__(self, settings: PortalSettings, client: httpx.AsyncClient) -> None:
        self._url = f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
        self._client = client
        self._known: dict[str, Any] = {}
        self._until = 0.0

    async def endpoint(self, name: str) -> str:
        """`authorization_endpoint` and the like. Raises Unavailable."""
        if time.monotonic() >= self._until:
            try:
                self._known = answered(await requested(self._client, "GET", self._url)).json()
            except Refused as refused:
                raise Unavailable(str(refused)) from refused
            self._until = time.monotonic() + LASTS
        found: str = self._known[name]
        return found


class Machine:
    """The portal's own access token, for what it does in nobody's name: client credentials (RFC 6749, 4.4)."""

    def __init__(self, settings: PortalSettings, client: httpx.AsyncClient, issuer: Issuer) -> None:
        self._settings = settings
        self._client = client
        self._issuer = issuer
        self._token, self._until = "", 0.0
        self._one = asyncio.Lock()

    async def headers(self) -> dict[str, str]:
        """Raises Unavailable."""
        async with self._one:
            if time.monotonic() >= self._until:
                await self._fetch()
        return {"authorization": f"Bearer {self._token}"}

    async def _fetch(self) -> None:
        endpoint = await self._issuer.endpoint("token_endpoint")
        try:
            who = (self._settings.client_id, self._settings.client_secret.get_secret_value())
            form = {"grant_type": "client_credentials"}
            found = answered(await requested(self._client, "POST", endpoint, data=form, auth=who)).json()
        except Refused as refused:
            raise Unavailable(str(refused)) from refused
        self._token = found["access_token"]
        self._until = time.monotonic() + max(0.0, float(found.get("expires_in", 0)) - EARLY)


async def requested(client: httpx.AsyncClient, method: str, url: str, **options: Any) -> httpx.Response:
    """Raises Unavailable."""
    try:
        return await client.request(method, url, **options)
    except httpx.HTTPError as error:
        raise Unavailable(f"{method} {httpx.URL(url).host}: {error!r}") from error


def answered(answer: httpx.Response) -> httpx.Response:
    """Raises Unavailable, Refused."""
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    code = str(problem.get("code", problem.get("error", "")))
    if answer.status_code >= 500:  # noqa: PLR2004 - HTTP's own number
        raise Unavailable(f"{answer.status_code} {code}")
    raise Refused(answer.status_code, code, str(problem.get("detail", "")), problem.get("errors") or ())

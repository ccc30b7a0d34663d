"""The identity provider, as a relying party asks it: OpenID Connect Core 3.1, with PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis.http import Problem, Verifier
from chassis.http.auth import ALGORITHMS, LEEWAY
from services.portal.asking import PartnerError, Refused, Unavailable, answered, requested
from services.portal.sessions import Account
from services.portal.settings import PortalSettings

RETURN: Final = "/signed-in"
ROLE: Final = "citizen"


class NotLetIn(PartnerError):
    """The provider, or what it said, lets nobody in."""


@dataclass(frozen=True)
class Asked:
    """What must come back, and what only we know until then."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class SignedIn:
    """Who, and for how many seconds the access token is good."""

    account: Account
    seconds: int


def new_asked() -> Asked:
    """256 bits each."""
    return Asked(*(secrets.token_urlsafe(32) for _ in range(3)))


class Provider:
    """One issuer. `client`: the one all calls to services go through."""

    def __init__(self, settings: PortalSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._verifier = Verifier(settings.oidc_issuer)

    async def address(self, asked: Asked) -> str:
        """Where to send the browser. The password is asked for each time: devices are shared. Raises Unavailable."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": self._settings.oidc_client,
            "redirect_uri": self._settings.url + RETURN,
            "response_type": "code",
            "scope": "openid",
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": "login",
        }
        return f"{(await self._known())['authorization_endpoint']}?{urlencode(query)}"

    async def signed_in(self, asked: Asked, code: str) -> SignedIn:
        """Raises NotLetIn, Unavailable."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self._settings.oidc_client,
            "redirect_uri": self._settings.url + RETURN,
            "code": code,
            "code_verifier": asked.verifier,
        }
        known = await self._known()
        try:
            found = answered(await requested(self._client, "POST", known["token_endpoint"], data=form)).json()
            claims = await self._claims(known, found["id_token"], asked.nonce)
            caller = await self._verifier.verify(found["access_token"])
        except Refused as error:
            raise NotLetIn(str(error)) from error
        except Problem as error:
            if error.status == 503:  # noqa: PLR2004 - HTTP's own number
                raise Unavailable(error.detail) from error
            raise NotLetIn(error.detail) from error
        if caller.sub != claims["sub"] or ROLE not in caller.roles:
            raise NotLetIn("another person's access token, or no citizen's")
        account = Account(caller.sub, str(claims.get("name") or caller.name or ""), found["access_token"])
        return SignedIn(account, int(found.get("expires_in", 0)))

    async def _claims(self, known: dict[str, Any], token: str, nonce: str) -> dict[str, Any]:
        keys = answered(await requested(self._client, "GET", known["jwks_uri"])).json()
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": self._settings.oidc_client},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise NotLetIn(f"the identity token does not hold: {error!r}") from error
        return dict(claims)

    async def _known(self) -> dict[str, Any]:
        url = f"{self._settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found: dict[str, Any] = answered(await requested(self._client, "GET", url)).json()
        except Refused as error:
            raise Unavailable(str(error)) from error
        return found

"""The identity provider, as a relying party asks it: OpenID Connect Core 3.1, with PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import httpx

from chassis.http import Problem, Verifier
from services.portal.asking import Issuer, PartnerError, Refused, Unavailable, answered, requested
from services.portal.sessions import CITIZEN, DESKS, Account
from services.portal.settings import PortalSettings

RETURN: Final = "/signed-in"


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

    def __init__(self, settings: PortalSettings, client: httpx.AsyncClient, issuer: Issuer) -> None:
        self._settings = settings
        self._client = client
        self._issuer = issuer
        self._verifier = Verifier(settings.oidc_issuer)
        self._identities = Verifier(settings.oidc_issuer, settings.oidc_client)

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
        return f"{await self._issuer.endpoint('authorization_endpoint')}?{urlencode(query)}"

    async def signed_in(self, asked: Asked, code: str) -> SignedIn:
        """Raises NotLetIn, Unavailable."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self._settings.oidc_client,
            "redirect_uri": self._settings.url + RETURN,
            "code": code,
            "code_verifier": asked.verifier,
        }
        endpoint = await self._issuer.endpoint("token_endpoint")
        try:
            found = answered(await requested(self._client, "POST", endpoint, data=form)).json()
            claims = await self._identities.claims(found["id_token"])
            caller = await self._verifier.verify(found["access_token"])
        except Refused as error:
            raise NotLetIn(str(error)) from error
        except Problem as error:
            if error.status == 503:  # noqa: PLR2004 - HTTP's own number
                raise Unavailable(error.detail) from error
            raise NotLetIn(error.detail) from error
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), asked.nonce.encode()):
            raise NotLetIn("an identity token that was not asked for here")
        roles = tuple(role for role in (CITIZEN, *DESKS) if role in caller.roles)
        if caller.sub != claims["sub"] or not roles:
            raise NotLetIn("another person's access token, or of a role that there are no pages for")
        name = str(claims.get("name") or caller.name or "")
        account = Account(caller.sub, name, found["access_token"], roles, caller.unit)
        return SignedIn(account, int(found.get("expires_in", 0)))

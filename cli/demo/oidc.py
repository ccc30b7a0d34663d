"""Signs a person in as their browser would: authorization code flow with PKCE (RFC 7636) through the login form."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

CLIENT = "hoso-portal"
REDIRECT = "http://127.0.0.1/callback"


class LoginFailed(Exception):
    """The identity provider did not let the person in; the message is its answer."""


async def login(issuer: str, username: str, password: str, *, client: str = CLIENT, redirect: str = REDIRECT) -> str:
    """An access token. Raises LoginFailed."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    state = secrets.token_urlsafe(16)
    async with httpx.AsyncClient(base_url=issuer, timeout=20, trust_env=False) as browser:
        found = (await browser.get("/.well-known/openid-configuration")).raise_for_status().json()
        query = {
            "client_id": client,
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": "openid",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        page = await _follow(browser, await browser.get(found["authorization_endpoint"], params=query), redirect)
        action = re.search(r'action="([^"]+)"', page.text)
        if action is None:
            raise LoginFailed(f"{page.status_code} {page.text[:300]}")
        fields = {"username": username, "password": password}
        answer = await browser.post(urljoin(str(page.url), action.group(1)), data=fields)
        answer = await _follow(browser, answer, redirect)
        callback = parse_qs(urlsplit(answer.headers.get("location", "")).query)
        if callback.get("state") != [state] or "code" not in callback:
            raise LoginFailed(f"{answer.status_code} {answer.text[:300]}")
        form = {
            "grant_type": "authorization_code",
            "client_id": client,
            "redirect_uri": redirect,
            "code": callback["code"][0],
            "code_verifier": verifier,
        }
        token = await browser.post(found["token_endpoint"], data=form)
        if token.is_error:
            raise LoginFailed(f"{token.status_code} {token.text[:300]}")
        access: str = token.json()["access_token"]
        return access


async def _follow(browser: httpx.AsyncClient, answer: httpx.Response, until: str) -> httpx.Response:
    """Follows redirects, but not the one that leads back to us."""
    while answer.is_redirect and not answer.headers["location"].startswith(until):
        answer = await browser.get(urljoin(str(answer.url), answer.headers["location"]))
    return answer

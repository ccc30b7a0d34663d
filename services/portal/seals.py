"""What a browser keeps for the portal without being able to read or change it, and proof that a form was ours.

A sealed cookie is a JWE (RFC 7516, ``dir`` with A256GCM) that ends by itself; a form carries an HMAC over a cookie of
that browser, which another site can neither read nor set.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.requests import Request
from starlette.responses import Response

HEADER: Final = {"alg": "dir", "enc": "A256GCM"}
MAX_SEALED: Final = 4096
FORM: Final = "form"
SESSION: Final = "session"
TOKEN: Final = "token"  # noqa: S105 - the name of a field
Seconds = Callable[[], float]


def _derived(key: bytes, what: str) -> bytes:
    return hmac.digest(key, f"hoso portal {what}".encode(), hashlib.sha256)


class Cookies:
    """`secure`: names begin with ``__Host-`` and travel inside TLS only. `clock`: seconds since the epoch."""

    def __init__(self, key: bytes, clock: Seconds, *, secure: bool) -> None:
        self._key = OctKey.import_key(_derived(key, "cookies"))
        self._forms = _derived(key, "forms")
        self._clock = clock
        self._secure = secure

    def name(self, of: str) -> str:
        """As the browser knows it."""
        return f"__Host-{of}" if self._secure else of

    def put(self, response: Response, of: str, value: str, seconds: int | None = None) -> None:
        """Sets a cookie that scripts cannot read; without `seconds` it lasts as long as the browser is open."""
        response.set_cookie(
            self.name(of), value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, of: str) -> None:
        """Takes it back."""
        response.delete_cookie(self.name(of), path="/", secure=self._secure, httponly=True, samesite="lax")

    def get(self, request: Request, of: str) -> str | None:
        """As it was set, or whatever somebody put there."""
        return request.cookies.get(self.name(of))

    def seal(self, response: Response, of: str, what: Mapping[str, Any], seconds: int) -> None:
        """Has the browser keep `what` for so long; `of` is bound to it."""
        body = json.dumps({"what": what, "of": of, "until": self._clock() + seconds})
        self.put(response, of, jwe.encrypt_compact(HEADER, body.encode(), self._key), seconds)

    def unseal(self, request: Request, of: str) -> dict[str, Any] | None:
        """What was sealed; None for what is over, forged, or another's."""
        sealed = self.get(request, of)
        if sealed is None or len(sealed) > MAX_SEALED:
            return None
        try:
            opened = jwe.decrypt_compact(sealed, self._key, algorithms=list(HEADER.values())).plaintext
            found = json.loads(opened or b"{}")
        except (JoseError, ValueError):
            return None
        if found.get("of") != of or self._clock() >= found.get("until", 0):
            return None
        what: dict[str, Any] = found["what"]
        return what

    def form_token(self, request: Request) -> tuple[str, str]:
        """The cookie a form is bound to, the one the browser has or a new one; and the token that goes with it."""
        cookie = self.get(request, FORM)
        if cookie is None or len(cookie) > 100:  # noqa: PLR2004 - ours have 43
            cookie = secrets.token_urlsafe(32)
        return cookie, self._of_form(request, cookie)

    def ours(self, request: Request, token: str) -> bool:
        """Whether a form with this token was given to this browser."""
        cookie = self.get(request, FORM)
        if cookie is None:
            return False
        return hmac.compare_digest(self._of_form(request, cookie).encode(), token.encode())

    def _of_form(self, request: Request, cookie: str) -> str:
        """Of this browser and of who is signed in there: a form from before is worth nothing after."""
        bound = f"{cookie} {self.get(request, SESSION) or ''}"
        return hmac.digest(self._forms, bound.encode(), hashlib.sha256).hex()

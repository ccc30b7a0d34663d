"""Pages from templates: escaped by default, in the language of the address, each with the same headers."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.portal import words
from services.portal.seals import FORM, TOKEN, Cookies
from services.portal.sessions import DESKS, Account
from services.portal.texts import Language, known, text

STATIC: Final = files("services.portal") / "static"
STYLE: Final = (STATIC / "portal.css").read_bytes()
SCRIPT: Final = (STATIC / "portal.js").read_bytes()
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SCRIPTED: Final = f"{POLICY}; script-src 'self'; connect-src 'self'"
"""Of the few pages that a script makes more comfortable."""
HEADERS: Final = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
STRICT: Final = {"strict-transport-security": "max-age=31536000; includeSubDomains"}
ENGLISH: Final = "/en"
SEE_OTHER: Final = 303
MENU: Final = (
    ("/", "nav.home"), ("/procedures", "nav.procedures"), ("/my", "nav.my"), ("/track", "nav.track"),
    ("/verify", "nav.verify"), ("/statistics", "nav.statistics"),
)  # fmt: skip
WORKERS: Final = {"clerk", "specialist", "leader", "registrar"}
DESK_MENU: Final = (
    ("/desk", "desk.nav.home", set(DESKS)),
    ("/desk/search", "desk.nav.search", WORKERS),
    ("/desk/assist", "desk.nav.assist", {"clerk"}),
    ("/desk/money", "desk.nav.money", {"accountant", "leader"}),
    ("/desk/absence", "desk.nav.absence", WORKERS),
    ("/verify", "nav.verify", set(DESKS)),
    ("/statistics", "nav.statistics", set(DESKS)),
)
"""What leads on from every page: for everybody, and for officers at their desk by their roles."""


def _versioned(path: str, content: bytes) -> str:
    """An address that changes when what it names does."""
    return f"{path}?v={hashlib.sha256(content).hexdigest()[:16]}"


STYLE_AT: Final = _versioned("/portal.css", STYLE)
SCRIPT_AT: Final = _versioned("/portal.js", SCRIPT)


def language_of(request: Request) -> Language:
    """Of the address that was asked for (`middleware.Languages`)."""
    found: Language = request.scope.get("language", "vi")
    return found


def path_in(language: Language, path: str) -> str:
    """One of our own paths in a language."""
    return path if language == "vi" else ENGLISH + ("" if path == "/" else path)


class Pages:
    """Makes every answer that a person sees. `citizens`: people can sign in and file here; `elsewhere`: or there."""

    def __init__(self, cookies: Cookies, *, secure: bool, citizens: bool = True, elsewhere: str = "") -> None:
        self._cookies = cookies
        self._headers = HEADERS | (STRICT if secure else {})
        self._shown = {"citizens": citizens, "elsewhere": elsewhere}
        self._templates = Environment(
            loader=PackageLoader("services.portal"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(
        self,
        request: Request,
        name: str,
        status: int = 200,
        *,
        form: bool = False,
        script: bool = False,
        **values: Any,
    ) -> Response:
        """One page. `form`: it has a form that changes something, so it is this browser's own and is not kept.
        `script`: it may be made more comfortable by ours.
        """
        language = language_of(request)
        cookie, token = self._cookies.form_token(request) if form else ("", "")
        template = self._templates.get_template(f"{name}.html")
        html = template.render(
            **self._common(request, language, values.get("account")), **values, form_token=token, token_name=TOKEN,
            script=SCRIPT_AT if script else "",
        )  # fmt: skip
        answer = HTMLResponse(html, status, headers=self._headers)
        if script:
            answer.headers["content-security-policy"] = SCRIPTED
        answer.headers["cache-control"] = "no-store" if form else "no-cache"
        if form:
            self._cookies.put(answer, FORM, cookie)
        return answer

    def error(self, request: Request, status: int) -> Response:
        """What a person is told of a fault: what it means, and what to do now."""
        known = status if status in {403, 404, 413, 429, 503} else 404 if status < 500 else 500  # noqa: PLR2004
        answer = self.page(request, "error", status, code=known)
        answer.headers["cache-control"] = "no-store"
        return answer

    def file(self, content: bytes, media: str, name: str) -> Response:
        """Something to download."""
        headers = {**self._headers, "content-disposition": f'inline; filename="{name}"', "cache-control": "no-cache"}
        return Response(content, media_type=media, headers=headers)

    def style(self) -> Response:
        """The style sheet."""
        return _static(STYLE, "text/css")

    def script(self) -> Response:
        """The script."""
        return _static(SCRIPT, "text/javascript")

    def go(self, request: Request, path: str) -> Response:
        """To one of our own pages, after something was done, in the language of the request."""
        headers = {**self._headers, "cache-control": "no-store"}
        return RedirectResponse(path_in(language_of(request), path), SEE_OTHER, headers=headers)

    def _common(self, request: Request, language: Language, account: Account | None) -> dict[str, Any]:
        path = "/" + request.scope["path"].lstrip("/\\")  # // and /\ begin a link to another host
        query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
        other: Language = "en" if language == "vi" else "vi"

        def link(to: str) -> str:
            return path_in(language, to)

        def t(key: str, **values: object) -> str:
            return text(language, key, **values)

        def t_or(key: str, otherwise: str) -> str:
            return known(language, key, text(language, otherwise))

        def both(name: dict[str, str]) -> str:
            return words.both(name, language)

        def named(thing: dict[str, Any], prefix: str = "name") -> str:
            return words.named(thing, language, prefix)

        def number(found: int | None) -> str:
            return words.number(found, language)

        def per_mille(found: int | None) -> str:
            return words.per_mille(found, language)

        return {
            "t": t, "t_or": t_or, "link": link, "both": both, "named": named, "number": number, "per_mille": per_mille,
            "menu": _menu(path, account),
            "day": words.day, "at": words.at, "language": language, "other": other, "here": path,
            "other_path": path_in(other, path) + query, "style": STYLE_AT, **self._shown,
        }  # fmt: skip


def _menu(path: str, account: Account | None) -> tuple[tuple[str, str], ...]:
    """At a desk that of its officer."""
    if account is None or path.split("/")[1] != "desk":
        return MENU
    return tuple((to, key) for to, key, roles in DESK_MENU if not roles.isdisjoint(account.roles))


def _static(content: bytes, media: str) -> Response:
    """Kept for ever: its address has its version."""
    headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
    return Response(content, media_type=f"{media}; charset=utf-8", headers=headers)

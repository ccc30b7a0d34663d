"""The portal's application: routes, pages for faults, language and limits around them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from chassis.http import Problem, Verifier, create_app
from chassis.store import StoreUnavailable
from chassis.telemetry import FAULTS, logger
from services.portal.api import router
from services.portal.api.filing import Sent
from services.portal.api.signing import NotSignedIn, NotTheirs, to_sign_in
from services.portal.asking import PartnerError, Refused, Unavailable
from services.portal.limits import Buckets
from services.portal.middleware import Languages, Patience, TooLarge
from services.portal.pages import Pages, language_of, path_in
from services.portal.parts import Portal

READY_SECONDS: Final = 2.0
LARGER: Final = {
    "POST /my/papers/": 21 * 1024 * 1024,
    "POST /my/supplements/": 64 * 1024 * 1024,
    "POST /desk/assist/": 64 * 1024 * 1024,
}
"""A file, or all that a supplement or a whole filing has, and the form around it; what a file may have submission says.
"""
log = logger(__name__)


def new_app(portal: Portal) -> FastAPI:
    """As it is served."""
    settings, pages = portal.settings, portal.pages

    async def ready() -> Mapping[str, str]:
        try:
            async with asyncio.timeout(READY_SECONDS):
                await portal.store.ping()
        except (StoreUnavailable, TimeoutError) as error:
            return {"store": repr(error)}
        return {}  # a page that needs a service which is away says so; the others are shown

    app = create_app("portal", router(portal), Verifier(settings.oidc_issuer), ready=ready, larger=LARGER)
    _faults(app, pages)
    app.add_middleware(TooLarge, refuse=pages.error)
    app.add_middleware(
        Patience,
        requests=Buckets(settings.requests_a_minute),
        posts=Buckets(settings.posts_a_minute),
        refuse=pages.error,
    )
    app.add_middleware(Languages)
    return app


def _faults(app: FastAPI, pages: Pages) -> None:
    async def fault(request: Request, error: Exception) -> Response:
        match error:
            case Sent():
                return pages.go(request, f"/my/{error.dossier}/filed")
            case NotTheirs():
                return pages.page(request, "not_yours", 403)
            case NotSignedIn():
                return to_sign_in(request, error.to)
            case Refused(status=401):  # the access token ended before the session did
                return to_sign_in(request, path_in(language_of(request), request.scope["path"]))
        status = _status(error)
        if status >= 500:  # noqa: PLR2004 - HTTP's own number
            log.warning("a page could not be made", status=status, error=repr(error))
        if status == 500:  # noqa: PLR2004
            FAULTS.labels("http").inc()
            log.error("a page failed", exc_info=error)
        return pages.error(request, status)

    ours = (PartnerError, NotSignedIn, NotTheirs, Sent, StoreUnavailable)
    for kind in (Problem, RequestValidationError, HTTPException, *ours, Exception):
        app.add_exception_handler(kind, fault)


def _status(error: Exception) -> int:
    match error:
        case Problem():
            return error.status
        case HTTPException():
            return error.status_code
        case RequestValidationError():
            return 404
        case Unavailable() | StoreUnavailable():
            return 503
        case Refused(status=429 | 403 | 404):
            return error.status
        case _:
            return 500

"""Errors over HTTP: problem details (RFC 9457), with the path of each wrong field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from chassis.codec import Unloadable
from chassis.decision import Refused
from chassis.http.answers import PROBLEM_TYPE
from chassis.keyring import Restricted, Unopenable
from chassis.store import StoreUnavailable
from chassis.telemetry import FAULTS, logger

STATUS_OF_CODE: Final = {"not_found": 404, "forbidden": 403, "invalid": 422, "stale": 412}
RETRY_AFTER: Final = "1"
UNAVAILABLE: Final = (StoreUnavailable, TimeoutError, Unloadable)
log = logger(__name__)


class Problem(Exception):
    """An error to tell the caller. `errors`: {field, problem} of each wrong field; `code`: a stable word."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[dict[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers

    def response(self) -> JSONResponse:
        """The answer, without internals."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = list(self.errors)
        return JSONResponse(body, self.status, headers=self.headers, media_type=PROBLEM_TYPE)


def of_refusal(refused: Refused) -> Problem:
    """What a handler refused: 404, 403, 412, 422 by its code, else 409."""
    errors = [{"field": refused.field, "problem": refused.detail}] if refused.field else []
    return Problem(STATUS_OF_CODE.get(refused.code, 409), refused.code, refused.detail, errors=errors)


def unavailable(why: str) -> Problem:
    """Nothing is known to have changed; the same request with the same key may be sent again."""
    detail = f"{why}; send the same request again with the same Idempotency-Key"
    return Problem(503, "unavailable", detail, headers={"retry-after": RETRY_AFTER})


def install(app: FastAPI) -> None:
    """Every error an application can raise becomes a problem."""

    async def problem(_request: Request, error: Exception) -> JSONResponse:
        return _problem_of(error).response()

    async def erased(_request: Request, _error: Exception) -> JSONResponse:
        return Problem(410, "erased", "The personal data of this dossier was erased").response()

    async def restricted(_request: Request, _error: Exception) -> JSONResponse:
        detail = "The person had the processing of this dossier's data restricted: ask whoever answers for them"
        return Problem(403, "restricted", detail).response()

    for kind in (Problem, Refused, RequestValidationError, HTTPException, Exception, *UNAVAILABLE):
        app.add_exception_handler(kind, problem)
    app.add_exception_handler(Unopenable, erased)
    app.add_exception_handler(Restricted, restricted)


def _problem_of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case Refused():
            return of_refusal(error)
        case RequestValidationError():
            errors = [{"field": _path(e["loc"]), "problem": e["msg"]} for e in error.errors()[:100]]
            return Problem(422, "invalid", "The request has wrong fields", errors=errors)
        case HTTPException():
            headers = dict(error.headers) if error.headers else None
            code = str(error.detail).lower().replace(" ", "_")
            return Problem(error.status_code, code, str(error.detail), headers=headers)
        case StoreUnavailable() | TimeoutError() | Unloadable():
            return unavailable("the store did not answer in time, or this replica is of an older release")
        case _:
            FAULTS.labels("http").inc()
            log.error("a request failed", exc_info=error)
            return Problem(500, "internal", "This is our fault; it was recorded")


def _path(loc: Sequence[Any]) -> str:
    """``applicant.phone``; a header or query parameter by its name."""
    return ".".join(str(part) for part in loc[1:]) or str(loc[0])

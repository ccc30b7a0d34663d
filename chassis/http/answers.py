"""What a route may answer: said once by each dependency that may refuse, in words for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Responses = dict[int | str, dict[str, Any]]
Media = dict[str, dict[str, Any]]
REFUSED: Final = 400
PROBLEM_TYPE: Final = "application/problem+json"
WHY: Final = {
    304: "It is what If-None-Match names",
    400: "A header is missing or malformed, or the body cannot be read",
    401: "No access token, or one that does not hold; for doors of partners: no signature that fits",
    403: "The caller may not do this",
    404: "There is no such thing, or it is not for the caller to know",
    408: "The request took too long to arrive",
    409: "Not in the present state, or the Idempotency-Key was used for another request",
    410: "The personal data were erased",
    412: "It was changed since the caller saw it",
    413: "Too large",
    422: "The request has wrong fields, which are named",
    428: "If-Match is missing",
    429: "Too many requests: later",
    503: "The store, the broker or a partner does not answer: the same request may be sent again",
}
"""What each status means, wherever it is answered. 500 is in no document: it is a fault of ours."""
SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457",
    "type": "object",
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "description": "a stable word"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
                "required": ["field", "problem"],
                "additionalProperties": {"type": "string"},
            },
        },
    },
    "required": ["type", "title", "status", "code", "detail"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a dependency: the statuses it, or what it lets in, may be refused with; the header it reads."""

    statuses: tuple[int, ...]
    header: dict[str, Any] | None = None


def may_answer(*statuses: int, header: dict[str, Any] | None = None) -> Callable[[F], F]:
    """Says it of a dependency. `header`: a parameter of OpenAPI, without where it is."""

    def said(dependency: F) -> F:
        dependency.facts = Facts(statuses, None if header is None else {**header, "in": "header"})  # type: ignore[attr-defined]
        return dependency

    return said


@may_answer(
    304,
    header={"name": "If-None-Match", "required": False, "description": "ETags", "schema": {"type": "string"}},
)
async def tagged() -> None:
    """A dependency that says: the answer has an ETag, and is not sent again to whoever has it."""


def facts(dependency: Any) -> Facts:
    """What was said of it."""
    found: Facts = getattr(dependency, "facts", Facts(()))
    return found


def refusals(*statuses: int) -> Responses:
    """For `responses=` of a route: what it refuses by itself."""
    return {status: _said(status) for status in statuses}


def _said(status: int) -> dict[str, Any]:
    told = {"content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {"description": WHY[status]} | (told if status >= REFUSED else {})


def content(*media: str, status: int = 200, description: str = "Successful Response") -> Responses:
    """For `responses=` of a route that makes its answer itself."""
    return {status: {"description": description, "content": _content(media)}}


def body(*media: str, required: bool = True) -> dict[str, Any]:
    """For `openapi_extra=` of a route that reads its body itself."""
    return {"requestBody": {"required": required, "content": _content(media)}}


def _content(media: tuple[str, ...]) -> Media:
    return {kind: {"schema": _schema(kind)} for kind in media}


def _schema(media: str) -> dict[str, Any]:
    if media == "application/json":
        return {}
    return {"type": "string"} | ({} if media.startswith("text/") else {"format": "binary"})

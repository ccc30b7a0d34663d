"""HTTP doors: application factory, problem details, callers and roles, idempotency keys."""

from chassis.http.answers import body, content, may_answer, refusals, tagged
from chassis.http.app import create_app, send
from chassis.http.auth import Caller, Verifier, allow, public
from chassis.http.idempotency import idempotency
from chassis.http.ownership import require_owner
from chassis.http.problems import Problem

__all__ = [
    "Caller",
    "Problem",
    "Verifier",
    "allow",
    "body",
    "content",
    "create_app",
    "idempotency",
    "may_answer",
    "public",
    "refusals",
    "require_owner",
    "send",
    "tagged",
]

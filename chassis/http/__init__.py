"""HTTP doors: application factory, problem details, callers and roles, idempotency keys."""

from chassis.http.app import create_app, send
from chassis.http.auth import Caller, Verifier, allow, public
from chassis.http.idempotency import idempotency
from chassis.http.ownership import require_owner
from chassis.http.problems import Problem

__all__ = ["Caller", "Problem", "Verifier", "allow", "create_app", "idempotency", "public", "require_owner", "send"]

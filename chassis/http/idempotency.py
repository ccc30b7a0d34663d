"""The `Idempotency-Key` header: the same request twice is one request."""

from __future__ import annotations

import hashlib
from typing import Final

from fastapi import Request

from chassis.delivery import IdempotencyKey
from chassis.http.answers import may_answer
from chassis.http.auth import Caller
from chassis.http.problems import Problem

SHORTEST, LONGEST = 8, 100
HEADER: Final = {
    "name": "Idempotency-Key",
    "required": True,
    "description": "New for each request; the same request again under the same key is answered, not done again.",
    "schema": {"type": "string", "minLength": SHORTEST, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
}


@may_answer(400, 409, header=HEADER)
async def idempotency(request: Request) -> IdempotencyKey:
    """The caller's key and the hash of the request.

    A route names `allow(…)` before this one: the key is the caller's own, so two callers never share one.

    Raises:
        Problem: 400 for a missing or malformed key.
    """
    key = request.headers.get("idempotency-key", "")
    if not SHORTEST <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        detail = f"Idempotency-Key must be {SHORTEST} to {LONGEST} visible ASCII characters, new for each request"
        raise Problem(400, "idempotency_key_missing", detail, errors=[{"field": "Idempotency-Key", "problem": detail}])
    caller: Caller = request.state.caller
    target = f"{request.method} {request.url.path}\n".encode()
    return IdempotencyKey(
        key=hashlib.sha256(f"{caller.sub}\n{key}".encode()).hexdigest(),
        digest=hashlib.sha256(target + await request.body()).hexdigest(),
    )

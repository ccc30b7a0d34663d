"""What a form sent. One that changes something must be one that this browser was given."""

from __future__ import annotations

from fastapi import Request

from chassis.http import Problem
from services.portal.parts import Portal


async def texts_of(request: Request) -> dict[str, str]:
    """What was typed and chosen, but for files."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def must_be_ours(portal: Portal, request: Request, token: str) -> None:
    """Raises Problem 403 for one that another site had the browser send."""
    if not portal.cookies.ours(request, token):
        raise Problem(403, "forged", "This form was not given to this browser, or its cookie is gone")

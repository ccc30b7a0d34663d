"""A form that changes something must be one that this browser was given."""

from __future__ import annotations

from fastapi import Request

from chassis.http import Problem
from services.portal.parts import Portal


def must_be_ours(portal: Portal, request: Request, token: str) -> None:
    """Raises Problem 403 for one that another site had the browser send."""
    if not portal.cookies.ours(request, token):
        raise Problem(403, "forged", "This form was not given to this browser, or its cookie is gone")

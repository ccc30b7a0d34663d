"""The portal's addresses. They are pages, not an API: the OpenAPI document has none of them."""

from __future__ import annotations

from fastapi import APIRouter

from services.portal.api import (
    acting,
    catalogue,
    desk,
    filing,
    own,
    paying,
    signing,
    supplementing,
    tracking,
    verifying,
)
from services.portal.parts import Portal


def router(portal: Portal) -> APIRouter:
    """All of them."""
    routes = APIRouter(include_in_schema=False)
    for part in (catalogue, tracking, verifying, signing, filing, own, paying, supplementing, acting, desk):
        part.add(routes, portal)
    return routes

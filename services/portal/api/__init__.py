"""The portal's addresses. They are pages, not an API: the OpenAPI document has none of them."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.http.routing import new_router
from services.portal.api import (
    acting,
    catalogue,
    delivering,
    desk,
    filing,
    living,
    own,
    paying,
    preferring,
    signing,
    supplementing,
    tracking,
    verifying,
)
from services.portal.parts import Portal


def router(portal: Portal) -> APIRouter:
    """All of them; without those for people who file, where that is done elsewhere."""
    routes = new_router(include_in_schema=False)
    for part in (catalogue, tracking, verifying, living, signing, desk):
        part.add(routes, portal)
    living.add_script(routes, portal)
    if portal.settings.citizens:
        _signed_in(routes, portal)
    return routes


def _signed_in(routes: APIRouter, portal: Portal) -> None:
    for part in (filing, preferring, own, paying, supplementing, acting, delivering):
        part.add(routes, portal)
    living.add_own(routes, portal)

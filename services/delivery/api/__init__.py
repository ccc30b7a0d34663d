"""Delivery over HTTP: applicants, the desk, the registrar, the post office, and anyone who checks a document."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.http.routing import new_router
from chassis.service import Platform
from services.delivery.api import choosing, desk, documents, links, post, public, reading
from services.delivery.api.common import Doors
from services.delivery.effects.press import Press


def router(platform: Platform, press: Press) -> APIRouter:
    """The routes of delivery."""
    routes = new_router()
    doors = Doors(platform)
    reading.add(routes, doors, press)
    documents.add(routes, doors)
    links.add(routes, doors)
    choosing.add(routes, doors)
    desk.add(routes, doors, press)
    post.add(routes, doors)
    public.add(routes, doors)
    return routes

"""Payment over HTTP: applicants pay, gateways notify, officers see to what a person must."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.http.routing import new_router
from chassis.service import Platform
from services.payment.api import applicants, gateways, officers, papers, queues, reconciliation


def router(platform: Platform) -> APIRouter:
    """The routes of payment."""
    routes = new_router()
    for part in (applicants, gateways, officers, papers, queues, reconciliation):
        part.add(routes, platform)
    return routes

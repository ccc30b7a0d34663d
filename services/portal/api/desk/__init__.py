"""What officers see and do, under ``/desk``. To anybody else there are no such pages."""

from __future__ import annotations

from fastapi import APIRouter

from services.portal.api.desk import absence, assisting, commands, dossiers, inboxes, money, results
from services.portal.parts import Portal


def add(routes: APIRouter, portal: Portal) -> None:
    """All of it."""
    for part in (inboxes, absence, assisting, money, results, dossiers, commands):
        part.add(routes, portal)

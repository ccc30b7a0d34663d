"""What officers see and do, under ``/desk``. To anybody else there are no such pages."""

from __future__ import annotations

from fastapi import APIRouter

from services.portal.api.desk import commands, dossiers, inboxes
from services.portal.parts import Portal


def add(routes: APIRouter, portal: Portal) -> None:
    """All of it."""
    for part in (inboxes, dossiers, commands):
        part.add(routes, portal)

"""Submission over HTTP: applicants draft, file, answer; officers act; anyone reads the catalogue; operators recount."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.service import Platform
from services.submission.api import absence, applicants, assisting, calendar, catalogue, drafts, officers, reading


def router(platform: Platform) -> APIRouter:
    """The routes of submission."""
    routes = APIRouter()
    for part in (catalogue, applicants, assisting, drafts, reading, officers, absence, calendar):
        part.add(routes, platform)
    return routes

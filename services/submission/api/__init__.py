"""Submission over HTTP: applicants file and answer, officers act, anyone reads the catalogue, operators recount."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.service import Platform
from services.submission.api import absence, applicants, calendar, catalogue, officers, reading
from services.submission.files import api as files
from services.submission.files import documents


def router(platform: Platform) -> APIRouter:
    """The routes of submission."""
    routes = APIRouter()
    for part in (catalogue, applicants, reading, officers, absence, calendar, files, documents):
        part.add(routes, platform)
    return routes

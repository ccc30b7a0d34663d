"""Submission over HTTP: applicants and portals file and answer; officers act; anyone reads the catalogue."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.http.routing import new_router
from chassis.service import Platform
from services.submission.api import (
    absence,
    applicants,
    assisting,
    calendar,
    catalogue,
    copying,
    desk,
    drafts,
    officers,
    portals,
    privacy,
    reading,
    requests,
    rights,
)
from services.submission.files import api as files
from services.submission.files import documents


def router(platform: Platform) -> APIRouter:
    """The routes of submission."""
    routes = new_router()
    parts = (
        catalogue, applicants, assisting, drafts, reading, desk, officers, absence, calendar, privacy, rights, files,
        documents, portals, requests, copying,
    )  # fmt: skip
    for part in parts:
        part.add(routes, platform)
    return routes

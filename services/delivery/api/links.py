"""One-time downloads for who does not sign in: the address goes by e-mail, the pin by SMS."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import uuid
from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter

from chassis.http import send
from schemas.event import DossierId, format_instant
from schemas.personal import Personal
from services.delivery.api.common import Citizen, Desk, Doors, Key
from services.delivery.messages import MakeLink

PIN_DIGITS: Final = 6


def hashed(*parts: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def token_of(dossier: str) -> str:
    """The last part of a link's address: the dossier and 128 random bits, in letters an address may have."""
    return base64.urlsafe_b64encode(uuid.UUID(dossier).bytes + secrets.token_bytes(16)).decode().rstrip("=")


def dossier_of(token: str) -> str | None:
    """The dossier a link is about, None for what is no link."""
    if re.fullmatch(r"[A-Za-z0-9_-]{43}", token, re.ASCII) is None:
        return None
    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(f"{token}=")[:16]))


def add(routes: APIRouter, doors: Doors) -> None:
    """Routes that make links; `public` opens them."""
    platform, deliveries = doors.platform, doors.deliveries

    async def link(dossier: str, key: Key) -> dict[str, Any]:
        token = token_of(dossier)
        pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        url = f"{platform.settings.public_url.rstrip('/')}/download/{token}"
        expires = platform.clock() + timedelta(minutes=platform.settings.link_minutes)
        command = MakeLink(
            token=hashed(token),
            proof=hashed(token, pin),
            url=Personal.of(url),
            pin=Personal.of(pin),
            expires_at=expires,
        )
        await send(deliveries, dossier, command, key)
        return {"expires_at": format_instant(expires)}

    @routes.post("/dossiers/{dossier}/links", status_code=201)
    async def mine(dossier: DossierId, caller: Citizen, key: Key) -> dict[str, Any]:
        """A one-time download: the address goes by e-mail, the pin by SMS; neither is in the answer."""
        await doors.own(dossier, caller)
        return await link(dossier, key)

    @routes.post("/dossiers/{dossier}/links/for-applicant", status_code=201)
    async def theirs(dossier: DossierId, caller: Desk, key: Key) -> dict[str, Any]:
        """The same, asked for at the desk: the officer sees neither."""
        await doors.found(dossier, caller)
        return await link(dossier, key)

"""The files of a dossier: which, as they stand now, and whether somebody saw their originals."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter

from chassis.service import Platform
from schemas.event import DossierId, format_instant
from services.submission import messages as do
from services.submission.api.common import Clerk, Doors, Reader
from services.submission.api.reading import visible
from services.submission.domain.dossier import Document
from services.submission.files.attachment import File


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of a dossier's files; their content is at ``/files``."""
    doors = Doors(platform)
    files = platform.engine("files")

    @routes.get("/dossiers/{dossier}/files")
    async def listed(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """Each file, its document's code, what is known of viruses in it now, and who saw the original when."""
        state = await visible(doors.dossiers, dossier, caller)
        docs = await asyncio.gather(*(files.read(document.file) for document in state.documents))
        found = [
            _shown(document, doc.state if doc else None) for document, doc in zip(state.documents, docs, strict=True)
        ]
        return {"files": found, "checking": sum(one["state"] == "checking" for one in found)}

    @routes.post("/dossiers/{dossier}/files/{file}/original")
    async def original(dossier: DossierId, file: DossierId, turn: Clerk) -> dict[str, Any]:
        """The clerk held the paper against the file: they are the same."""
        return await doors.act(turn, dossier, do.CheckOriginal, file=file)


def _shown(document: Document, file: File | None) -> dict[str, Any]:
    seen, at = document.original, document.checked_at
    return {
        "file": document.file,
        "code": document.code,
        "sha256": document.sha256,
        "size": document.size,
        "type": document.media,
        "state": file.standing if file else "removed",
        "original": {"by": seen.officer, "role": seen.role, "at": format_instant(at)} if seen and at else None,
    }

"""The files of a dossier: named when it is filed and in its supplement, held against their originals. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from chassis.decision import Decision, Refused
from schemas.dossier import OriginalChecked
from schemas.parts import AttachedFile
from schemas.work import Act
from services.submission.domain.dossier import Document, Dossier
from services.submission.domain.graph import enter
from services.submission.messages import CheckOriginal

MAX_DOCUMENTS: Final = 60


def documents(files: Sequence[AttachedFile]) -> tuple[Document, ...]:
    """As a dossier keeps them."""
    return tuple(Document(**file.model_dump()) for file in files)


def added(dossier: Dossier, files: Sequence[AttachedFile]) -> tuple[Document, ...]:
    """The dossier's files and those. Raises Refused `invalid` where one is there already or that is too many."""
    found = (*dossier.documents, *documents(files))
    if len({document.file for document in found}) < len(found):
        raise Refused("invalid", "the dossier has one of these files already", field="files")
    if len(found) > MAX_DOCUMENTS:
        raise Refused("invalid", f"a dossier has {MAX_DOCUMENTS} files at most", field="files")
    return found


def check_original(dossier: Dossier | None, command: CheckOriginal, now: datetime) -> Decision[Dossier]:
    """The paper is what the file shows; the last who looked is on record. Raises Refused `not_found`."""
    dossier = enter(dossier, command)
    at = next((n for n, document in enumerate(dossier.documents) if document.file == command.file), None)
    if at is None:
        raise Refused("not_found", "the dossier has no such file")
    by = Act(**command.by.model_dump())
    seen = dossier.documents[at].model_copy(update={"original": by, "checked_at": now})
    checked = dossier.same(now, documents=(*dossier.documents[:at], seen, *dossier.documents[at + 1 :]))
    event = OriginalChecked(dossier_id=dossier.id, file=seen.file, code=seen.code, checked_at=now, by=by)
    return Decision(checked, (event,), answer=checked.answer)

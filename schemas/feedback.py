"""What applicants say of how they were served, as the `dossier` stream tells it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.event import DossierEvent, Instant
from schemas.personal import Comment
from schemas.work import Act

STREAM = "dossier"


class DossierRated(DossierEvent):
    """The applicant's opinion of how it was handled, once: 1 (bad) to 5 (good)."""

    STREAM = STREAM
    TYPE = "dossier.rated"
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Comment | None = None
    rated_at: Instant


class ComplaintFiled(DossierEvent):
    """The applicant complains of the result or of how it was handled; the answer has a term of its own."""

    STREAM = STREAM
    TYPE = "dossier.complaint_filed"
    text: Comment
    due_at: Instant
    complained_at: Instant


class ComplaintAnswered(DossierEvent):
    """The leader answered the complaint."""

    STREAM = STREAM
    TYPE = "dossier.complaint_answered"
    answer: Comment
    upheld: bool
    answered_at: Instant
    by: Act | None = None


EVENTS = (DossierRated, ComplaintFiled, ComplaintAnswered)

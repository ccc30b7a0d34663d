"""The `dossier` stream: said by submission, heard by payment, delivery, notification and tracking."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.event import Dong, DossierEvent, Instant, Record, Text
from schemas.personal import Address, Email, IdentityNumber, Name, Owner, Phone

STREAM = "dossier"

Way = Literal["online", "post", "in_person"]
"""A delivery way: how the result reaches the applicant."""
Route = Literal["portal", "upstream"]
"""A filing route: our own door over HTTP, or another party's portal over Kafka."""
ResultKind = Literal["reply", "certificate", "card"]


class Bilingual(Record):
    """A text people read, in Vietnamese and English."""

    vi: Text
    en: Text


class Applicant(Record):
    """Who files the dossier and is told about it."""

    kind: Literal["individual", "enterprise"]
    name: Name
    phone: Phone
    email: Email | None = None
    identity_number: IdentityNumber | None = None


class PostalAddress(Record):
    """Where a result is sent by post: province and commune by official code (domain.md 6), the rest sealed."""

    province: Annotated[str, Field(pattern=r"^\d{2}$")]
    commune: Annotated[str, Field(pattern=r"^\d{5}$")]
    detail: Address


class FeeLine(Record):
    """One line of phí (fee for a service) or lệ phí (charge), whole đồng."""

    code: Text
    name: Bilingual
    kind: Literal["phi", "le_phi"]
    unit_price: Dong
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    amount: Dong


class DossierSubmitted(DossierEvent):
    """An applicant filed a dossier, at any hour."""

    STREAM = STREAM
    TYPE = "dossier.submitted"
    procedure: Text
    procedure_name: Bilingual
    route: Route
    source: Text | None = None
    owner: Owner | None = None
    applicant: Applicant
    way: Way
    address: PostalAddress | None = None
    filed_at: Instant


class DossierAccepted(DossierEvent):
    """The one-stop desk received it (tiếp nhận): it has a dossier code, a due date and, where there is one, a fee."""

    STREAM = STREAM
    TYPE = "dossier.accepted"
    code: Text
    received_at: Instant
    term_start: date
    due_at: Instant
    fee: tuple[FeeLine, ...] = ()
    total: Dong = 0
    owner: Owner | None = None


class DossierRejected(DossierEvent):
    """The one-stop desk refused to receive it (form 03)."""

    STREAM = STREAM
    TYPE = "dossier.rejected"
    reason: Text
    rejected_at: Instant


class DossierExamined(DossierEvent):
    """A specialist examined it and proposes an outcome."""

    STREAM = STREAM
    TYPE = "dossier.examined"
    proposal: Literal["approve", "refuse"]
    examined_at: Instant


class DossierDecided(DossierEvent):
    """The leader decided."""

    STREAM = STREAM
    TYPE = "dossier.decided"
    outcome: Literal["approved", "refused"]
    reason: Text | None = None
    decided_at: Instant


class ResultIssued(DossierEvent):
    """The registrar gave the result its number and date; delivery makes the document and brings it."""

    STREAM = STREAM
    TYPE = "dossier.result_issued"
    code: Text
    number: Text
    kind: ResultKind
    title: Bilingual
    outcome: Literal["approved", "refused"]
    reason: Text | None = None
    issued_at: Instant


class DossierCompleted(DossierEvent):
    """The result was returned (đã trả kết quả): the end of the dossier."""

    STREAM = STREAM
    TYPE = "dossier.completed"
    way: Way
    completed_at: Instant


EVENTS = (
    DossierSubmitted,
    DossierAccepted,
    DossierRejected,
    DossierExamined,
    DossierDecided,
    ResultIssued,
    DossierCompleted,
)

"""The `dossier` stream: said by submission, heard by payment, delivery, notification and tracking."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Protocol

from pydantic import Field

from schemas import feedback, work
from schemas.event import Dong, DossierEvent, DossierId, Instant, Record, Text
from schemas.money import Vnd
from schemas.personal import Address, Comment, Email, IdentityNumber, Name, Owner, Phone
from schemas.work import Act

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


Basis = Literal["authorisation", "guardianship", "legal_representation"]
"""By what right somebody files for the applicant."""
Consent = Literal["in_person", "on_paper", "by_phone"]
"""How an applicant agreed that a clerk files for them."""


class Agent(Record):
    """Who files for the applicant; `paper`: the document that says they may, its number and date."""

    basis: Basis
    name: Name
    phone: Phone | None = None
    identity_number: IdentityNumber | None = None
    paper: Comment


class Assistance(Record):
    """The clerk who filed it at the counter for an applicant, and how and when that applicant agreed."""

    officer: Text
    consent: Consent
    consented_at: Instant


class PostalAddress(Record):
    """Where a result is sent by post: province and commune by official code (domain.md 6), the rest sealed."""

    province: Annotated[str, Field(pattern=r"^\d{2}$")]
    commune: Annotated[str, Field(pattern=r"^\d{5}$")]
    detail: Address


class TermLength(Record):
    """How long a procedure takes: calendar days (ngày) or working days (ngày làm việc)."""

    amount: Annotated[int, Field(ge=1, le=3660)]
    unit: Literal["calendar", "working"]


class Assessed(Protocol):
    """A line as the law in code assesses it; amounts in VND."""

    @property
    def code(self) -> str: ...
    @property
    def name_vi(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def kind(self) -> Literal["phi", "le_phi"]: ...
    @property
    def unit_price(self) -> int: ...
    @property
    def quantity(self) -> int: ...
    @property
    def amount(self) -> int: ...


class FeeLine(Record):
    """One line of phí (fee for a service) or lệ phí (charge), whole đồng."""

    code: Text
    name: Bilingual
    kind: Literal["phi", "le_phi"]
    unit_price: Dong
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    amount: Dong

    @classmethod
    def of(cls, line: Assessed) -> FeeLine:
        """That line as events have it."""
        return cls(
            code=line.code,
            name=Bilingual(vi=line.name_vi, en=line.name_en),
            kind=line.kind,
            unit_price=Vnd(line.unit_price),
            quantity=line.quantity,
            amount=Vnd(line.amount),
        )


class SupplementItem(Record):
    """One thing to put right: a field of the form or a document of the dossier, why, and what it is called."""

    kind: Literal["field", "document"]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    why: Annotated[str, Field(min_length=1, max_length=300)]
    label: Bilingual | None = None


class AttachedFile(Record):
    """A file of a dossier: its id, the document of the procedure it is, and of its content SHA-256 (hex), bytes, type.

    `standing`: what was known of viruses when it was attached.
    """

    file: DossierId
    code: Annotated[str, Field(min_length=1, max_length=64)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]
    media: Text
    standing: Literal["checking", "clean", "unscanned"]


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
    agent: Agent | None = None
    assistance: Assistance | None = None
    way: Way
    address: PostalAddress | None = None
    filed_at: Instant
    files: tuple[AttachedFile, ...] = ()


class DossierAccepted(DossierEvent):
    """The one-stop desk received it (tiếp nhận): it has a dossier code, a due date and, where there is one, a fee.

    Until a fee is paid `due_at` is a promise for payment on the same day; `FeeSettled` says the one that counts. A fee
    that was asked for before (`FeeRequested`) is paid by now; one that is due before the result is not among `fee`.
    `payer`: whom receipts are made out to.
    """

    STREAM = STREAM
    TYPE = "dossier.accepted"
    code: Text
    received_at: Instant
    term_start: date
    due_at: Instant
    fee: tuple[FeeLine, ...] = ()
    total: Dong = Dong(0)
    owner: Owner | None = None
    term: TermLength | None = None
    by: Act | None = None
    payer: Name | None = None


class FeeRequested(DossierEvent):
    """A fee that is due at another point than reception: `before` it is received, or before its result is issued.

    `code` None: it has none yet, and its invoice has the dossier's id for a number.
    """

    STREAM = STREAM
    TYPE = "dossier.fee_requested"
    code: Text | None = None
    before: Literal["acceptance", "result"]
    fee: tuple[FeeLine, ...]
    total: Dong
    owner: Owner | None = None
    payer: Name | None = None
    requested_at: Instant


class DossierRejected(DossierEvent):
    """The one-stop desk refused to receive it (form 03)."""

    STREAM = STREAM
    TYPE = "dossier.rejected"
    reason: Text
    rejected_at: Instant
    by: Act | None = None


class DossierExamined(DossierEvent):
    """A specialist examined it and proposes an outcome."""

    STREAM = STREAM
    TYPE = "dossier.examined"
    proposal: Literal["approve", "refuse"]
    examined_at: Instant
    by: Act | None = None


class DossierDecided(DossierEvent):
    """The leader decided; a refusal says why and names its legal ground."""

    STREAM = STREAM
    TYPE = "dossier.decided"
    outcome: Literal["approved", "refused"]
    reason: Text | None = None
    ground: Text | None = None
    decided_at: Instant
    by: Act | None = None


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
    ground: Text | None = None
    issued_at: Instant
    by: Act | None = None


class DossierCompleted(DossierEvent):
    """The result was returned (đã trả kết quả): the end of the dossier."""

    STREAM = STREAM
    TYPE = "dossier.completed"
    way: Way
    completed_at: Instant


class SupplementRequested(DossierEvent):
    """The applicant is asked, once and in writing (form 02), for all that is missing; the term is paused."""

    STREAM = STREAM
    TYPE = "dossier.supplement_requested"
    items: Annotated[tuple[SupplementItem, ...], Field(min_length=1, max_length=30)]
    answer_by: Instant
    requested_at: Instant
    by: Act | None = None


class DossierSupplemented(DossierEvent):
    """The applicant answered; `due_at` is the new due date, None before reception."""

    STREAM = STREAM
    TYPE = "dossier.supplemented"
    fields: tuple[Text, ...] = ()
    documents: tuple[Text, ...] = ()
    due_at: Instant | None = None
    supplemented_at: Instant
    files: tuple[AttachedFile, ...] = ()


class OriginalChecked(DossierEvent):
    """An officer held the paper against a file of the dossier: they are the same."""

    STREAM = STREAM
    TYPE = "dossier.original_checked"
    file: DossierId
    code: Text
    checked_at: Instant
    by: Act | None = None


class FeeSettled(DossierEvent):
    """The fee is paid, so the term runs on from the time of payment; `promised` is the due date told at reception.

    Before reception both are what follows from the filing: nothing was promised yet.
    """

    STREAM = STREAM
    TYPE = "dossier.fee_settled"
    paid_at: Instant
    due_at: Instant
    promised: Instant


class DossierExtended(DossierEvent):
    """Before the breach, once: an apology with the reason and a new date (form 04)."""

    STREAM = STREAM
    TYPE = "dossier.extended"
    reason: Text
    was_due: Instant
    due_at: Instant
    extended_at: Instant
    by: Act | None = None


class DossierStopped(DossierEvent):
    """The end without a decision (form 05). `by` None: by the written rule: no supplement or no fee came in time."""

    STREAM = STREAM
    TYPE = "dossier.stopped"
    reason: Text
    ground: Text
    stopped_at: Instant
    by: Act | None = None


class DossierWithdrawn(DossierEvent):
    """The applicant took it back: the end."""

    STREAM = STREAM
    TYPE = "dossier.withdrawn"
    reason: Text | None = None
    withdrawn_at: Instant


EVENTS = (
    DossierSubmitted,
    DossierAccepted,
    FeeRequested,
    DossierRejected,
    SupplementRequested,
    DossierSupplemented,
    OriginalChecked,
    FeeSettled,
    DossierExamined,
    DossierExtended,
    DossierStopped,
    DossierWithdrawn,
    DossierDecided,
    ResultIssued,
    DossierCompleted,
    *work.EVENTS,
    *feedback.EVENTS,
)

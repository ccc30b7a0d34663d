"""The `dossier` stream: said by submission, heard by payment, delivery, notification and tracking."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas import feedback, rights, work
from schemas.event import Dong, DossierEvent, DossierId, Instant, Text
from schemas.parts import (
    Agent,
    Applicant,
    Assistance,
    AttachedFile,
    Bilingual,
    FeeLine,
    LegalForm,
    PostalAddress,
    ResultKind,
    Route,
    SupplementItem,
    TermLength,
    Way,
)
from schemas.personal import Name, Owner
from schemas.work import Act

STREAM = "dossier"


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
    legal_form: LegalForm | None = None


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
    *rights.EVENTS,
)

"""The dossier as submission keeps it: what decisions need, no history (that leaves as events). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from law.codes import CodeSeries
from law.terms import Term
from schemas.event import Instant, Record
from schemas.parts import (
    Agent,
    Applicant,
    Assistance,
    AttachedFile,
    Bilingual,
    LegalForm,
    PostalAddress,
    SupplementItem,
    Way,
)
from schemas.personal import Comment, Form
from schemas.work import Act
from services.submission.portal_messages import Report

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
THIRTY_DAYS: Final = Term(amount=30, unit="calendar")
THREE_WORKING_DAYS: Final = Term(amount=3, unit="working")
TEN_DAYS: Final = Term(amount=10, unit="working")
Stage = Literal[
    "filed", "receiving", "supplementing", "awaiting_fee", "assigning", "examining", "deciding", "issuing",
    "numbering", "returning", "returned", "rejected", "withdrawn", "stopped",
]  # fmt: skip


Closing = Literal["stop", "wait"]
"""What becomes of a dossier whose applicant did not do their part in time."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the agency configures: how many drafts a person may have, of how many bytes of JSON.

    life     how long one is kept after it was last saved
    warning  how long before its end its owner is told
    """

    most: int = 10
    bytes_each: int = 16 * 1024
    bytes_together: int = 40 * 1024
    life: timedelta = timedelta(days=30)
    warning: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the agency configures.

    warn_share   how much of the term has run when the officer is warned
    first_answer office time the desk has for its first answer (NĐ 45/2020/NĐ-CP: 8 working hours)
    supplement   how long an applicant has to supplement; closing: what happens then, `stop` or `wait` on
    fee          how long after its invoice expired a fee may still come; fee_closing: what happens then
    complaint    how long the leader has to answer a complaint
    drafts       how many drafts a person may have, and for how long
    national     whether steps are put into the national portal
    """

    codes: CodeSeries
    units: frozenset[str] = frozenset({"culture"})
    warn_share: Decimal = Decimal("0.8")
    first_answer: timedelta = timedelta(hours=8)
    supplement: Term = THIRTY_DAYS
    closing: Closing = "stop"
    fee: Term = THREE_WORKING_DAYS
    fee_closing: Closing = "stop"
    complaint: Term = TEN_DAYS
    drafts: Keeping = Keeping()
    national: bool = False


class Document(AttachedFile):
    """A file of the dossier. `original`: who saw the paper, in which role, and when."""

    original: Act | None = None
    checked_at: Instant | None = None


class Ask(Record):
    """The one request for a supplement. `back`: the stage it came from and goes back to."""

    items: tuple[SupplementItem, ...]
    requested_at: Instant
    answer_by: Instant
    back: Stage
    answered_at: Instant | None = None


class Extended(Record):
    """The one extension: days more, in the unit of the term."""

    days: int
    granted_at: Instant
    reason: str


class National(Record):
    """What the national portal is still to be told, the first of it on its way; `refused`: how many it did not take."""

    waiting: tuple[Report, ...] = ()
    refused: int = 0


class Portal(Record):
    """The upstream portal that filed it, under which reference; `told`: the last step it was told of, from 1."""

    source: str
    reference: str
    told: int = 0


Alert = Literal["soon", "overdue"]


class Told(Record):
    """What the officer was last told of which due instant: it may be due at the same one again after a pause."""

    due_at: Instant
    alert: Alert


class Complaint(Record):
    """The one complaint, and its answer."""

    text: Comment
    complained_at: Instant
    due_at: Instant
    overdue: bool = False
    answer: Comment | None = None
    upheld: bool | None = None
    answered_at: Instant | None = None


class Correction(Record):
    """Data that were put right: which fields, by whom and why.

    Of a dossier that had ended the record stays as it was, and what is right is here: `applicant`, `address`, `form`.
    """

    at: Instant
    officer: str
    reason: str
    fields: tuple[str, ...]
    applicant: Applicant | None = None
    address: PostalAddress | None = None
    form: Form | None = None


class Restriction(Record):
    """Nothing is done with the person's data but what the law asks for: since when, by whom and why."""

    at: Instant
    officer: str
    reason: str


class Dossier(Record):
    """A dossier as submission sees it.

    agent, assistance  who filed it for the applicant: somebody with a right to, a clerk at the counter
    revision   counts what was done with it: the ETag that an officer's command is held against
    since      when the present stage, or the present step of the examination, began
    passed     steps of the examination that are done
    answer_by  when the desk's first answer is due, while it is
    due_at     when the result is due; None before reception and while a pause is open
    stage_due  when the present stage of a term in several is due, while it is not the last one
    answered   when the stages before it were answered
    calendar   version of the calendar that these dates rest on
    consented_at  when the agency's silence became consent, where the law says so
    fee_at     when its fee was asked for, where that was not at reception
    pay_by     when a dossier whose fee nobody paid is stopped; None while its invoice is open
    warn_at    when the officer is warned of it; alert: what was said about what is due now; told: and before that
    tokens     what it is found by besides its code (`finding`)
    pending    the act whose event waits for a number: reception, issue
    officers  accounts that examined it, and those they stood in for: none of them decides
    corrections, restricted  what the person had done with their data (`rights`)
    documents its files; what is known of viruses in them now is the files' own (`services.submission.files`)
    """

    id: str
    owner: str
    stage: Stage
    revision: int = 1
    since: Instant | None = None
    procedure: str
    version: str
    procedure_name: Bilingual
    applicant: Applicant
    legal_form: LegalForm | None = None
    agent: Agent | None = None
    assistance: Assistance | None = None
    form: Form
    answers: dict[str, str | int] = Field(default_factory=dict)
    way: Way
    address: PostalAddress | None = None
    filed_at: Instant
    received_at: Instant | None = None
    code: str | None = None
    tokens: tuple[str, ...] = ()
    pending: Act | None = None
    answer_by: Instant | None = None
    due_at: Instant | None = None
    stage_due: Instant | None = None
    answered: tuple[Instant, ...] = ()
    calendar: str | None = None
    promised: Instant | None = None
    pay_by: Instant | None = None
    consented_at: Instant | None = None
    warn_at: Instant | None = None
    alert: Alert | None = None
    told: Told | None = None
    total: int = 0
    fee_at: Instant | None = None
    paid_at: Instant | None = None
    supplement: Ask | None = None
    extension: Extended | None = None
    unit: str | None = None
    holder: str | None = None
    held_since: Instant | None = None
    passed: int = 0
    officers: tuple[str, ...] = ()
    proposal: Literal["approve", "refuse"] | None = None
    outcome: Literal["approved", "refused"] | None = None
    reason: str | None = None
    ground: str | None = None
    result_number: str | None = None
    returned_at: Instant | None = None
    ended_at: Instant | None = None
    score: int | None = None
    complaint: Complaint | None = None
    documents: tuple[Document, ...] = ()
    portal: Portal | None = None
    national: National = National()
    corrections: tuple[Correction, ...] = ()
    restricted: Restriction | None = None

    def to(self, stage: Stage, now: datetime, **changes: Any) -> Dossier:
        """This dossier in that stage, one revision on."""
        since = now if stage != self.stage or "passed" in changes else self.since
        return self.model_copy(update={"stage": stage, "since": since, "revision": self.revision + 1, **changes})

    def same(self, now: datetime, **changes: Any) -> Dossier:
        """This dossier in the same stage, one revision on."""
        return self.to(self.stage, now, **changes)

    @property
    def target(self) -> datetime | None:
        """What its officers must meet next: the present stage's due date, else the dossier's."""
        return self.stage_due or self.due_at

    @property
    def grievance(self) -> Complaint | None:
        """The complaint that waits for its answer."""
        return self.complaint if self.complaint and self.complaint.answered_at is None else None

    @property
    def answer(self) -> dict[str, Any]:
        """What whoever sent a command is told."""
        return {"id": self.id, "stage": self.stage, "revision": self.revision}


def local_day(instant: datetime) -> date:
    """The legal day of an instant."""
    return instant.astimezone(LOCAL).date()

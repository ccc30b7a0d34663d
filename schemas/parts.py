"""What events of a dossier are made of: people, texts, addresses, fees, files."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from pydantic import Field

from schemas.event import Dong, DossierId, Instant, Record, Text
from schemas.money import Vnd
from schemas.personal import Address, Comment, Email, IdentityNumber, Name, Phone

Way = Literal["online", "post", "in_person"]
"""A delivery way: how the result reaches the applicant."""
Route = Literal["portal", "upstream"]
"""A filing route: our own door over HTTP, or another party's portal over Kafka."""
ResultKind = Literal["reply", "certificate", "card"]


class Bilingual(Record):
    """A text people read, in Vietnamese and English."""

    vi: Text
    en: Text


LegalForm = Literal["household", "organisation"]
"""What an applicant is more exactly than `Applicant.kind` says: a business household stands as the person who runs it,
an organisation that is no enterprise as a body. A word more for `kind` would be one that older readers refuse."""


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

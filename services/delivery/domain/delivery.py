"""A dossier's result and its way to the applicant, as one document. Pure.

`status` keeps the words of the first release; what happened besides stands in fields of its own: `trouble` says why a
delivery failed, `held` what it waits for before it may leave.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Literal

from chassis.decision import Refused
from schemas.dossier import ResultIssued
from schemas.event import Dong, Instant, Record, Text
from schemas.money import Vnd
from schemas.parts import Applicant, PostalAddress, Way
from schemas.personal import Owner, Secret
from services.delivery.domain.papers import Papers
from services.delivery.messages import Authorised, Choice, Moved, Signature

Status = Literal["waiting", "rendering", "ordering", "travelling", "available", "delivered", "failed"]
Trouble = Literal["returned", "lost", "cancelled", "partial", "uncollected", "refused", "document"]
MAX_DOCUMENTS: Final = 12
MAX_PARCELS: Final = 8
MAX_LINKS: Final = 8
MAX_PHYSICAL: Final = 4
MAX_MOVES: Final = 100
MAX_OLD_MOVES: Final = 20


class ResultForm(Record):
    """What one procedure gives: by which template, signed or not, and what there is besides the electronic original.

    `physical`: a card or a plaque that must lie at the desk first; `paper`: a paper original, which goes by post or is
    collected even when the electronic one was chosen. `scanned`: signed by hand, so the registrar uploads a scan.
    """

    template: Text | None = None
    signed: bool = True
    scanned: bool = False
    paper: bool = False
    physical: Literal["card", "plaque"] | None = None


class Rules(Record):
    """What can be configured of a delivery. Days are calendar days; amounts VND."""

    poll: timedelta = timedelta(minutes=15)
    lost_after: timedelta = timedelta(days=15)
    remind_after: tuple[timedelta, ...] = (timedelta(days=7), timedelta(days=20))
    uncollected_after: timedelta = timedelta(days=30)
    fee: Dong = Vnd()
    fee_by: Literal["cod", "payment"] = "cod"
    desk: Text = "H18"
    forms: Mapping[str, ResultForm] = {}

    def form(self, procedure: str | None) -> ResultForm:
        """That of a procedure; where nothing is said: signed, electronic."""
        return self.forms.get(procedure or "", ResultForm())


class Issued(Record):
    """One result document that was made. Never deleted: a verification page must know it for ever."""

    document: Text
    code: Text
    title: Text
    number: Text | None = None
    scan: Text | None = None
    leader: Text | None = None
    sha256: Text | None = None
    size: int = 0
    signatures: tuple[Signature, ...] = ()
    stored_at: Instant | None = None
    replaces: Text | None = None
    replaced_by: Text | None = None
    revoked_at: Instant | None = None
    reason: Text | None = None

    @property
    def valid(self) -> bool:
        """Stored, and neither replaced nor revoked."""
        return self.sha256 is not None and self.revoked_at is None


class Physical(Record):
    """A card or a plaque at the desk."""

    kind: Literal["card", "plaque"]
    serial: Text
    officer: Text
    at: Instant


class Parcel(Record):
    """A consignment that is over, or one of papers to the office."""

    order: Text
    tracking: Text | None = None
    moves: tuple[Moved, ...] = ()
    arrived_at: Instant | None = None
    failed: Text | None = None


class Fee(Record):
    """What the way by post costs the applicant, VND: `paid_at` before it goes, or when the postman's money came in."""

    invoice: Text
    amount: Dong
    paid_at: Instant | None = None


class Link(Record):
    """A one-time download: hashes of its token and of token and pin, never the things themselves."""

    token: Text
    proof: Text
    document: Text
    expires_at: Instant
    wrong: int = 0
    used_at: Instant | None = None


class Case(Record):
    """A compensation case for a consignment that was lost."""

    tracking: Text
    opened_at: Instant
    outcome: Literal["found", "compensated", "refused"] | None = None
    amount: Dong = Vnd()


class Delivery(Record):
    """What is known of one dossier's result and its way. `document`, `tracking`, `moves` are of what counts now."""

    dossier_id: str
    status: Status = "waiting"
    way: Way | None = None
    owner: Owner | None = None
    applicant: Applicant | None = None
    address: PostalAddress | None = None
    result: ResultIssued | None = None
    document: str | None = None
    sha256: str | None = None
    tracking: str | None = None
    moves: tuple[Moved, ...] = ()
    asking: bool = False
    delivered_at: Instant | None = None
    papers: Papers = Papers()

    trouble: Trouble | None = None
    held: Literal["scan", "physical", "fee"] | None = None
    desk: Text | None = None
    authorised: Authorised | None = None
    leader: Text | None = None
    documents: tuple[Issued, ...] = ()
    physical: tuple[Physical, ...] = ()
    pickup: Secret | None = None
    links: tuple[Link, ...] = ()
    available_at: Instant | None = None
    reminded: int = 0
    collected: Text | None = None
    ordered: int = 0
    ordered_at: Instant | None = None
    handed_at: Instant | None = None
    wanted: Choice | None = None
    past: tuple[Parcel, ...] = ()
    inbound: tuple[Parcel, ...] = ()
    fee: Fee | None = None
    case: Case | None = None
    cases: tuple[Case, ...] = ()
    """Of earlier consignments."""

    def to(self, status: Status, **changes: Any) -> Delivery:
        """This delivery in another status; the trouble it was in is over unless it is named again."""
        return self.model_copy(update={"status": status, "trouble": None, **changes})

    def having(self, **changes: Any) -> Delivery:
        """This delivery with some fields changed."""
        return self.model_copy(update=changes)

    @property
    def order(self) -> str:
        """The order number of the consignment under way: the dossier's own id, then with a count."""
        return self.dossier_id if self.ordered <= 1 else f"{self.dossier_id}:{self.ordered}"

    def issued(self, document: str) -> Issued:
        """One of its documents. Raises Refused."""
        found = next((d for d in self.documents if d.document == document), None)
        if found is None:
            raise Refused("not_found", "there is no such document")
        return found

    def with_document(self, changed: Issued) -> Delivery:
        """With one of its documents changed."""
        return self.having(documents=tuple(changed if d.document == changed.document else d for d in self.documents))

    @property
    def cod(self) -> int:
        """VND the postman collects for the consignment under way: what was not paid before it was ordered."""
        return self.fee.amount if self.fee is not None and self.fee.paid_at is None else 0

    @property
    def codes(self) -> tuple[str, ...]:
        """What verification finds it by: the code and the hash of each document stored."""
        return tuple(word for d in self.documents if d.sha256 for word in (d.code, d.sha256))


def known(delivery: Delivery | None) -> Delivery:
    """The delivery a command is about. Raises Refused."""
    if delivery is None:
        raise Refused("not_found", "there is no delivery for this dossier")
    return delivery


def verification_code(document: str) -> str:
    """Sixteen letters and digits in fours: 80 bits nobody guesses, and nothing about the dossier in them."""
    text = b32encode(sha256(f"verify/{document}".encode()).digest()[:10]).decode()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def at_or_after(first: datetime | None, then: datetime | None) -> datetime | None:
    """The earlier of two instants, where there are any."""
    return min((i for i in (first, then) if i is not None), default=None)

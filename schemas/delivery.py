"""The `delivery` stream: said by delivery, heard by submission, payment, notification and tracking."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from schemas.event import Dong, DossierEvent, Instant, Text
from schemas.money import Vnd
from schemas.parts import Way
from schemas.personal import Secret

STREAM = "delivery"

FETCHED: Final = frozenset({6, 7, *range(10, 20), 23, 24})
"""Statuses of a consignment that the post office has: it has left the desk."""


class DocumentStored(DossierEvent):
    """A result document exists, encrypted, in delivery's file store. Its verification page is found by `code`."""

    STREAM = STREAM
    TYPE = "delivery.document_stored"
    document: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]
    stored_at: Instant
    code: Text | None = None
    signatures: tuple[Text, ...] = ()
    replaces: Text | None = None


class ResultAvailable(DossierEvent):
    """The applicant can have it now: by download (online), or at the desk (in person) with the code `pickup`.

    `document`: one more result, after the first; `desk_name`: as people know the desk, here and below.
    """

    STREAM = STREAM
    TYPE = "delivery.result_available"
    way: Way
    available_at: Instant
    desk: Text | None = None
    desk_name: Text | None = None
    pickup: Secret | None = None
    document: Text | None = None


class ConsignmentOrdered(DossierEvent):
    """The post office took the order; `tracking` is its S10 item number."""

    STREAM = STREAM
    TYPE = "delivery.consignment_ordered"
    tracking: Text
    ordered_at: Instant


class ConsignmentMoved(DossierEvent):
    """The post office reported a new status (codes of MyVNPost, domain.md 5)."""

    STREAM = STREAM
    TYPE = "delivery.consignment_moved"
    tracking: Text
    status: Annotated[int, Field(ge=0, le=99)]
    moved_at: Instant


class ConsignmentReturned(DossierEvent):
    """It came back to the desk: the applicant chooses again."""

    STREAM = STREAM
    TYPE = "delivery.consignment_returned"
    tracking: Text
    returned_at: Instant


class ConsignmentLost(DossierEvent):
    """Nothing was heard of it for too long: a compensation case is open, and the applicant chooses again."""

    STREAM = STREAM
    TYPE = "delivery.consignment_lost"
    tracking: Text
    last_heard_at: Instant
    lost_at: Instant


class CaseClosed(DossierEvent):
    """A compensation case ended: it turned up after all, or so much was paid (VND)."""

    STREAM = STREAM
    TYPE = "delivery.case_closed"
    tracking: Text
    outcome: Literal["found", "compensated", "refused"]
    amount: Dong = Vnd()
    closed_at: Instant


class ChoiceChanged(DossierEvent):
    """The applicant wants it another way, or to another place."""

    STREAM = STREAM
    TYPE = "delivery.choice_changed"
    way: Way
    was: Way
    desk: Text | None = None
    changed_at: Instant


class ChoiceRefused(DossierEvent):
    """The post office had it already: the choice stays."""

    STREAM = STREAM
    TYPE = "delivery.choice_refused"
    way: Way
    refused_at: Instant


class DeliveryFeeDue(DossierEvent):
    """The way by post costs the applicant `amount` VND. It goes when `payment.received` names `invoice`."""

    STREAM = STREAM
    TYPE = "delivery.fee_due"
    invoice: Text
    amount: Annotated[int, Field(ge=1)]
    due_at: Instant


class PickupReminded(DossierEvent):
    """It still waits at the desk, until `keeps_until`."""

    STREAM = STREAM
    TYPE = "delivery.pickup_reminded"
    desk: Text
    desk_name: Text | None = None
    keeps_until: Instant
    reminded_at: Instant


class ResultUncollected(DossierEvent):
    """Nobody came for it in time; it can still be had, or sent another way."""

    STREAM = STREAM
    TYPE = "delivery.uncollected"
    desk: Text
    desk_name: Text | None = None
    available_at: Instant
    uncollected_at: Instant


class LinkMade(DossierEvent):
    """A one-time download: the address and, by another channel, the code that opens it."""

    STREAM = STREAM
    TYPE = "delivery.link_made"
    url: Secret
    pin: Secret
    expires_at: Instant
    made_at: Instant


class DocumentRevoked(DossierEvent):
    """A result document is no longer valid; with `replaced_by` another stands in its place."""

    STREAM = STREAM
    TYPE = "delivery.document_revoked"
    document: Text
    code: Text
    reason: Text
    replaced_by: Text | None = None
    revoked_at: Instant


class PhysicalRegistered(DossierEvent):
    """A card or a plaque lies at the desk, under its own serial number."""

    STREAM = STREAM
    TYPE = "delivery.physical_registered"
    kind: Literal["card", "plaque"]
    serial: Text
    registered_at: Instant


class PapersOrdered(DossierEvent):
    """The post office will fetch papers of the dossier from the applicant."""

    STREAM = STREAM
    TYPE = "delivery.papers_ordered"
    tracking: Text
    ordered_at: Instant


class PapersArrived(DossierEvent):
    """Papers of the dossier came to the office by post."""

    STREAM = STREAM
    TYPE = "delivery.papers_arrived"
    tracking: Text
    arrived_at: Instant


class PapersFailed(DossierEvent):
    """Papers of the dossier are not on their way to the office; the applicant may try again."""

    STREAM = STREAM
    TYPE = "delivery.papers_failed"
    reason: Text
    failed_at: Instant


class DocumentFailed(DossierEvent):
    """A further document, or one to replace another, cannot be made; what was issued before stays as it is."""

    STREAM = STREAM
    TYPE = "delivery.document_failed"
    reason: Text
    failed_at: Instant


class DeliveryFailed(DossierEvent):
    """The result came back or could not be sent; an officer must act."""

    STREAM = STREAM
    TYPE = "delivery.failed"
    way: Way
    reason: Text
    failed_at: Instant


class ResultDelivered(DossierEvent):
    """The result reached the applicant, or whoever they authorised."""

    STREAM = STREAM
    TYPE = "delivery.result_delivered"
    way: Way
    delivered_at: Instant
    receiver: Literal["applicant", "authorised"] = "applicant"


EVENTS = (
    DocumentStored,
    ResultAvailable,
    ConsignmentOrdered,
    ConsignmentMoved,
    ConsignmentReturned,
    ConsignmentLost,
    CaseClosed,
    ChoiceChanged,
    ChoiceRefused,
    DeliveryFeeDue,
    PickupReminded,
    ResultUncollected,
    LinkMade,
    DocumentRevoked,
    PhysicalRegistered,
    PapersOrdered,
    PapersArrived,
    PapersFailed,
    DocumentFailed,
    DeliveryFailed,
    ResultDelivered,
)

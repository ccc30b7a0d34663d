"""The `delivery` stream: said by delivery, heard by submission, payment, notification and tracking."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.dossier import Way
from schemas.event import DossierEvent, Instant, Text

STREAM = "delivery"


class DocumentStored(DossierEvent):
    """The result document exists, encrypted, in delivery's file store."""

    STREAM = STREAM
    TYPE = "delivery.document_stored"
    document: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]
    stored_at: Instant


class ResultAvailable(DossierEvent):
    """The applicant can have it now: by download (online), or at the desk (in person)."""

    STREAM = STREAM
    TYPE = "delivery.result_available"
    way: Way
    available_at: Instant


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


class DeliveryFailed(DossierEvent):
    """The result came back or could not be sent; an officer must act."""

    STREAM = STREAM
    TYPE = "delivery.failed"
    way: Way
    reason: Text
    failed_at: Instant


class ResultDelivered(DossierEvent):
    """The result reached the applicant."""

    STREAM = STREAM
    TYPE = "delivery.result_delivered"
    way: Way
    delivered_at: Instant


EVENTS = (DocumentStored, ResultAvailable, ConsignmentOrdered, ConsignmentMoved, DeliveryFailed, ResultDelivered)

"""Commands, outcomes and effects of delivery."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from chassis.decision import Command, Effect, FailureReason, Outcome, Policy
from schemas.dossier import PostalAddress, ResultIssued
from schemas.event import Instant, Record, Text
from schemas.personal import Name, Phone


class Collect(Command):
    """The applicant took the result at the desk."""

    officer: Text


class RenderDocument(Effect):
    """Makes the result document and stores it encrypted; the same name again leaves the first."""

    TYPE: ClassVar[str] = "document.render"
    POLICY: ClassVar[Policy] = "repeat"
    LEASE: ClassVar[timedelta] = timedelta(seconds=30)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=25)
    CONCURRENCY: ClassVar[int] = 1
    document: Text
    holder: Name
    result: ResultIssued

    def failed(self, reason: FailureReason) -> Outcome:
        """Without the holder's name there is nothing to make."""
        return DocumentRefused(reason=f"not made: {reason}")


class DocumentRefused(Outcome):
    """It cannot be made."""

    reason: Text


class DocumentRendered(Outcome):
    """It is stored. `sha256` and `size` are of the PDF in clear."""

    document: Text
    sha256: Text
    size: int


class OrderConsignment(Effect):
    """Orders the post office to bring it. It does not drop repeats: ask by order number first."""

    TYPE: ClassVar[str] = "post.order"
    POLICY: ClassVar[Policy] = "ask"
    PARTNER: ClassVar[str | None] = "post_office"
    order: Text
    to: Name
    phone: Phone
    address: PostalAddress

    def unknown(self) -> Outcome:
        """Asked too often what became of it: an officer must look."""
        return ConsignmentRefused(reason="unknown: the post office gives no answer, it may have the order")

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never ordered: an officer must look."""
        return ConsignmentRefused(reason=f"not ordered: {reason}")


class ConsignmentTaken(Outcome):
    """The post office has it under this item number."""

    tracking: Text


class ConsignmentRefused(Outcome):
    """It will not take it."""

    reason: Text


class Moved(Record):
    """One status of a consignment, as the post office tells it."""

    status: int
    at: Instant


class AskConsignment(Effect):
    """Asks where it is; asking again does no harm."""

    TYPE: ClassVar[str] = "post.ask"
    POLICY: ClassVar[Policy] = "repeat"
    PARTNER: ClassVar[str | None] = "post_office"
    tracking: Text


class ConsignmentSeen(Outcome):
    """Everything that happened to it so far, in any order."""

    moves: tuple[Moved, ...]

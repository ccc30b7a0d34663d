"""Effects of delivery: what is decided here and done elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from chassis.decision import Effect, FailureReason, Outcome, Policy
from schemas.dossier import ResultIssued
from schemas.event import Dong, Text
from schemas.money import Vnd
from schemas.parts import PostalAddress
from schemas.personal import Name, Phone
from services.delivery.messages import Cancelled, ConsignmentRefused, DocumentRefused, PapersRefused, Role

LOST_MAKER = "not made: refused, after an attempt whose end nobody knows"
LOST_ANSWER = "unknown: the post office gives no answer, it may have the order"


class RenderDocument(Effect):
    """Makes a result document without signature and stores it encrypted; the same name again leaves the first."""

    TYPE: ClassVar[str] = "document.render"
    POLICY: ClassVar[Policy] = "repeat"
    LEASE: ClassVar[timedelta] = timedelta(seconds=20)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=17)
    CONCURRENCY: ClassVar[int] = 4
    document: Text
    holder: Name
    result: ResultIssued
    code: Text | None = None
    template: Text | None = None
    note: Text | None = None

    def failed(self, reason: FailureReason) -> Outcome:
        """Without the holder's name there is nothing to make."""
        return DocumentRefused(reason=f"not made: {reason}", document=self.document)

    def unknown(self) -> Outcome:
        """An earlier attempt died, perhaps after it was stored: made again under the same name, that one counts."""
        return DocumentRefused(reason=LOST_MAKER, document=self.document)


class SignDocument(Effect):
    """Makes a document, or takes a scan, signs it in the order of `roles` and stores it encrypted.

    The same name again leaves the first: however often it is tried, there is one signed document. A kind of its own,
    so that a release that cannot sign leaves it alone.
    """

    TYPE: ClassVar[str] = "document.sign"
    POLICY: ClassVar[Policy] = "repeat"
    LEASE: ClassVar[timedelta] = timedelta(seconds=20)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=17)
    CONCURRENCY: ClassVar[int] = 4
    document: Text
    holder: Name | None = None
    result: ResultIssued | None = None
    scan: Text | None = None
    code: Text
    template: Text | None = None
    note: Text | None = None
    leader: Text | None = None
    roles: tuple[Role, ...]

    def failed(self, reason: FailureReason) -> Outcome:
        """The signer refuses, or the dossier's key is gone."""
        return DocumentRefused(reason=f"not signed: {reason}", document=self.document)

    def unknown(self) -> Outcome:
        """As for `RenderDocument`."""
        return DocumentRefused(reason=LOST_MAKER, document=self.document)


class OrderConsignment(Effect):
    """Orders the post office to fetch it from the desk and bring it. `cod`: VND; `desk` None: the province's.

    It does not drop repeats: ask by order number first.
    """

    TYPE: ClassVar[str] = "post.order"
    POLICY: ClassVar[Policy] = "ask"
    PARTNER: ClassVar[str | None] = "post_office"
    order: Text
    to: Name
    phone: Phone
    address: PostalAddress
    cod: Dong = Vnd()
    desk: Text | None = None

    def unknown(self) -> Outcome:
        """Asked too often what became of it: an officer must look."""
        return ConsignmentRefused(reason=LOST_ANSWER)

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never ordered: an officer must look."""
        return ConsignmentRefused(reason=f"not ordered: {reason}")


class CancelConsignment(Effect):
    """Takes an order back that was not fetched yet; asking again does no harm."""

    TYPE: ClassVar[str] = "post.cancel"
    POLICY: ClassVar[Policy] = "repeat"
    PARTNER: ClassVar[str | None] = "post_office"
    order: Text

    def failed(self, reason: FailureReason) -> Outcome:  # noqa: ARG002 - whatever the reason, it goes on its way
        """It stays ordered."""
        return Cancelled(done=False)

    def unknown(self) -> Outcome:
        """As if it stayed ordered: if the post office let go of it after all, it says so by a status."""
        return Cancelled(done=False)


class CollectPapers(Effect):
    """Orders the post office to fetch papers from the applicant for the desk; not repeatable without asking."""

    TYPE: ClassVar[str] = "post.fetch"
    POLICY: ClassVar[Policy] = "ask"
    PARTNER: ClassVar[str | None] = "post_office"
    order: Text
    sender: Name
    phone: Phone
    address: PostalAddress

    def unknown(self) -> Outcome:
        """An officer must look."""
        return PapersRefused(reason=LOST_ANSWER)

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never ordered."""
        return PapersRefused(reason=f"not ordered: {reason}")


class AskConsignment(Effect):
    """Asks where it is; asking again does no harm."""

    TYPE: ClassVar[str] = "post.ask"
    POLICY: ClassVar[Policy] = "repeat"
    PARTNER: ClassVar[str | None] = "post_office"
    tracking: Text


ALL: tuple[type[Effect], ...] = (
    RenderDocument,
    SignDocument,
    OrderConsignment,
    CancelConsignment,
    CollectPapers,
    AskConsignment,
)

"""What concerns portals: events of upstream ones and what they are told, and the steps the national portal is given."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from chassis.decision import Command, Effect, FailureReason, Outcome, Policy
from chassis.mailbox import Patience
from schemas.event import DossierId, Instant, Record, Text
from schemas.parts import (
    AttachedFile,
)
from schemas.personal import Form, Name, Secret
from schemas.upstream import Asked, Problem, StatusChange, Step
from services.submission.messages import FileDossier


class UpstreamFiled(Command):
    """A portal's event that can be filed; `filed_at`: when its dossier was, by this event or an earlier one."""

    source: Text
    reference: Text
    event: Text
    filing: FileDossier
    filed_at: Instant | None = None


class UpstreamInvalid(Command):
    """A portal's event with wrong fields."""

    source: Text
    reference: Text
    event: Text
    problems: tuple[Problem, ...]


class Referenced(Record):
    """A file that a portal named: its document's code, where it is, what it must be, and what it is called."""

    code: Text
    url: Secret
    sha256: Text
    size: int
    name: Name


class AskUpstream(Record):
    """What a portal asks by event `event`: of a dossier it filed, or to file one whose files must be fetched first.

    form    the fields put right, as one JSON text
    files   what is to be fetched first; held: what of it was
    filing  the dossier to file then
    """

    event: Text
    asked: Asked | Literal["filing"]
    files: tuple[Referenced, ...] = ()
    held: tuple[AttachedFile, ...] = ()
    filing: FileDossier | None = None
    form: Form | None = None
    documents: tuple[Text, ...] = ()
    reason: Text | None = None
    came_at: Instant


class UpstreamAsked(Command):
    """A portal's event about a dossier it filed, or will file."""

    source: Text
    reference: Text
    ask: AskUpstream


class UpstreamChanged(Command):
    """A step of a dossier, for the portal that filed it."""

    source: Text
    reference: Text
    dossier_id: DossierId
    change: StatusChange


class CarryOut(Effect):
    """Does to the dossier what its portal asks, once its files are held.

    The dossier keeps the event's id as idempotency key for ever.
    """

    TYPE: ClassVar[str] = "upstream.carry_out"
    POLICY: ClassVar[Policy] = "repeat"
    dossier_id: DossierId
    source: Text
    ask: AskUpstream

    def failed(self, reason: FailureReason) -> Outcome:
        """It was not done; the portal is told."""
        problem = Problem(
            field="(event)",
            problem=f"it could not be carried out: {reason}",
            code="erased" if reason == "erased" else "impossible",
            problem_vi="không thực hiện được",
        )
        return CarriedOut(event=self.ask.event, problems=(problem,))


class FetchFile(Effect):
    """Fetches one file of an event and holds it for the dossier; its id is made of its content, so it is repeatable.

    `owner`, `procedure`, `filed_at`: of a dossier that is not filed yet.
    """

    TYPE: ClassVar[str] = "upstream.fetch"
    POLICY: ClassVar[Policy] = "repeat"
    LEASE: ClassVar[timedelta] = timedelta(seconds=100)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=90)
    CONCURRENCY: ClassVar[int] = 4
    MAX_ATTEMPTS: ClassVar[int] = 8
    dossier_id: DossierId
    source: Text
    event: Text
    file: Referenced
    owner: Text | None = None
    procedure: Text | None = None
    filed_at: Instant | None = None

    def failed(self, reason: FailureReason) -> Outcome:
        """It could not be had; the portal is told."""
        problem = Problem(
            field=f"files.{self.file.code}",
            problem=f"the file could not be fetched: {reason}",
            code="erased" if reason == "erased" else "file_unavailable",
            problem_vi="không tải được tệp",
        )
        return FileFetched(event=self.event, problems=(problem,))


class FileFetched(Outcome):
    """The file as the dossier keeps it, or what is wrong with it."""

    event: Text
    file: AttachedFile | None = None
    problems: tuple[Problem, ...] = ()


class CarriedOut(Outcome):
    """It was done at that instant, or what is wrong with it."""

    event: Text
    done_at: Instant | None = None
    problems: tuple[Problem, ...] = ()


class TellPortal(Effect):
    """Tells the exchange of a dossier what happened to it; the exchange keeps the order."""

    TYPE: ClassVar[str] = "upstream.tell"
    POLICY: ClassVar[Policy] = "repeat"
    CONCURRENCY: ClassVar[int] = 256
    PATIENCE: ClassVar[Patience] = Patience.IDLE
    dossier_id: DossierId
    source: Text
    reference: Text
    change: StatusChange


class PortalTold(Outcome):
    """Nothing more to do."""


class CallPortal(Effect):
    """Calls the registered address of a portal with one reply, `data` as JSON; `number` tells repeats from others.

    One call each; the exchange decides when to call again.
    """

    TYPE: ClassVar[str] = "upstream.call"
    POLICY: ClassVar[Policy] = "repeat"
    CONCURRENCY: ClassVar[int] = 32
    source: Text
    number: int
    type: Text
    data: str

    def failed(self, reason: FailureReason) -> Outcome:  # noqa: ARG002 - whatever it is, it did not arrive
        """It did not arrive."""
        return PortalCalled(number=self.number, arrived=False)


class PortalCalled(Outcome):
    """Whether the portal has it: it answered 2xx."""

    number: int
    arrived: bool


class Report(Record):
    """A step of a received dossier, for the national portal; `unit`, `role`: whose work it was."""

    step: Step
    status: int
    happened_at: Instant
    role: Text | None = None
    unit: Text | None = None
    note: Text | None = None


class SyncNational(Effect):
    """Puts the dossier as it is now, and one step of it, into the national portal.

    Repeatable: the portal is asked first whether it has the dossier, and is given all of it each time.
    """

    TYPE: ClassVar[str] = "national.sync"
    POLICY: ClassVar[Policy] = "repeat"
    LEASE: ClassVar[timedelta] = timedelta(seconds=60)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=45)
    CONCURRENCY: ClassVar[int] = 4
    PARTNER: ClassVar[str | None] = "national portal"
    report: Report

    def failed(self, reason: FailureReason) -> Outcome:  # noqa: ARG002 - the next step tells all again
        """This step is not there."""
        return NationalSynced(accepted=False)


class NationalSynced(Outcome):
    """Whether the national portal took it."""

    accepted: bool


class FileUpstream(Effect):
    """Files the dossier of an exchange; the dossier's id makes it repeatable.

    No exchange decides it any more (the dossier is filed first); those that still hold one carry it out.
    """

    TYPE: ClassVar[str] = "upstream.file"
    POLICY: ClassVar[Policy] = "repeat"
    filing: FileDossier
    event: Text


class FiledUpstream(Outcome):
    """The dossier exists."""

    event: Text
    dossier_id: DossierId
    filed_at: Instant

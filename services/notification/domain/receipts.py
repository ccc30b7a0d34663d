"""One message id of an SMS centre: which message it is a part of, and its receipt, whichever comes first. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Handlers
from schemas.event import Record
from services.notification.messages import ReceiptReported, RecordReceipt, RegisterPart, ReportReceipt


class Part(Record):
    """Both halves, once both are there."""

    dossier: str | None = None
    message: str | None = None
    receipt: RecordReceipt | None = None


def register(part: Part | None, command: RegisterPart, _now: datetime) -> Decision[Part]:
    """Now we know whose it is."""
    part = part or Part()
    if part.message is not None:
        return Decision(part)
    return _joined(part.model_copy(update={"dossier": command.dossier, "message": command.message}))


def record(part: Part | None, command: RecordReceipt, _now: datetime) -> Decision[Part]:
    """The centre's receipt; a repeat changes nothing."""
    part = part or Part()
    if part.receipt is not None:
        return Decision(part)
    return _joined(part.model_copy(update={"receipt": command}))


def _joined(part: Part) -> Decision[Part]:
    if part.dossier is None or part.message is None or part.receipt is None:
        return Decision(part)
    report = ReportReceipt(
        dossier=part.dossier,
        message=part.message,
        state=part.receipt.state,
        reason=part.receipt.reason,
    )
    return Decision(part, effects=(report,))


def reported(part: Part | None, _outcome: ReceiptReported, _now: datetime) -> Decision[Part]:
    """Nothing more to do."""
    return Decision(part)


HANDLERS: Handlers = {RegisterPart: register, RecordReceipt: record, ReceiptReported: reported}

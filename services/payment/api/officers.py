"""What officers do to one invoice: cash, recalculation, refunds by two people, cases, receipts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from chassis.http import Caller, Problem, allow, send
from chassis.service import Platform
from law import fees, procedures
from law.errors import FeeError, FeeInputError, UnknownProcedure
from schemas.event import DossierId, Instant
from schemas.money import MOST, Vnd
from schemas.parts import FeeLine
from services.payment.api.common import Accountant, Approver, Key, Number, treasury_from
from services.payment.messages import (
    ApproveRefund,
    BookAttempt,
    CloseCase,
    DeclineRefund,
    MoneyArrived,
    RecalculateInvoice,
    RefundPaidOut,
    ReplaceReceipt,
    RequestRefund,
    Short,
    TransmitAgain,
)

Asker = Annotated[Caller, Depends(allow("clerk", "accountant", "leader"))]
Id = Annotated[str, Path(max_length=64)]
Amount = Annotated[int, Field(strict=True, ge=1, le=MOST)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Cash(_Body):
    """`voucher` is the number of the desk's own slip: the same one again is the same money. `invoice`: a postage's."""

    amount: Amount
    voucher: Annotated[str, Field(pattern=r"^[A-Za-z0-9/-]{3,40}$")]
    invoice: Number | None = None


class Recalculation(_Body):
    """The procedure's fee on the local day `on`, for what the dossier says now (``units`` and fields of its form)."""

    procedure: Annotated[str, Field(max_length=40)]
    on: date
    inputs: Annotated[dict[str, Annotated[str, Field(max_length=100)]], Field(max_length=20)] = {}
    reason: Short


class Asking(_Body):
    """`taking`: which payment; `amount` in VND; `ground`: the law that says so."""

    taking: Annotated[str, Field(min_length=1, max_length=100)]
    amount: Amount
    ground: Short


class Approving(_Body):
    """`by_hand`: not by the gateway, for a payment it cannot send back."""

    by_hand: bool = False


class Why(_Body):
    """A reason, a resolution."""

    reason: Short


class Seen(_Body):
    """What the gateway's books have of an attempt."""

    amount: Amount
    transaction: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,40}$")]
    paid_at: Instant


class Paper(_Body):
    """The number of the treasury's, the bank's or the desk's paper."""

    document: Short


def add(routes: APIRouter, platform: Platform) -> None:
    """The officers' routes."""
    _money(routes, platform)
    _cases(routes, platform)
    _refunds(routes, platform)


def _money(routes: APIRouter, platform: Platform) -> None:
    invoices = platform.engine("invoices")

    @routes.post("/dossiers/{dossier}/cash")
    async def cash(dossier: DossierId, body: Cash, caller: Accountant, key: Key) -> dict[str, Any]:
        """Cash was taken at the one-stop desk, exactly what is due."""
        command = MoneyArrived(
            id=f"cash:{body.voucher}",
            method="cash",
            amount=Vnd(body.amount),
            paid_at=platform.clock(),
            by=caller.sub,
            invoice=body.invoice,
        )
        return dict(await send(invoices, dossier, command, key))

    @routes.post("/dossiers/{dossier}/invoice/recalculate")
    async def recalculate(dossier: DossierId, body: Recalculation, caller: Accountant, key: Key) -> dict[str, Any]:
        """The fee as the law in code has it for that day and those inputs: the difference is asked for or refunded."""
        command = RecalculateInvoice(lines=_lines(body), reason=body.reason, by=caller.sub)
        return dict(await send(invoices, dossier, command, key))

    @routes.post("/dossiers/{dossier}/receipts/{number}/replace")
    async def replace(dossier: DossierId, number: Id, body: Why, caller: Accountant, key: Key) -> dict[str, Any]:
        """A receipt was wrong: it is cancelled and another takes its place."""
        command = ReplaceReceipt(number=number, reason=body.reason, by=caller.sub)
        return dict(await send(invoices, dossier, command, key))

    @routes.post("/dossiers/{dossier}/receipts/{number}/transmit")
    async def transmit(dossier: DossierId, number: Id, caller: Accountant, key: Key) -> dict[str, Any]:
        """The tax office did not take it: it is handed over once more."""
        return dict(await send(invoices, dossier, TransmitAgain(number=number, by=caller.sub), key))


def _cases(routes: APIRouter, platform: Platform) -> None:
    invoices = platform.engine("invoices")

    @routes.post("/dossiers/{dossier}/cases/{case}/book")
    async def book(dossier: DossierId, case: Id, body: Seen, caller: Accountant, key: Key) -> dict[str, Any]:
        """What an attempt really brought: it pays, or goes back, by the same rules as any money."""
        command = BookAttempt(case=case, by=caller.sub, **body.model_dump() | {"amount": Vnd(body.amount)})
        return dict(await send(invoices, dossier, command, key))

    @routes.post("/dossiers/{dossier}/cases/{case}/close")
    async def close(dossier: DossierId, case: Id, body: Why, caller: Accountant, key: Key) -> dict[str, Any]:
        """The accountant saw to it; `reason` says how."""
        command = CloseCase(case=case, resolution=body.reason, by=caller.sub)
        return dict(await send(invoices, dossier, command, key))


def _lines(body: Recalculation) -> tuple[FeeLine, ...]:
    try:
        procedure = procedures.find(body.procedure, body.on)
        found = fees.assess(procedure, body.on, fees.inputs_of_text(procedure, body.inputs))
    except UnknownProcedure as error:
        raise Problem(422, "invalid", str(error), errors=[{"field": "procedure", "problem": str(error)}]) from error
    except FeeInputError as error:
        wrong = {"field": f"inputs.{error.name}", "problem": str(error)}
        raise Problem(422, "invalid", str(error), errors=[wrong]) from error
    except FeeError as error:
        raise Problem(422, "invalid", str(error)) from error
    return tuple(map(FeeLine.of, found.lines))


def _refunds(routes: APIRouter, platform: Platform) -> None:
    invoices = platform.engine("invoices")

    @routes.post("/dossiers/{dossier}/refunds", status_code=201)
    async def ask(dossier: DossierId, body: Asking, caller: Asker, key: Key) -> dict[str, Any]:
        """An officer asks that some of the fee go back."""
        command = RequestRefund(taking=body.taking, amount=Vnd(body.amount), ground=body.ground, by=caller.sub)
        return dict(await send(invoices, dossier, command, key))

    @routes.post("/dossiers/{dossier}/refunds/{refund}/approve")
    async def approve(dossier: DossierId, refund: Id, body: Approving, caller: Approver, key: Key) -> dict[str, Any]:
        """Another person than the one who asked lets it go."""
        treasury = treasury_from(platform.clock(), platform.settings.treasury_days)
        command = ApproveRefund(refund=refund, treasury=treasury, by_hand=body.by_hand, by=caller.sub)
        return dict(await send(invoices, dossier, command, key))

    @routes.post("/dossiers/{dossier}/refunds/{refund}/decline")
    async def decline(dossier: DossierId, refund: Id, body: Why, caller: Approver, key: Key) -> dict[str, Any]:
        """What an officer asked for is not done."""
        command = DeclineRefund(refund=refund, reason=body.reason, by=caller.sub)
        return dict(await send(invoices, dossier, command, key))

    @routes.post("/dossiers/{dossier}/refunds/{refund}/paid-out")
    async def paid_out(dossier: DossierId, refund: Id, body: Paper, caller: Accountant, key: Key) -> dict[str, Any]:
        """The treasury, the bank or the desk gave it back."""
        command = RefundPaidOut(refund=refund, document=body.document, by=caller.sub)
        return dict(await send(invoices, dossier, command, key))

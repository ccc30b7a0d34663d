"""The daily reconciliation: gateway's report, own ledger and what the dossiers know, held against each other. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

from schemas.event import Record
from schemas.payment import Method
from services.payment.domain import ledger
from services.payment.domain.receipts import LOCAL
from services.payment.domain.reports import Line, Report
from services.payment.domain.state import Invoice

Kind = Literal[
    "missing_here",  # the gateway took money that our ledger does not have
    "missing_there",  # our ledger has money that the gateway did not report
    "amount",  # both have it, with other amounts
    "twice_there",  # the gateway reports one payment twice
    "refund_missing_here",  # the gateway sent money back that we did not ask for
    "refund_missing_there",  # we were told of a refund that the gateway does not report
    "settlement",  # what the gateway transfers is not its payments less refunds and charges
    "dossier",  # the fee is paid and its dossier does not know; or postage, and delivery does not
    "unbalanced",  # the journals of an invoice are not what it holds: cannot be
    "unmatched",  # a bank's entry that names no invoice
]
KNOWN_AFTER: Final = timedelta(hours=1)
"""A dossier that does not know of its payment after so long is a difference."""


class Difference(Record):
    """One thing that does not fit. `ours`, `theirs`: VND, None where there is nothing. `key` names it for ever."""

    key: str
    kind: Kind
    ref: str
    ours: int | None = None
    theirs: int | None = None


def compare(
    report: Report, method: Method, day: date, invoices: Iterable[Invoice], now: datetime
) -> list[Difference]:  # fmt: skip
    """Every difference of a local day; `invoices` are all that the report or the ledger names for it."""
    invoices = list(invoices)
    return [
        *_payments(report, method, day, invoices),
        *_refunds(report, method, day, invoices),
        *_settlement(report, method, day),
        *_dossiers(invoices, method, day, now),
    ]


def _payments(report: Report, method: Method, day: date, invoices: Sequence[Invoice]) -> Iterator[Difference]:
    known = {t.id: t for invoice in invoices for t in invoice.takings if t.method == method}
    theirs: defaultdict[str, list[Line]] = defaultdict(list)
    for line in report.lines:
        if line.type == "payment":
            theirs[line.ref].append(line)
    for ref, lines in theirs.items():
        taking = known.get(ref)
        if len(lines) > 1:
            ours = None if taking is None else taking.amount
            yield _difference("twice_there", ref, ours, sum(line.amount for line in lines))
        if taking is None:
            yield _difference("missing_here", ref, None, lines[0].amount)
        elif taking.amount != lines[0].amount:
            yield _difference("amount", ref, taking.amount, lines[0].amount)
    for taking in known.values():
        if _day(taking.paid_at) == day and taking.id not in theirs:
            yield _difference("missing_there", taking.id, taking.amount, None)


def _refunds(report: Report, method: Method, day: date, invoices: Sequence[Invoice]) -> Iterator[Difference]:
    """Refunds of one payment and amount are counted: several may be alike."""
    methods = {t.id: t.method for invoice in invoices for t in invoice.takings}
    ours = [
        r
        for invoice in invoices
        for r in invoice.refunds
        if r.way == "gateway" and r.status in {"sent", "made"} and methods.get(r.taking) == method
    ]
    have = Counter((r.taking, int(r.amount)) for r in ours)
    theirs = Counter((line.ref, int(line.amount)) for line in report.lines if line.type == "refund")
    for (ref, amount), count in theirs.items():
        for number in range(have[ref, amount], count):
            yield _difference("refund_missing_here", f"{ref}/{amount}/{number}", None, amount)
    today = Counter((r.taking, int(r.amount)) for r in ours if r.approved_at and _day(r.approved_at) == day)
    for (ref, amount), count in today.items():
        for number in range(theirs[ref, amount], count):
            yield _difference("refund_missing_there", f"{ref}/{amount}/{number}", amount, None)


def _settlement(report: Report, method: Method, day: date) -> Iterator[Difference]:
    expected = int(report.paid) - int(report.refunded) - int(report.charges)
    if report.net != expected:
        yield _difference("settlement", f"{method}/{day.isoformat()}", expected, report.net)


def _dossiers(invoices: Sequence[Invoice], method: Method, day: date, now: datetime) -> Iterator[Difference]:
    for invoice in invoices:
        takings = [t for t in invoice.takings if t.method == method and t.applied and _day(t.paid_at) == day]
        late = any(now - t.at > KNOWN_AFTER for t in takings)
        name = invoice.dossier_id if invoice.purpose is None else invoice.number
        if late and invoice.settled_at is None and invoice.ended is None:
            yield _difference("dossier", name, int(invoice.credit), None)
        if takings and ledger.faults(invoice.journals, invoice.owed, invoice.shares, invoice.credit):
            yield _difference("unbalanced", name, None, None)


def _difference(kind: Kind, ref: str, ours: int | None, theirs: int | None) -> Difference:
    return Difference(
        key=f"{kind}:{ref}",
        kind=kind,
        ref=ref,
        ours=None if ours is None else int(ours),
        theirs=None if theirs is None else int(theirs),
    )


def _day(instant: datetime) -> date:
    return instant.astimezone(LOCAL).date()

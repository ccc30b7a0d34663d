"""Partners' files read strictly: the gateway's daily report, the bank's statement. Pure.

One wrong line refuses the whole file, by its number: half an import is worse than none.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, Literal

from schemas.event import Dong, Instant, Record
from schemas.money import MOST, Vnd, total
from services.payment.domain.receipts import LOCAL

MAX_LINES: Final = 20_000
GATEWAY: Final = ("type", "txn_ref", "transaction_no", "amount", "charge", "time", "status")
STATEMENT: Final = ("entry", "time", "amount", "description")
LONGEST_ENTRY: Final = 60
STAMP: Final = "%Y%m%d%H%M%S"


class BadReport(ValueError):
    """The file cannot be read; the message names the line."""


class Line(Record):
    """One line of a gateway's report, VND."""

    type: Literal["payment", "refund"]
    ref: str
    transaction: str
    amount: Dong
    charge: Dong


class Report(Record):
    """A gateway's day. `net` is what it says it transfers, which may be less than nothing."""

    lines: tuple[Line, ...]
    net: int

    @property
    def paid(self) -> Vnd:
        """Sum of the payments, VND."""
        return total(line.amount for line in self.lines if line.type == "payment")

    @property
    def refunded(self) -> Vnd:
        """Sum of the refunds, VND."""
        return total(line.amount for line in self.lines if line.type == "refund")

    @property
    def charges(self) -> Vnd:
        """What the gateway keeps, VND."""
        return total(line.charge for line in self.lines)


class Entry(Record):
    """One credit of a bank's statement. `id` is the bank's own and comes once."""

    id: str
    at: Instant
    amount: Dong
    description: str


def gateway(text: str, day: date) -> Report:
    """A gateway's report of a local day. Raises BadReport."""
    lines: list[Line] = []
    net: int | None = None
    for number, row in _rows(text, GATEWAY):
        if _time(row["time"], number).date() != day:
            raise BadReport(f"line {number}: is not of {day.isoformat()}")
        if net is not None:
            raise BadReport(f"line {number}: the settlement is the last line")
        if row["type"] == "settlement":
            net = _signed(row["amount"], number)
        elif row["type"] in {"payment", "refund"}:
            lines.append(
                Line(
                    type=row["type"],
                    ref=row["txn_ref"][:100],
                    transaction=row["transaction_no"][:100],
                    amount=_amount(row["amount"], number),
                    charge=_amount(row["charge"], number),
                )
            )
        else:
            raise BadReport(f"line {number}: {row['type'][:40]!r} is neither payment, refund nor settlement")
    if net is None:
        raise BadReport("there is no settlement line: the file is cut short")
    return Report(lines=tuple(lines), net=net)


def statement(text: str) -> list[Entry]:
    """A bank's statement; debits (negative amounts) are none of payment's business. Raises BadReport."""
    found = []
    for number, row in _rows(text, STATEMENT):
        if not 0 < len(row["entry"]) <= LONGEST_ENTRY:
            raise BadReport(f"line {number}: the entry number has 1 to {LONGEST_ENTRY} characters")
        at = _time(row["time"], number)
        if _signed(row["amount"], number) > 0:
            amount = _amount(row["amount"], number)
            found.append(Entry(id=row["entry"], at=at, amount=amount, description=row["description"]))
    return found


def _rows(text: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        if tuple(next(reader, ())) != columns:
            raise BadReport(f"the first line must be {','.join(columns)}")
        for number, row in enumerate(reader, 2):
            if number > MAX_LINES:
                raise BadReport(f"more than {MAX_LINES} lines")
            if len(row) != len(columns):
                raise BadReport(f"line {number}: {len(row)} fields instead of {len(columns)}")
            yield number, dict(zip(columns, row, strict=True))
    except csv.Error as error:
        raise BadReport(f"no CSV: {error}") from error


def _signed(text: str, number: int) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > len(str(MOST)) + 4:
        raise BadReport(f"line {number}: {text[:40]!r} is no whole number of đồng")
    return int(text)


def _amount(text: str, number: int) -> Vnd:
    amount = _signed(text, number)
    if not 0 <= amount <= MOST:
        raise BadReport(f"line {number}: {text[:40]!r} is no amount of one payment")
    return Vnd(amount)


def _time(text: str, number: int) -> datetime:
    try:
        return datetime.strptime(text, STAMP).replace(tzinfo=LOCAL)
    except ValueError as error:
        raise BadReport(f"line {number}: {text[:40]!r} is no time as yyyyMMddHHmmss") from error

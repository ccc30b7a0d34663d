"""The double-entry ledger: every movement of money is one journal, and every journal balances. Pure.

Accounts, by what they hold:

    clearing:METHOD   (asset) money the gateway, the bank account or the desk holds for us
    fee:phi, fee:le_phi   (credit) what belongs to the budget; phí and lệ phí apart
    postage           (credit) what belongs to the post office
    payable           (credit) what belongs to payers and goes back
    treasury          (asset) money handed to the State Treasury; what it sends back is booked here
    charges           (expense) what gateways keep of a settlement
    bank              (asset) our account at the bank, where gateways settle

A journal is written once, with the state that caused it; a wrong one is never changed but reversed by another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal

from pydantic import Field, model_validator

from schemas.event import Dong, Instant, Record
from schemas.money import Vnd, total

What = Literal["taken", "refund_due", "refund_kept", "refund_made", "recalculated", "settled"]
PAYABLE: Final = "payable"
TREASURY: Final = "treasury"
CHARGES: Final = "charges"
BANK: Final = "bank"
POSTAGE: Final = "postage"


class Unbalanced(ValueError):
    """The debits of a journal are not its credits."""


class Posting(Record):
    """One side of a movement, VND: exactly one of `debit` and `credit` is not 0."""

    account: str
    debit: Dong = Vnd()
    credit: Dong = Vnd()


class Journal(Record):
    """One movement of money. `ref`: the taking or refund it is about."""

    at: Instant
    what: What
    ref: str
    postings: tuple[Posting, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _balances(self) -> Journal:
        if total(p.debit for p in self.postings) != total(p.credit for p in self.postings):
            raise Unbalanced(f"{self.what} of {self.ref} does not balance")
        return self


def journal(at: datetime, what: What, ref: str, *, debit: Mapping[str, int], credit: Mapping[str, int]) -> Journal:
    """A journal from amounts by account, VND; amounts of 0 are left out. Raises Unbalanced (as a ValidationError)."""
    sides = [Posting(account=a, debit=Vnd(n)) for a, n in debit.items() if n]
    sides += [Posting(account=a, credit=Vnd(n)) for a, n in credit.items() if n]
    return Journal(at=at, what=what, ref=ref, postings=tuple(sides))


def balances(journals: Iterable[Journal]) -> dict[str, int]:
    """Debit minus credit by account, VND; together they are 0."""
    found: Counter[str] = Counter()
    for entry in journals:
        for posting in entry.postings:
            found[posting.account] += int(posting.debit) - int(posting.credit)
    return {account: amount for account, amount in sorted(found.items()) if amount}


def faults(journals: Iterable[Journal], owed: int, shares: Iterable[str], credit: int) -> list[str]:
    """What an invoice's journals say otherwise than the invoice itself: `owed` VND go back, `credit` VND pay it.

    None of it can be, as journals and state are one write; it is looked for all the same.
    """
    found = balances(journals)
    sides = {
        "the journals do not balance": sum(found.values()),
        "what goes back": found.get(PAYABLE, 0) + owed,
        "what was paid": sum(found.get(account, 0) for account in shares) + credit,
    }
    return [f"{what}: {amount} VND" for what, amount in sides.items() if amount]


def clearing(method: str) -> str:
    """The account of a method."""
    return f"clearing:{method}"


def fee(kind: str) -> str:
    """The account of phí or of lệ phí."""
    return f"fee:{kind}"


def spread(amount: int, over: Mapping[str, int]) -> dict[str, int]:
    """`amount` VND over accounts that hold at most `over`, in their order: what the last one lacks is no matter.

    Raises Unbalanced if they hold less than `amount` together.
    """
    left, found = amount, {}
    for account, most in over.items():
        part = max(0, min(left, most))
        found[account] = part
        left -= part
    if left:
        raise Unbalanced(f"{left} VND of {amount} have no account")
    return found

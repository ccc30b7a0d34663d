"""What a person has to pay for a dossier, in words: read off payment's invoices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.portal.texts import Language, text
from services.portal.words import at, both, money

PAYABLE: Final = frozenset({"to_pay", "expired"})
"""What the payer can do something about; an expired one is renewed first."""


@dataclass(frozen=True)
class Line:
    """One thing that costs something."""

    name: str
    amount: str


@dataclass(frozen=True)
class Bill:
    """One invoice. `number`: empty of the fee's; `due`: until when; `under_way`: nobody knows yet what came of it."""

    number: str
    name: str
    lines: tuple[Line, ...]
    total: str
    outstanding: str
    due: str
    says: str
    payable: bool
    expired: bool
    under_way: bool


def bills(invoices: Iterable[Mapping[str, Any]], language: Language) -> tuple[Bill, ...]:
    """The fee's first, as payment has them."""
    return tuple(_bill(invoice, language) for invoice in invoices)


def owed(found: Iterable[Bill]) -> bool:
    """Whether there is something to pay."""
    return any(bill.payable for bill in found)


def _bill(invoice: Mapping[str, Any], language: Language) -> Bill:
    word, postage = invoice["standing"]["word"], "purpose" in invoice
    return Bill(
        number=invoice["number"] if postage else "",
        name=text(language, "pay.postage" if postage else "pay.fee"),
        lines=tuple(Line(both(line["name"], language), money(line["amount"], language)) for line in invoice["lines"]),
        total=money(invoice["total"], language),
        outstanding=money(invoice["outstanding"], language),
        due=at(invoice["expires_at"]) if word == "to_pay" else "",
        says=both(invoice["standing"], language),
        payable=word in PAYABLE,
        expired=word == "expired",
        under_way=word == "to_pay" and any(attempt["status"] == "open" for attempt in invoice["attempts"]),
    )

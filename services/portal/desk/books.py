"""Invoices and a day's books as officers see them: what came, what went back, what waits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.portal.desk.errands import case, difference
from services.portal.texts import Language, known, text
from services.portal.words import at, both, calendar_day, money

WAITS: Final = ("requested", "failed", "treasury", "by_hand", "case", "unanswered", "untransmitted")
"""What an invoice may wait for a person for (payment's `GET /work`)."""


@dataclass(frozen=True)
class Moved:
    """One thing that happened with money: what, how much, and more about it."""

    what: str
    amount: str
    about: str


@dataclass(frozen=True)
class Money:
    """One invoice."""

    dossier: str
    number: str
    name: str
    total: str
    outstanding: str
    says: str
    moved: tuple[Moved, ...]


@dataclass(frozen=True)
class Day:
    """One day of a method's books, with the differences that wait."""

    method: str
    day: str
    title: str
    waiting: tuple[str, ...]


def money_of(invoices: Iterable[Mapping[str, Any]], language: Language) -> tuple[Money, ...]:
    """As payment has them."""
    return tuple(_money(one, language) for one in invoices)


def _money(one: Mapping[str, Any], language: Language) -> Money:
    return Money(
        dossier=one["dossier_id"],
        number=one["number"],
        name=text(language, "pay.postage" if "purpose" in one else "pay.fee"),
        total=money(one["total"], language),
        outstanding=money(one["outstanding"], language),
        says=both(one["standing"], language),
        moved=tuple(_moved(one, language)),
    )


def _moved(one: Mapping[str, Any], language: Language) -> list[Moved]:
    found = []
    for taking in one.get("takings", ()):
        about = f"{_method(taking, language)}, {at(taking['paid_at'])}"
        found.append(Moved(text(language, "desk.taken"), money(taking["amount"], language), about))
    for refund in one.get("refunds", ()):
        by = refund.get("requested_by") or text(language, "desk.by_rule")
        state = known(language, f"desk.refund.{refund['status']}", refund["status"])
        approved = f" → {refund['approved_by']}" if "approved_by" in refund else ""
        about = f"{state}. {refund['ground']} ({by}{approved})"
        found.append(Moved(text(language, "desk.refund_title"), money(refund["amount"], language), about))
    for receipt in one.get("receipts", ()):
        state = text(language, f"desk.receipt.{receipt['status']}")
        about = f"{receipt.get('number', '')} {state}".strip()
        found.append(Moved(text(language, "desk.receipt_title"), money(receipt["amount"], language), about))
    found += [Moved(text(language, "desk.case_title"), "", _case(it, language)) for it in one.get("cases", ())]
    return found


def _case(one: Mapping[str, Any], language: Language) -> str:
    closed = "" if "resolution" not in one else f" → {one['resolution']} ({one['closed_by']}, {at(one['closed_at'])})"
    return f"{case(one, language)}{closed}"


def title(one: Mapping[str, Any], language: Language) -> str:
    """A local day, and whose books."""
    return f"{calendar_day(one['day'])}, {_method(one, language)}"


def _method(one: Mapping[str, Any], language: Language) -> str:
    return known(language, f"desk.method.{one['method']}", one["method"])


def differences(days: Iterable[Mapping[str, Any]], language: Language) -> tuple[Day, ...]:
    """The days on which something waits."""
    return tuple(
        Day(
            method=one["method"],
            day=one["day"],
            title=title(one, language),
            waiting=tuple(difference(d, language) for d in one["discrepancies"] if d.get("resolved_at") is None),
        )
        for one in days
    )

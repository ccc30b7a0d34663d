"""What officers do at delivery and payment: each errand, whose it is, when there is occasion for it, what it asks.

Its words are ``desk.do.SLUG``, as a command's. A state is what the service shows of a dossier, or of a day. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.portal.calls import segment
from services.portal.desk.asks import YES_OR_NO, Ask, Choices
from services.portal.questions import Choice
from services.portal.texts import Language, known, text
from services.portal.words import at, money

State = Mapping[str, Any]
TARGET: Final = "target"
FEE: Final = "fee"
"""In the place of the number that the invoice of the fee is not asked for by."""
REASON: Final = Ask("reason", most=300)
"""Why, as delivery and payment take it."""


@dataclass(frozen=True)
class Errand:
    """`path`: the end of its address, with ``{target}`` where the answer to that question belongs.

    `there`: whether there is occasion for it; `named`: what is chosen between, by question; nothing: no occasion.
    """

    slug: str
    path: str
    roles: tuple[str, ...]
    asks: tuple[Ask, ...] = ()
    there: Callable[[State], bool] = bool
    named: Callable[[State, Language], Choices] | None = None
    scan: bool = False

    def choices(self, state: State, language: Language) -> Choices | None:
        """By question; None where there is no occasion for it."""
        if not self.there(state):
            return None
        found = self.named(state, language) if self.named is not None else {}
        return found if all(found.values()) else None


def at_hand(errands: Iterable[Errand], roles: Iterable[str], state: State, language: Language) -> tuple[Errand, ...]:
    """Those there is occasion for, of an officer in these roles."""
    own = set(roles)
    return tuple(one for one in errands if own & set(one.roles) and one.choices(state, language) is not None)


def address(errand: Errand, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The end of its address, and what is sent there."""
    sent = {name: value for name, value in body.items() if name != TARGET}
    if sent.get("invoice") == FEE:
        sent["invoice"] = None
    return errand.path.replace("{target}", segment(str(body.get(TARGET, "")))), sent


def _documents(name: str = TARGET, *, scanned: bool | None = None) -> Callable[[State, Language], Choices]:
    """Those that were made and are in force; `scanned`: those alone that were scanned, or were not."""

    def named(state: State, _language: Language) -> Choices:
        valid = (one for one in state["documents"] if "sha256" in one and "revoked_at" not in one)
        found = (one for one in valid if scanned in {None, one["scanned"]})
        return {
            name: tuple(Choice(one["code"], f"{one.get('number') or one['code']}: {one['title']}") for one in found)
        }

    return named


def _scan_awaited(state: State) -> bool:
    """None came yet, or the one that came could not be sealed."""
    broken = state.get("trouble") == "document" and any(one["scanned"] for one in state["documents"])
    return state.get("held") == "scan" or broken


def _losses(state: State, _language: Language) -> Choices:
    """Consignments whose compensation is open, the last first."""
    found = [*([state["case"]] if "case" in state else ()), *reversed(state.get("cases", ()))]
    return {"tracking": tuple(Choice(one["tracking"], one["tracking"]) for one in found if "outcome" not in one)}


def _waits(state: State) -> bool:
    return state["status"] == "available" or state.get("trouble") == "uncollected"


def loss(one: Mapping[str, Any], language: Language) -> str:
    """A compensation case in a line: of which consignment, and what it came to."""
    came_to = one.get("outcome", "open")
    paid = f", {money(one['amount'], language)}" if came_to == "compensated" else ""
    return f"{one['tracking']}: {text(language, f'desk.loss_{came_to}')}{paid}"


def envelope(one: Mapping[str, Any], language: Language) -> str:
    """Papers that came by post, are on their way, or do not come."""
    arrived = one.get("arrived_at")
    word = "arrived" if arrived else "failed" if "failed" in one else "coming"
    return f"{one['tracking']}: {text(language, f'desk.papers_{word}', at=at(arrived))}"


_AT_DESK: Final = ("clerk", "registrar")
DELIVERY: Final = (
    Errand(
        "collect",
        "collect",
        ("clerk",),
        (
            Ask("receiver", "choice", choices=("applicant", "authorised")),
            Ask("code", "text", required=False),
            Ask("identity_number", "text", required=False),
        ),
        _waits,
    ),
    Errand(
        "handed-to-post",
        "handed-to-post",
        ("clerk",),
        there=lambda state: state["status"] == "travelling" and "handed_at" not in state,
    ),
    Errand("papers-received", "papers/received", ("clerk",), (Ask("tracking", "text"),),
           lambda state: state["status"] != "delivered"),
    Errand(
        "case-close",
        "case/close",
        ("clerk",),
        (
            Ask("tracking", "choice", words="consignment"),
            Ask("outcome", "choice", choices=("compensated", "refused"), words="post"),
            Ask("amount", "money", required=False, only_with=("outcome", "compensated")),
        ),
        named=_losses,
    ),
    Errand("physical", "physical", _AT_DESK, (Ask("kind", "choice", choices=("card", "plaque")), Ask("serial", "text")),
           lambda state: state.get("held") == "physical"),
    Errand("link", "links/for-applicant", _AT_DESK, named=_documents()),
    Errand("upload", "documents", ("registrar",), (Ask("title", "text"),), _scan_awaited, scan=True),
    Errand("retry", "documents/retry", ("registrar",), there=lambda state: state.get("trouble") == "document"),
    Errand("replace", "documents/{target}/replace", ("registrar",), (Ask(TARGET, "choice"), REASON),
           named=_documents(scanned=False)),
    Errand("replace-scan", "documents", ("registrar",),
           (Ask("replaces", "choice", words=TARGET), Ask("title", "text"), REASON),
           named=_documents("replaces", scanned=True), scan=True),
    Errand("revoke", "documents/{target}/revoke", ("leader",), (Ask(TARGET, "choice"), REASON), named=_documents()),
)  # fmt: skip
"""About the result of one dossier and its way."""


def _all(state: State, what: str) -> list[Mapping[str, Any]]:
    return [one for invoice in state["invoices"] for one in invoice.get(what, ())]


def _payable(state: State, language: Language) -> Choices:
    open_ = [one for one in state["invoices"] if one["status"] in {"open", "expired"} and one["outstanding"]]
    return {"invoice": tuple(_invoice(one, language) for one in open_)}


def _invoice(one: Mapping[str, Any], language: Language) -> Choice:
    name = text(language, "pay.postage" if "purpose" in one else "pay.fee")
    return Choice(one["number"] if "purpose" in one else FEE, f"{name}: {money(one['outstanding'], language)}")


def _takings(state: State, language: Language) -> Choices:
    found = _all(state, "takings")
    said = ((one, known(language, f"desk.method.{one['method']}", one["method"])) for one in found)
    shown = tuple(
        Choice(one["id"], f"{money(one['amount'], language)}, {method}, {at(one['paid_at'])}") for one, method in said
    )
    return {"taking": shown}


def _refunds(*statuses: str, asked: bool = False) -> Callable[[State, Language], Choices]:
    def named(state: State, language: Language) -> Choices:
        found = [one for one in _all(state, "refunds") if one["status"] in statuses]
        return {TARGET: tuple(_refund(one, language) for one in found if not asked or "requested_by" in one)}

    return named


def _refund(one: Mapping[str, Any], language: Language) -> Choice:
    by = one.get("requested_by") or text(language, "desk.by_rule")
    return Choice(one["id"], f"{money(one['amount'], language)}, {by}: {one['ground']}")


def _cases(state: State, language: Language) -> Choices:
    waiting = [one for one in _all(state, "cases") if "closed_at" not in one]
    return {TARGET: tuple(Choice(one["id"], case(one, language)) for one in waiting)}


def case(one: Mapping[str, Any], language: Language) -> str:
    """What only an accountant can clear up; what the service says of it besides has figures and codes in it."""
    words = known(language, f"desk.case.{one['kind']}", one["kind"])
    return f"{words} ({one['detail']})"


def _receipts(state: State, language: Language) -> Choices:
    issued = [one for one in _all(state, "receipts") if one["status"] == "issued"]
    return {
        TARGET: tuple(Choice(one["number"], f"{one['number']}: {money(one['amount'], language)}") for one in issued)
    }


_BOTH: Final = ("accountant", "leader")
MONEY: Final = (
    Errand(
        "cash",
        "cash",
        ("accountant",),
        (Ask("invoice", "choice"), Ask("amount", "money"), Ask("voucher", "text")),
        named=_payable,
    ),
    Errand(
        "refund-approve",
        "refunds/{target}/approve",
        _BOTH,
        (Ask(TARGET, "choice"), Ask("by_hand", "choice", choices=YES_OR_NO)),
        named=_refunds("requested", "failed"),
    ),
    Errand("refund-decline", "refunds/{target}/decline", _BOTH, (Ask(TARGET, "choice"), REASON),
           named=_refunds("requested", asked=True)),
    Errand("refund-paid-out", "refunds/{target}/paid-out", ("accountant",),
           (Ask(TARGET, "choice"), Ask("document", "text")), named=_refunds("treasury", "by_hand")),
    Errand(
        "refund-ask",
        "refunds",
        ("clerk", *_BOTH),
        (Ask("taking", "choice"), Ask("amount", "money"), Ask("ground", "text")),
        named=_takings,
    ),
    Errand("money-case", "cases/{target}/close", ("accountant",), (Ask(TARGET, "choice"), REASON), named=_cases),
    Errand("receipt-replace", "receipts/{target}/replace", ("accountant",), (Ask(TARGET, "choice"), REASON),
           named=_receipts),
)  # fmt: skip
"""About the invoices of one dossier."""


def _differences(state: State, language: Language) -> Choices:
    waiting = [one for one in state["discrepancies"] if one.get("resolved_at") is None]
    return {"key": tuple(Choice(one["key"], difference(one, language)) for one in waiting)}


def difference(one: Mapping[str, Any], language: Language) -> str:
    """A discrepancy in a line: what it is, about what, how much by whose books."""
    kind = known(language, f"desk.difference.{one['kind']}", one["kind"])
    sums = [money(one[side], language) for side in ("ours", "theirs") if one.get(side) is not None]
    return f"{kind} · {one['ref']}" + (f" · {' / '.join(sums)}" if sums else "")


RESOLVE: Final = Errand(
    "resolve", "resolve", ("accountant",), (Ask("key", "choice"), Ask("resolution", most=300)), named=_differences
)
"""About one day of a method's books."""

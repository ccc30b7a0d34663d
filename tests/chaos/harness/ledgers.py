"""The verdict on payments: gateway, stream, ledger and plan held against each other. Plain JSON in, no code of ours.

A history: `planned` (kind, dossier, done, error), `charges` (the gateway's transactions), `records` (the topics),
`books` (ledger balances by account, VND), `left` (what the stores still hold), `kills`.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

History = dict[str, Any]
CHARGED: Final = "00"
REJECTED: Final = "09"
EXPECTED: Final[Mapping[str, tuple[int, int, int]]] = {
    "plain": (1, 0, 1),
    "second_try": (1, 0, 1),
    "twice": (2, 1, 1),
    "withdrawn": (1, 1, 0),
    "suspected": (1, 0, 1),
    "asked_back": (1, 1, 1),
    "unposted": (2, 1, 1),
}
"""Of each kind: charges, refunds, and how often it is said that the fee is paid (so many receipts, too)."""


@dataclass
class Verdict:
    """`charged` counts charges that pay a fee; those beyond are planted and go back."""

    charged: int = 0
    recorded: int = 0
    receipted: int = 0
    duplicates: int = 0
    refunds_planted: int = 0
    refunds_made: int = 0
    ledger_balanced: bool = False
    kills: int = 0
    unexplained: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Everything is where it belongs."""
        return (
            self.charged == self.recorded == self.receipted > 0
            and self.refunds_planted == self.refunds_made
            and self.ledger_balanced
            and not self.duplicates
            and not self.unexplained
        )

    def summary(self) -> dict[str, Any]:
        """The figures of the last line."""
        names = ("charged", "recorded", "receipted", "duplicates", "refunds_planted", "refunds_made")
        return {
            **{name: getattr(self, name) for name in names},
            "unexplained": len(self.unexplained),
            "ledger_balanced": self.ledger_balanced,
            "kills": self.kills,
        }


@dataclass
class _Dossier:
    charges: list[int] = field(default_factory=list)
    refunds: list[int] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    receipts: list[str] = field(default_factory=list)


def day_of(stamp: str) -> str:
    """``yyyymmdd…`` as ``yyyy-mm-dd``."""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"


def judge(history: History) -> Verdict:
    """The verdict on one history."""
    dossiers = _dossiers(history)
    verdict = Verdict(kills=history["kills"])
    for one in history["planned"]:
        found = dossiers.pop(one["dossier"], _Dossier())
        charges, refunds, said = EXPECTED[one["kind"]]
        verdict.charged += len(found.charges) - (charges - said)
        verdict.recorded += found.said["payment.received.v1"]
        verdict.receipted += len(found.receipts)
        verdict.refunds_planted += refunds
        verdict.refunds_made += len(found.refunds)
        verdict.duplicates += (
            max(0, len(found.charges) - len(found.refunds) - 1)
            + max(0, found.said["payment.received.v1"] - 1)
            + max(0, len(found.receipts) - 1)
        )
        verdict.unexplained += _wrong(one, found, (charges, refunds, said))
    verdict.unexplained += [f"{who}: nobody planned this dossier" for who in dossiers]
    verdict.unexplained += _numbers([r["value"] for r in _events(history, "payment.receipt_issued.v1")])
    verdict.unexplained += [f"left in the store: {json.dumps(place)}" for place in history["left"]]
    verdict.unexplained += [
        f"dead letter of {r['key']}" for r in history["records"] if r["topic"].endswith(".deadletter.v1")
    ]
    verdict.unexplained += _books(history)
    verdict.ledger_balanced = sum(history["books"].values()) == 0 and bool(history["books"])
    return verdict


def _dossiers(history: History) -> dict[str, _Dossier]:
    found: defaultdict[str, _Dossier] = defaultdict(_Dossier)
    for charge in history["charges"]:
        digits = charge["txn_ref"][:32]
        who = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        if charge["status"] == CHARGED:
            found[who].charges.append(charge["amount"])
        found[who].refunds += [r["amount"] for r in charge["refunds"] if r["status"] != REJECTED]
    seen = set()
    for record in history["records"]:
        headers = record["headers"]
        if record["topic"] != "payment.events.v1" or headers["ce_id"] in seen:
            continue
        seen.add(headers["ce_id"])  # the relay may publish one twice; its id says so
        found[record["key"]].said[headers["ce_type"]] += 1
        if headers["ce_type"] == "payment.receipt_issued.v1":
            found[record["key"]].receipts.append(json.loads(record["value"])["number"])
    return dict(found)


def _events(history: History, kind: str) -> Sequence[Mapping[str, Any]]:
    unique = {r["headers"]["ce_id"]: r for r in history["records"] if r["headers"].get("ce_type") == kind}
    return list(unique.values())


def _wrong(one: Mapping[str, Any], found: _Dossier, expected: tuple[int, int, int]) -> list[str]:
    said = found.said["payment.received.v1"]
    got = (len(found.charges), len(found.refunds), said)
    who = f"{one['dossier'] or '?'} ({one['kind']})"
    wrong = [f"{who}: {one['error']}"] if one["error"] else []
    if got != expected:
        wrong.append(f"{who}: charges, refunds, received are {got}, not {expected}")
    if len(found.receipts) != said:
        wrong.append(f"{who}: {len(found.receipts)} receipts for {said} payments")
    if found.said["payment.refund_made.v1"] != expected[1]:
        wrong.append(f"{who}: {found.said['payment.refund_made.v1']} refunds were said to be made")
    if found.said["payment.case_opened.v1"] != found.said["payment.case_closed.v1"]:
        wrong.append(f"{who}: a case is open")
    return wrong


def _numbers(values: Sequence[str]) -> list[str]:
    """A series has no hole and no number twice."""
    numbers = sorted(int(json.loads(value)["number"].rpartition("-")[2]) for value in values)
    return [] if numbers == list(range(1, len(numbers) + 1)) else [f"receipt numbers are not 1 to {len(numbers)}"]


def _books(history: History) -> list[str]:
    """The ledger says what the gateway's books say: what it holds, and nothing owed to payers any more."""
    hundred = 100
    kept = sum(c["amount"] for c in history["charges"] if c["status"] == CHARGED)
    kept -= sum(r["amount"] for c in history["charges"] for r in c["refunds"] if r["status"] != REJECTED)
    books = history["books"]
    wrong = []
    if books.get("clearing:vnpay", 0) * hundred != kept:
        wrong.append(
            f"the ledger has {books.get('clearing:vnpay', 0)} VND at the gateway, the gateway {kept // hundred}"
        )
    if books.get("payable", 0):
        wrong.append(f"{-books['payable']} VND are still owed to payers")
    return wrong

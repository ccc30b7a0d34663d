"""Compares what was accepted with what happened. It knows the contract by heart and shares no code with the services.

A history is JSON: `facts` (what was acknowledged to somebody outside: at, what, dossier or reference), `strokes`
(what was done to whom: at, action, target), `records` (of all topics), the books of the partners (`charges`, `sms`,
`consignments`, `replies`) and `left` (what the stores still hold).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.chaos.harness import order

SAID: Final = {
    "dossiers": ("dossier.submitted.v1",),
    "accept": ("dossier.accepted.v1",),
    "assign": ("dossier.assigned.v1",),
    "take": ("dossier.taken.v1",),
    "examine": ("dossier.examined.v1",),
    "decide": ("dossier.decided.v1",),
    "issue": ("dossier.result_issued.v1",),
    "collect": ("delivery.result_delivered.v1",),
}
"""What was acknowledged over HTTP, and the event that must follow from it."""
TOLD: Final = {
    "dossier.submitted.v1": "submitted",
    "dossier.accepted.v1": "accepted",
    "payment.invoice_opened.v1": "invoice",
    "payment.receipt_issued.v1": "receipt",
    "delivery.consignment_ordered.v1": "consignment",
    "delivery.result_available.v1": "available_desk",
    "delivery.result_delivered.v1": "delivered",
}
"""Events that the applicant is told of by one SMS each (`available_desk` only where it is to be fetched)."""
SETTLED: Final = {
    f"notification.{word}.v1": word for word in ("sent", "delivered", "failed", "unknown", "expired", "suppressed")
}
ON_THE_WAY_OF_SMS: Final = frozenset({"notification", "sms_centre", "store"})
LAPSE: Final = 25.0
"""Seconds from a hit to `unknown`: a lease (15 s), and what a busy machine adds until its end is noticed."""
NAME_OF_A_DOSSIER: Final = re.compile(r"\b[0-9a-f]{8}\b|[0-9.]+H[0-9]{2}-\d{6}-\d+")


@dataclass
class Verdict:
    """`findings`: name of the count to what to look at. `unexplained`: unknown SMS without a hit that says why.

    `in_flight`: SMS that were decided and not settled when something on their way was hit.
    """

    accepted: int = 0
    accepted_before_last_kill: int = 0
    completed: int = 0
    kills: int = 0
    sms_unknown: int = 0
    in_flight: int = 0
    unexplained: list[str] = field(default_factory=list)
    findings: dict[str, list[str]] = field(default_factory=dict)

    def summary(self, seed: int) -> dict[str, int]:
        """The figures of the last line."""
        count = {name: len(self.findings[name]) for name in FINDINGS}
        return {
            "kills": self.kills,
            "accepted": self.accepted,
            "accepted_before_last_kill": self.accepted_before_last_kill,
            "completed": self.completed,
            "lost": count["lost"],
            "duplicate_charges": count["duplicate_charges"],
            "duplicate_sms": count["duplicate_sms"],
            "sms_unknown": self.sms_unknown,
            "duplicate_consignments": count["duplicate_consignments"],
            "order_violations": count["order_violations"],
            "stuck": count["stuck"],
            "statistics_differences": len(self.findings.get("statistics", ())),
            "seed": seed,
        }

    @property
    def good(self) -> bool:
        """Nothing was found, and all that is unknown was in flight when something was hit."""
        return not any(self.findings.values()) and not self.unexplained


FINDINGS: Final = ("lost", "duplicate_charges", "duplicate_sms", "duplicate_consignments", "order_violations", "stuck")


@dataclass
class _Dossier:
    """One dossier in the log. `types`: event type to the first record of it; `messages`: SMS kind to what became of it,
    each word with its time."""

    types: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, float]] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)


def judge(history: Mapping[str, list[dict[str, Any]]], lapse: float = LAPSE) -> Verdict:
    """The verdict on one history. `lapse`: seconds from a hit until what was in flight must be known to be unknown."""
    dossiers = _dossiers(history["records"])
    replies = {r["reference"]: r.get("dossier_id", "") for r in history["replies"]}
    filed = {_who(f, replies): f for f in history["facts"] if f["what"] in {"dossiers", "filings"}}
    kills = [s["at"] for s in history["strokes"] if s["action"] == "kill"]
    last = max(kills, default=0.0)
    verdict = Verdict(
        accepted=len(filed),
        accepted_before_last_kill=sum(f["at"] <= last for f in filed.values()),
        completed=sum("dossier.completed.v1" in _of(dossiers, who).types for who in filed),
        kills=len(kills),
    )
    verdict.findings = {
        "lost": [*_unsaid(history, replies, dossiers), *_uncounted(history, dossiers)],
        "duplicate_charges": _twice("charges", Counter(_payer(c) for c in history["charges"] if c["status"] == "00"))
        + _again(history["records"], "payment.received.v1"),
        "duplicate_sms": _twice("SMS", Counter(_message(s) for s in history["sms"])),
        "duplicate_consignments": _twice("consignments", Counter(c["order"] for c in history["consignments"])),
        "order_violations": order.violations(history["records"]),
        "stuck": [*_unfinished(filed, dossiers), *(f"left in the store: {json.dumps(d)}" for d in history["left"])],
    }
    unknown = {(who, kind) for who, d in dossiers.items() for kind, m in d.messages.items() if _last(m) == "unknown"}
    verdict.sms_unknown = len(unknown)
    in_flight = _in_flight(history["strokes"], dossiers, lapse)
    verdict.in_flight = len(in_flight)
    verdict.unexplained = [
        f"dossier {who}: its SMS {kind!r}, {_when(dossiers[who], kind, history['strokes'])}"
        for who, kind in sorted(unknown - in_flight)
    ]
    return verdict


def _when(dossier: _Dossier, kind: str, strokes: Iterable[Mapping[str, Any]]) -> str:
    """When it was decided and became unknown, in seconds from each hit on its way."""
    begun = dict(_owed(dossier)).get(kind, float("nan"))
    ended = dossier.messages[kind]["unknown"]
    hits = sorted({s["at"] for s in strokes if s["target"] in ON_THE_WAY_OF_SMS})
    return ", ".join(f"{begun - at:+.1f} and {ended - at:+.1f} s from a hit" for at in hits) or "no hit"


def _dossiers(records: Iterable[dict[str, Any]]) -> dict[str, _Dossier]:
    found: dict[str, _Dossier] = {}
    for record in records:
        headers, who = record["headers"], record["key"]
        if record["topic"].endswith(".deadletter.v1"):
            found.setdefault(who, _Dossier()).letters.append(headers.get("hoso-reason", "?"))
        if not record["topic"].endswith(".events.v1"):
            continue
        dossier = found.setdefault(who, _Dossier())
        dossier.types.setdefault(headers["ce_type"], record)
        word = SETTLED.get(headers["ce_type"])
        if word is not None:
            value = json.loads(record["value"])
            if value["channel"] == "sms":
                dossier.messages.setdefault(value["subject"], {}).setdefault(word, _time(record))
    return found


def _of(dossiers: Mapping[str, _Dossier], who: str) -> _Dossier:
    return dossiers.get(who) or _Dossier()


def _who(fact: Mapping[str, Any], replies: Mapping[str, str]) -> str:
    """The dossier of a fact; before an upstream portal had its reply, the portal's reference."""
    dossier: str = fact["dossier"] or replies.get(fact.get("reference", "")) or fact.get("reference", "")
    return dossier


def _unsaid(
    history: Mapping[str, list[dict[str, Any]]], replies: Mapping[str, str], dossiers: Mapping[str, _Dossier]
) -> Iterable[str]:
    """What was acknowledged and is in no topic: neither done nor parked."""
    for fact in history["facts"]:
        who = _who(fact, replies)
        dossier = _of(dossiers, who)
        wanted = SAID["dossiers"] if fact["what"] == "filings" else SAID.get(fact["what"], ())
        for missing in (t for t in wanted if t not in dossier.types and not dossier.letters):
            yield f"{fact['what']} of {who} was acknowledged, there is no {missing}"


def _uncounted(history: Mapping[str, list[dict[str, Any]]], dossiers: Mapping[str, _Dossier]) -> Iterable[str]:
    """What a partner did and nobody says, or what was said and no partner did."""
    charged = {_payer(c) for c in history["charges"] if c["status"] == "00"}
    taken = {c["order"] for c in history["consignments"]}
    yield from _differs("payment", charged, dossiers, "payment.received.v1")
    yield from _differs("consignment", taken, dossiers, "delivery.consignment_ordered.v1")
    sent = sum("sent" in m or "delivered" in m for d in dossiers.values() for m in d.messages.values())
    counted = len({_message(s)[:2] for s in history["sms"]})
    if sent > counted:
        yield f"{sent} SMS are said to be sent, the centre has {counted}"


def _differs(what: str, done: set[str], dossiers: Mapping[str, _Dossier], event: str) -> Iterable[str]:
    said = {who for who, dossier in dossiers.items() if event in dossier.types}
    parked = {who for who, dossier in dossiers.items() if dossier.letters}
    yield from (f"{what} of {who}: the partner has it, there is no {event}" for who in sorted(done - said - parked))
    yield from (f"{what} of {who}: there is {event}, the partner does not have it" for who in sorted(said - done))


def _unfinished(filed: Mapping[str, dict[str, Any]], dossiers: Mapping[str, _Dossier]) -> Iterable[str]:
    """Accepted dossiers that did not reach their end, and messages of which nobody knows what became."""
    for who in filed:
        dossier = _of(dossiers, who)
        if "dossier.completed.v1" not in dossier.types:
            last = max(dossier.types, key=lambda t: _time(dossier.types[t]), default="nothing")
            parked = f", dead letters: {', '.join(dossier.letters)}" if dossier.letters else ""
            yield f"dossier {who} is not completed, its last event is {last}{parked}"
        for kind in (k for k, _ in _owed(dossier) if k not in dossier.messages):
            yield f"dossier {who}: nothing is known of its SMS {kind!r}"


def _owed(dossier: _Dossier) -> Iterable[tuple[str, float]]:
    """The kinds of SMS that follow from what was said, with the time of their cause."""
    for event, kind in TOLD.items():
        record = dossier.types.get(event)
        if record is None or (kind == "available_desk" and json.loads(record["value"])["way"] != "in_person"):
            continue
        yield kind, _time(record)


def _in_flight(
    strokes: Iterable[Mapping[str, Any]], dossiers: Mapping[str, _Dossier], lapse: float
) -> set[tuple[str, str]]:
    """Messages that were decided and not yet settled when something on their way was killed or frozen.

    One that became unknown long after the hit did not become so by it.
    """
    hits = [s["at"] for s in strokes if s["action"] in {"kill", "freeze"} and s["target"] in ON_THE_WAY_OF_SMS]
    found: set[tuple[str, str]] = set()
    for who, dossier in dossiers.items():
        for kind, begun in _owed(dossier):
            words = dossier.messages.get(kind, {})
            ended = min(words.values(), default=float("inf"))
            reach = lapse if "unknown" in words else float("inf")
            if any(begun <= at <= ended <= at + reach for at in hits):
                found.add((who, kind))
    return found


def _twice(what: str, counts: Counter[Any]) -> list[str]:
    return [f"{count} {what} of {who}" for who, count in sorted(counts.items(), key=str) if count > 1]


def _again(records: Iterable[dict[str, Any]], event: str) -> list[str]:
    """Dossiers of which an event that happens once was said under two ids."""
    ids = {(r["key"], r["headers"]["ce_id"]) for r in records if r["headers"].get("ce_type") == event}
    return _twice(event, Counter(key for key, _ in ids))


def _payer(charge: Mapping[str, Any]) -> str:
    """The dossier of a transaction: its reference begins with the id without dashes."""
    d = charge["txn_ref"][:32]
    return f"{d[:8]}-{d[8:12]}-{d[12:16]}-{d[16:20]}-{d[20:]}"


def _message(part: Mapping[str, Any]) -> tuple[str, str, int]:
    """Phone, text and number of a part. A dossier is named by its code or its id: the same message all the same."""
    return part["to"], NAME_OF_A_DOSSIER.sub("{}", part["text"]), part["sequence"]


def _last(words: Mapping[str, float]) -> str:
    """What is known in the end: a later word corrects `unknown`."""
    return max(words, key=lambda word: (words[word], word != "unknown"))


def _time(record: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(record["headers"]["ce_time"]).timestamp()

"""The oracle on histories made by hand: a good one, and each way in which one can be bad."""

from __future__ import annotations

import ast
import copy
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.paths import ROOT
from tests.chaos.harness.oracle import Verdict, judge

History = dict[str, list[dict[str, Any]]]
WHO = "0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55"
PHONE = "+84910000001"
BEGIN = 1_700_000_000.0
LIFE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("dossier", "submitted", {}),
    ("dossier", "accepted", {}),
    ("payment", "invoice_opened", {}),
    ("payment", "received", {}),
    ("payment", "receipt_issued", {}),
    ("dossier", "examined", {}),
    ("dossier", "decided", {}),
    ("dossier", "result_issued", {}),
    ("delivery", "consignment_ordered", {}),
    ("delivery", "result_delivered", {"way": "post"}),
    ("dossier", "completed", {}),
)
TOLD = ("submitted", "accepted", "invoice", "receipt", "consignment", "delivered")


def record(stream: str, event: str, sequence: int, at: float, value: dict[str, Any]) -> dict[str, Any]:
    headers = {
        "ce_id": f"{stream}/{WHO}/{sequence}",
        "ce_type": f"{stream}.{event}.v1",
        "ce_sequence": str(sequence),
        "ce_time": datetime.fromtimestamp(at, UTC).isoformat(),
    }
    place = {"topic": f"{stream}.events.v1", "partition": 3, "offset": sequence - 1, "key": WHO}
    return {**place, "headers": headers, "value": json.dumps(value)}


def good() -> History:
    """One dossier, filed over HTTP, paid, sent by post, told of six times."""
    last: dict[str, int] = {}
    records = []
    at = BEGIN
    for stream, event, value in (
        *LIFE,
        *(("notification", "sent", {"channel": "sms", "subject": kind}) for kind in TOLD),
    ):
        last[stream] = last.get(stream, 0) + 1
        at += 1
        records.append(record(stream, event, last[stream], at, value))
    acts = ("dossiers", "accept", "payments", "examine", "decide", "issue")
    return {
        "facts": [{"at": BEGIN + n, "what": what, "dossier": WHO} for n, what in enumerate(acts)],
        "strokes": [
            {"at": BEGIN + 1.5, "action": "kill", "target": "payment"},
            {"at": BEGIN + 1.6, "action": "kill", "target": "notification"},
        ],
        "records": records,
        "charges": [{"txn_ref": WHO.replace("-", "") + "001", "status": "00"}],
        "sms": [
            {
                "to": PHONE,
                "text": f"Ho so {'0b9e2b0a' if n == 0 else '000.00.12.H18-261125-0001'}: {kind}",
                "sequence": 1,
            }
            for n, kind in enumerate(TOLD)
        ],
        "consignments": [{"order": WHO, "item": "RA473124829VN"}],
        "replies": [],
        "left": [],
    }


def names(verdict: Verdict) -> set[str]:
    return {name for name, found in verdict.findings.items() if found}


def of_type(history: History, event: str) -> dict[str, Any]:
    return next(r for r in history["records"] if r["headers"]["ce_type"] == event)


def without(history: History, *events: str) -> None:
    """As if they had never been said: what follows them in their stream moves up."""
    gone = [of_type(history, event) for event in events]
    history["records"] = [r for r in history["records"] if r not in gone]


def test_a_good_history_is_good() -> None:
    verdict = judge(good())
    assert verdict.good, verdict.findings
    assert verdict.summary(7) == {
        "kills": 2,
        "accepted": 1,
        "accepted_before_last_kill": 1,
        "completed": 1,
        "lost": 0,
        "duplicate_charges": 0,
        "duplicate_sms": 0,
        "sms_unknown": 0,
        "duplicate_consignments": 0,
        "order_violations": 0,
        "stuck": 0,
        "statistics_differences": 0,
        "seed": 7,
    }


def lost_filing(history: History) -> None:
    history["facts"].append({"at": BEGIN, "what": "dossiers", "dossier": "another"})


def lost_upstream(history: History) -> None:
    history["facts"].append({"at": BEGIN, "what": "filings", "dossier": None, "reference": "P-1"})


def lost_command(history: History) -> None:
    without(history, "dossier.completed.v1", "dossier.result_issued.v1")


def lost_payment(history: History) -> None:
    without(history, "payment.receipt_issued.v1", "payment.received.v1")
    without(history, "notification.sent.v1")


def lost_sms(history: History) -> None:
    history["sms"].pop()


def lost_consignment(history: History) -> None:
    history["consignments"].clear()


@pytest.mark.parametrize("spoil", [lost_filing, lost_upstream, lost_command, lost_payment, lost_sms, lost_consignment])
def test_what_was_accepted_and_is_nowhere_is_lost(spoil: Callable[[History], None]) -> None:
    history = good()
    spoil(history)
    assert "lost" in names(judge(history))


def test_what_is_parked_is_not_lost_but_stuck() -> None:
    history = good()
    without(history, "dossier.completed.v1", "dossier.result_issued.v1")
    letter = {"topic": "submission.deadletter.v1", "partition": 0, "offset": 0, "key": WHO, "value": "{}"}
    history["records"].append({**letter, "headers": {"hoso-reason": "bug"}})
    assert names(judge(history)) == {"stuck"}


def test_a_second_charge_is_one_too_many() -> None:
    history = good()
    history["charges"].append({"txn_ref": WHO.replace("-", "") + "002", "status": "00"})
    history["charges"].append({"txn_ref": WHO.replace("-", "") + "003", "status": "02"})
    assert names(judge(history)) == {"duplicate_charges"}


def test_a_payment_recorded_twice_is_found() -> None:
    history = good()
    history["records"].append(record("payment", "received", 4, BEGIN + 50, {}))
    assert names(judge(history)) == {"duplicate_charges"}


def test_a_message_sent_again_is_found_even_when_it_names_the_dossier_otherwise() -> None:
    history = good()
    history["sms"].append({**history["sms"][0], "text": "Ho so 000.00.12.H18-261125-0001: submitted"})
    assert names(judge(history)) == {"duplicate_sms"}


def test_a_second_consignment_is_found() -> None:
    history = good()
    history["consignments"].append({"order": WHO, "item": "RA000000015VN"})
    assert names(judge(history)) == {"duplicate_consignments"}


def test_a_repeat_of_a_record_is_allowed_at_any_later_place() -> None:
    history = good()
    repeated = [copy.deepcopy(r) for r in history["records"] if r["topic"] == "dossier.events.v1"]
    history["records"] += [{**r, "offset": r["offset"] + 100} for r in repeated]
    assert judge(history).good


def reordered(history: History) -> None:
    first, second = of_type(history, "dossier.examined.v1"), of_type(history, "dossier.decided.v1")
    first["offset"], second["offset"] = second["offset"], first["offset"]


def with_a_hole(history: History) -> None:
    without(history, "dossier.examined.v1")


def changed(history: History) -> None:
    again = copy.deepcopy(of_type(history, "payment.received.v1"))
    history["records"].append({**again, "offset": 90, "value": '{"amount": 1}'})


def in_two_partitions(history: History) -> None:
    history["records"].append({**copy.deepcopy(of_type(history, "payment.received.v1")), "partition": 4})


def one_id_twice(history: History) -> None:
    of_type(history, "dossier.decided.v1")["headers"]["ce_id"] = f"dossier/{WHO}/1"


@pytest.mark.parametrize("spoil", [reordered, with_a_hole, changed, in_two_partitions, one_id_twice])
def test_a_violated_order_is_found(spoil: Callable[[History], None]) -> None:
    history = good()
    spoil(history)
    assert "order_violations" in names(judge(history))


def test_a_dossier_that_does_not_end_is_stuck() -> None:
    history = good()
    without(history, "dossier.completed.v1")
    assert names(judge(history)) == {"stuck"}


def test_a_message_nobody_knows_of_is_stuck() -> None:
    history = good()
    history["records"] = [r for r in history["records"] if "delivered" not in r["value"]]
    history["sms"].pop()
    assert names(judge(history)) == {"stuck"}


def test_what_the_store_still_holds_is_stuck() -> None:
    history = good()
    history["left"].append({"place": "payment.invoices/1", "pending": 3})
    assert names(judge(history)) == {"stuck"}


def unknown(history: History, *, killed_at: float) -> Verdict:
    """The first message, caused at BEGIN + 1 and settled at BEGIN + 12, is not known to have been taken."""
    history["strokes"] = [{"at": killed_at, "action": "kill", "target": "notification"}]
    of_type(history, "notification.sent.v1")["headers"]["ce_type"] = "notification.unknown.v1"
    return judge(history)


def test_an_unknown_message_that_was_in_flight_at_a_kill_is_no_fault() -> None:
    verdict = unknown(good(), killed_at=BEGIN + 5)
    assert (verdict.sms_unknown, verdict.good) == (1, True)


def test_an_unknown_message_without_a_kill_is_a_fault() -> None:
    verdict = unknown(good(), killed_at=BEGIN - 5)
    assert (verdict.sms_unknown, verdict.in_flight, verdict.good) == (1, 0, False)


def test_an_unknown_message_long_after_a_kill_is_a_fault() -> None:
    history = good()
    of_type(history, "notification.sent.v1")["headers"]["ce_time"] = datetime.fromtimestamp(BEGIN + 90, UTC).isoformat()
    verdict = unknown(history, killed_at=BEGIN + 5)
    assert (verdict.sms_unknown, verdict.good) == (1, False)


def test_a_late_receipt_corrects_unknown() -> None:
    history = good()
    verdict = unknown(history, killed_at=BEGIN - 5)
    value = {"channel": "sms", "subject": "submitted"}
    history["records"].append(record("notification", "delivered", len(TOLD) + 1, BEGIN + 60, value))
    verdict = judge(history)
    assert (verdict.sms_unknown, verdict.good) == (0, True)


def test_a_message_that_was_no_longer_true_is_not_missed() -> None:
    history = good()
    of_type(history, "notification.sent.v1")["headers"]["ce_type"] = "notification.suppressed.v1"
    assert judge(history).good


@pytest.mark.parametrize("module", ["oracle", "order"])
def test_the_oracle_shares_no_code_with_what_it_judges(module: str) -> None:
    tree = ast.parse((ROOT / f"tests/chaos/harness/{module}.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert ours <= {"tests.chaos.harness"}

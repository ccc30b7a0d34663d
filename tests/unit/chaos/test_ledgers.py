"""The verdict on payments, on histories made by hand: a good one, and each way in which one can be bad."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos.harness.ledgers import History, judge
from tests.chaos.harness.payers import KINDS, REFUNDED, plan
from tests.chaos.harness.payments import strokes_of

PLAIN = "00000000-0000-4000-8000-000000000001"
TWICE = "00000000-0000-4000-8000-000000000002"


def charge(who: str, number: int, *refunds: str) -> dict[str, Any]:
    ref = f"{who.replace('-', '')}{number:03d}"
    back = [{"amount": 65_000_000, "status": status} for status in refunds]
    return {"txn_ref": ref, "amount": 65_000_000, "status": "00", "refunds": back}


def record(who: str, sequence: int, event: str, **value: Any) -> dict[str, Any]:
    headers = {"ce_id": f"payment/{who}/{sequence}", "ce_type": f"payment.{event}.v1"}
    return {"topic": "payment.events.v1", "key": who, "headers": headers, "value": json.dumps(value)}


def good() -> History:
    return {
        "planned": [
            {"kind": "plain", "dossier": PLAIN, "done": True, "error": ""},
            {"kind": "twice", "dossier": TWICE, "done": True, "error": ""},
        ],
        "charges": [charge(PLAIN, 1), charge(TWICE, 1), charge(TWICE, 2, "09", "06")],
        "records": [
            record(PLAIN, 1, "received"),
            record(PLAIN, 2, "receipt_issued", number="BL26P-0000001"),
            record(TWICE, 1, "received"),
            record(TWICE, 2, "receipt_issued", number="BL26P-0000002"),
            record(TWICE, 3, "refund_made"),
            record(TWICE, 3, "refund_made"),
        ],
        "books": {"clearing:vnpay": 1_300_000, "fee:phi": -1_300_000},
        "left": [],
        "kills": 1,
    }


def test_a_good_history() -> None:
    verdict = judge(good())
    assert verdict.good, verdict.unexplained
    assert verdict.summary() == {
        "charged": 2,
        "recorded": 2,
        "receipted": 2,
        "duplicates": 0,
        "refunds_planted": 1,
        "refunds_made": 1,
        "unexplained": 0,
        "ledger_balanced": True,
        "kills": 1,
    }


BAD: dict[str, Callable[[History], Any]] = {
    "a charge nobody recorded": lambda h: h["records"].pop(0),
    "a payment without a receipt": lambda h: h["records"].pop(1),
    "recorded twice": lambda h: h["records"].append(record(PLAIN, 9, "received")),
    "a number twice": lambda h: h["records"][3].update(value=json.dumps({"number": "BL26P-0000001"})),
    "a hole in the series": lambda h: h["records"][3].update(value=json.dumps({"number": "BL26P-0000003"})),
    "a refund not made": lambda h: h["charges"][2]["refunds"].pop(),
    "a refund made twice": lambda h: h["charges"][2]["refunds"].append({"amount": 65_000_000, "status": "05"}),
    "a refund nobody said": lambda h: [h["records"].pop(), h["records"].pop()],
    "charged twice": lambda h: h["charges"].append(charge(PLAIN, 2)),
    "a charge of nobody": lambda h: h["charges"].append(charge(PLAIN.replace("1", "7"), 1)),
    "a case left open": lambda h: h["records"].append(record(PLAIN, 9, "case_opened")),
    "out of balance": lambda h: h["books"].update({"fee:phi": -1}),
    "another sum than the gateway's": lambda h: h["books"].update({"clearing:vnpay": 1, "fee:phi": -1}),
    "money still owed": lambda h: h["books"].update({"payable": -1, "fee:phi": -1_299_999}),
    "something left in the store": lambda h: h["left"].append({"place": "payment.invoices"}),
    "a dead letter": lambda h: h["records"].append({"topic": "payment.deadletter.v1", "key": PLAIN, "headers": {}}),
    "a payer who gave up": lambda h: h["planned"][0].update(error="TimeoutError"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history(name: str) -> None:
    history = copy.deepcopy(good())
    BAD[name](history)
    assert not judge(history).good


def test_the_plan_is_a_function_of_the_seed_and_plants_every_kind() -> None:
    assert plan(7, 300) == plan(7, 300) != plan(8, 300)
    assert {one.kind for one in plan(1, 100)} == {kind for kind, _ in KINDS}
    assert sum(one.kind in REFUNDED for one in plan(1, 100)) == 10
    assert len({one.dossier for one in plan(1, 1000)}) == 1000
    assert strokes_of(1, 60) == strokes_of(1, 60)

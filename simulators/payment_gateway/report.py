"""The daily report: what was paid and refunded on a local day, what the gateway keeps, and differences on order.

Columns and charges are ours (the real file was not seen). Amounts are VND. The last line is the settlement: what the
gateway transfers, net of its charges.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from simulators.payment_gateway import refunds
from simulators.payment_gateway.gateway import ZONE, Transaction

COLUMNS: Final = ("type", "txn_ref", "transaction_no", "amount", "charge", "time", "status")
CHARGE_PER_MILLE: Final = 11
HUNDRED: Final = 100


class Planted(BaseModel):
    """`omit`: left out; `amounts`: another amount, VND; `ghosts`: lines of payments that never were, VND each."""

    model_config = ConfigDict(extra="forbid")

    omit: Annotated[list[str], Field(max_length=1000)] = []
    amounts: dict[str, int] = {}
    ghosts: Annotated[list[int], Field(max_length=1000)] = []


def daily(transactions: Iterable[Transaction], day: str, planted: Planted, now: datetime) -> str:
    """CSV of the local day `day`, yyyymmdd."""
    rows: list[list[str]] = []
    net = 0
    for transaction in transactions:
        ref = transaction.request["vnp_TxnRef"]
        refunds.settle(transaction, now)
        if transaction.status == "00" and transaction.paid_at[:8] == day and ref not in planted.omit:
            amount = planted.amounts.get(ref, transaction.amount // HUNDRED)
            charge = amount * CHARGE_PER_MILLE // 1000
            net += amount - charge
            rows.append(["payment", ref, transaction.number, str(amount), str(charge), transaction.paid_at, "00"])
        for entry in transaction.refunds:
            if refunds.day_of(entry) == day and entry["status"] != refunds.REJECTED:
                back = entry["amount"] // HUNDRED
                net -= back
                at = datetime.fromisoformat(entry["at"]).astimezone(ZONE).strftime("%Y%m%d%H%M%S")
                rows.append(["refund", ref, transaction.number, str(back), "0", at, entry["status"]])
    for number, amount in enumerate(planted.ghosts, 1):
        charge = amount * CHARGE_PER_MILLE // 1000
        net += amount - charge
        rows.append(["payment", f"GHOST{number:04d}", f"9{number:07d}", str(amount), str(charge), f"{day}120000", "00"])
    charges = sum(int(row[4]) for row in rows)
    rows.append(["settlement", "", "", str(net), str(charges), f"{day}235959", ""])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue()

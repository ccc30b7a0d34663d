"""Refunds: taken, then sent to the payer's bank a while later, or rejected by it. Codes 00, 02, 03, 91, 94, 95, 97.

The documents give the codes and statuses (05 in hand, 06 sent, 09 rejected); that querydr shows those of the last
refund instead of the payment's own status is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from simulators.payment_gateway.gateway import QUERY_ANSWER, ZONE, Gateway, Transaction

REFUND: Final = (
    "RequestId", "Version", "Command", "TmnCode", "TransactionType", "TxnRef", "Amount", "TransactionNo",
    "TransactionDate", "CreateBy", "CreateDate", "IpAddr", "OrderInfo",
)  # fmt: skip
REFUND_ANSWER: Final = QUERY_ANSWER[:13]
IN_HAND, SENT, REJECTED = "05", "06", "09"


def refund(
    gateway: Gateway, request: Mapping[str, str], now: datetime, *, lasts: timedelta, rejects: bool
) -> dict[str, str]:
    """Full (02) or part (03): never more than was paid, one at a time. It `lasts` until the payer's bank has it."""
    code, transaction = gateway.checked(request, REFUND)
    kind = request.get("vnp_TransactionType", "")
    if code == "00" and transaction is not None:
        amount = int(request["vnp_Amount"]) if request.get("vnp_Amount", "").isdigit() else 0
        left = transaction.amount - transaction.refunded
        fits = amount == left if kind == "02" else 0 < amount <= left
        busy = transaction.refund_status == IN_HAND
        if transaction.status != "00" or kind not in {"02", "03"} or not fits or busy:
            code = "95"
        else:
            transaction.refunded += amount
            transaction.refund_status = IN_HAND
            transaction.refunds.append({
                "key": request["vnp_CreateDate"][:8] + request["vnp_RequestId"],
                "amount": amount,
                "by": request["vnp_CreateBy"],
                "at": now.isoformat(),
                "done_at": (now + lasts).isoformat(),
                "status": IN_HAND,
                "then": REJECTED if rejects else SENT,
            })  # fmt: skip
            gateway.save(transaction)
    return gateway.answer(request, code, transaction, REFUND_ANSWER, kind)


def progress(gateway: Gateway, request: Mapping[str, str], now: datetime) -> None:
    """What the bank did meanwhile with the last refund of the transaction asked about."""
    found = gateway.transactions.get((request.get("vnp_TmnCode", ""), request.get("vnp_TxnRef", "")))
    if found is not None:
        settle(found, now)


def settle(transaction: Transaction, now: datetime) -> None:
    """A rejected refund's money is the merchant's again."""
    for entry in transaction.refunds:
        if entry["status"] == IN_HAND and datetime.fromisoformat(entry["done_at"]) <= now:
            entry["status"] = transaction.refund_status = entry["then"]
            if entry["status"] == REJECTED:
                transaction.refunded -= entry["amount"]


def day_of(entry: Mapping[str, str]) -> str:
    """The local day of a refund, yyyymmdd."""
    return datetime.fromisoformat(entry["at"]).astimezone(ZONE).strftime("%Y%m%d")

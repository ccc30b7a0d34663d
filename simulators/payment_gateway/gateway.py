"""The gateway's books: transactions, what the page may do with them, what a merchant may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from pydantic import BaseModel

from simulators.journal import Journal
from simulators.payment_gateway import signing

ZONE: Final = timezone(timedelta(hours=7))
KEPT: Final = 50_000
REQUIRED: Final = (
    "vnp_Version", "vnp_Command", "vnp_TmnCode", "vnp_Amount", "vnp_CreateDate", "vnp_ExpireDate", "vnp_CurrCode",
    "vnp_IpAddr", "vnp_Locale", "vnp_OrderInfo", "vnp_OrderType", "vnp_ReturnUrl", "vnp_TxnRef", "vnp_SecureHash",
)  # fmt: skip
QUERY: Final = (
    "RequestId",
    "Version",
    "Command",
    "TmnCode",
    "TxnRef",
    "TransactionDate",
    "CreateDate",
    "IpAddr",
    "OrderInfo",
)
QUERY_ANSWER: Final = (
    "ResponseId", "Command", "ResponseCode", "Message", "TmnCode", "TxnRef", "Amount", "BankCode", "PayDate",
    "TransactionNo", "TransactionType", "TransactionStatus", "OrderInfo", "PromotionCode", "PromotionAmount",
)  # fmt: skip


class Merchant(BaseModel):
    """`ipn_url` is registered with the gateway, never taken from a request."""

    secret: str
    ipn_url: str


class PageError(Exception):
    """The payment page shows an error instead of a form. `code` as the real page has it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Transaction:
    """One attempt to pay. `status` is vnp_TransactionStatus: 01 until the payer decides.

    `refunds`: each with amount, time and what becomes of it when (`refunds.py`); amounts are VND times 100.
    """

    number: str
    request: Mapping[str, str]
    merchant: Merchant
    response: str = ""
    status: str = "01"
    paid_at: str = ""
    bank: str = ""
    refunded: int = 0
    refund_status: str = ""
    refunds: list[dict[str, Any]] = field(default_factory=list)
    ipn: list[str] = field(default_factory=list)

    @property
    def amount(self) -> int:
        return int(self.request["vnp_Amount"])

    def callback(self) -> dict[str, str]:
        """The signed fields of return URL and IPN."""
        values = {
            "vnp_Amount": str(self.amount),
            "vnp_BankCode": self.bank,
            "vnp_BankTranNo": f"VNP{self.number}" if self.status == "00" else "",
            "vnp_CardType": "ATM",
            "vnp_OrderInfo": self.request["vnp_OrderInfo"],
            "vnp_PayDate": self.paid_at,
            "vnp_ResponseCode": self.response,
            "vnp_TmnCode": self.request["vnp_TmnCode"],
            "vnp_TransactionNo": self.number,
            "vnp_TransactionStatus": self.status,
            "vnp_TxnRef": self.request["vnp_TxnRef"],
        }
        values = {k: v for k, v in values.items() if v}
        return {**values, "vnp_SecureHash": signing.sign_query(values, self.merchant.secret)}


class Gateway:
    """Knows its merchants and their transactions; the journal keeps each as it last was."""

    def __init__(self, merchants: Mapping[str, Merchant], journal: Journal) -> None:
        self.merchants = merchants
        self.transactions: dict[tuple[str, str], Transaction] = {}
        self._journal = journal
        self._requests: set[tuple[str, str]] = set()
        self._last = 14_000_000
        for kept in journal.entries():
            request = kept["request"]
            key = (request["vnp_TmnCode"], request["vnp_TxnRef"])
            self.transactions[key] = Transaction(**kept, merchant=merchants[request["vnp_TmnCode"]])
            self._last = max(self._last, int(kept["number"]))
            self._requests |= {(request["vnp_TmnCode"], entry["key"]) for entry in kept.get("refunds", ())}

    def save(self, transaction: Transaction) -> None:
        """Writes a transaction down as it is now."""
        values = {f.name: getattr(transaction, f.name) for f in fields(transaction) if f.name != "merchant"}
        self._journal.add(values)

    def open(self, query: Mapping[str, str], now: datetime) -> Transaction:
        """Checks a payment request; the same TxnRef again shows the same open transaction.

        Raises:
            PageError: with the code the page shows.
        """
        missing = [name for name in REQUIRED if not query.get(name)]
        if missing:
            raise PageError("03", f"missing: {', '.join(missing)}")
        merchant = self.merchants.get(query["vnp_TmnCode"])
        if merchant is None:
            raise PageError("02", "unknown vnp_TmnCode")
        awkward = signing.awkward(query)
        if awkward:
            raise PageError("03", f"{awkward} must be ASCII without * and ~")
        if not signing.same(signing.sign_query(query, merchant.secret), query["vnp_SecureHash"]):
            raise PageError("70", "wrong signature")
        if not query["vnp_Amount"].isdigit() or not 0 < int(query["vnp_Amount"]) < 10**12:
            raise PageError("03", "vnp_Amount must be VND times 100")
        if query["vnp_ExpireDate"] < now.astimezone(ZONE).strftime("%Y%m%d%H%M%S"):
            raise PageError("15", "the payment request has expired")
        return self._opened(query, merchant)

    def _opened(self, query: Mapping[str, str], merchant: Merchant) -> Transaction:
        key = (query["vnp_TmnCode"], query["vnp_TxnRef"])
        known = self.transactions.get(key)
        if known is not None and known.status != "01":
            raise PageError("01", "vnp_TxnRef was used before")
        if known is None:
            self._last += 1
            known = self.transactions[key] = Transaction(str(self._last), dict(query), merchant)
            self.save(known)
            if len(self.transactions) > KEPT:
                self.transactions.pop(next(iter(self.transactions)))
        return known

    def decide(self, transaction: Transaction, response: str, bank: str, now: datetime) -> None:
        """The payer paid (00) or did not (a vnp_ResponseCode); 07 and what is suspected may still be decided."""
        if transaction.status not in {"01", "07"}:
            raise PageError("01", "this transaction is finished")
        transaction.response = response
        transaction.status = {"00": "00", "07": "07"}.get(response, "02")
        transaction.bank = bank
        transaction.paid_at = now.astimezone(ZONE).strftime("%Y%m%d%H%M%S")
        self.save(transaction)

    def query(self, request: Mapping[str, str]) -> dict[str, str]:
        """querydr: codes 00, 02, 03, 91, 94, 97."""
        code, transaction = self.checked(request, QUERY)
        return self.answer(request, code, transaction, QUERY_ANSWER, "01")

    def checked(self, request: Mapping[str, str], order: tuple[str, ...]) -> tuple[str, Transaction | None]:
        values = [str(request.get(f"vnp_{name}", "")) for name in order]
        merchant = self.merchants.get(request.get("vnp_TmnCode", ""))
        if merchant is None:
            return "02", None
        if not all(values) or len(request["vnp_RequestId"]) > 32:  # noqa: PLR2004 - AN[1,32]
            return "03", None
        if not signing.same(signing.sign_fields(values, merchant.secret), str(request.get("vnp_SecureHash", ""))):
            return "97", None
        day = (request["vnp_TmnCode"], request["vnp_CreateDate"][:8] + request["vnp_RequestId"])
        if day in self._requests:
            return "94", None
        self._requests.add(day)
        found = self.transactions.get((request["vnp_TmnCode"], request["vnp_TxnRef"]))
        if found is None or found.request["vnp_CreateDate"] != request["vnp_TransactionDate"]:
            return "91", None
        return "00", found

    def answer(
        self, request: Mapping[str, str], code: str, found: Transaction | None, order: tuple[str, ...], kind: str
    ) -> dict[str, str]:
        self._last += 1
        values: dict[str, Any] = {
            "ResponseId": str(self._last),
            "Command": request.get("vnp_Command", ""),
            "ResponseCode": code,
            "Message": "Success" if code == "00" else "Failed",
            "TmnCode": request.get("vnp_TmnCode", ""),
            "TxnRef": request.get("vnp_TxnRef", ""),
        }
        if found is not None:
            values |= {
                "Amount": str(found.amount),
                "BankCode": found.bank,
                "PayDate": found.paid_at,
                "TransactionNo": found.number,
                "TransactionType": kind,
                "TransactionStatus": found.refund_status or found.status,
                "OrderInfo": found.request["vnp_OrderInfo"],
            }
        merchant = self.merchants.get(request.get("vnp_TmnCode", ""))
        texts = [str(values.get(name, "")) for name in order]
        answer = {f"vnp_{name}": text for name, text in zip(order, texts, strict=True)}
        return {**answer, "vnp_SecureHash": signing.sign_fields(texts, merchant.secret) if merchant else ""}

"""VNPAY's transaction API: what became of an attempt (querydr), refunds (refund), what became of those."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import httpx

from chassis.decision import Outcome
from chassis.runner import Call, Retryable
from services.payment.domain import vnpay
from services.payment.messages import QueryAnswered, QueryPayment, QueryRefund, RefundAnswered, SendRefund
from services.payment.settings import PaymentSettings

SERVER_IP: Final = "127.0.0.1"
OK, NOT_FOUND, DUPLICATE, UNKNOWN = "00", "91", "94", "99"
TIMEOUT: Final = 8
"""Seconds for one request."""
RESULTS: Final = {
    vnpay.PAID: "sent",  # the refund does not show yet
    vnpay.REFUNDING: "sent",
    vnpay.REFUNDED: "made",
    vnpay.NOT_REFUNDED: "failed",
}


class Uncertain(Exception):
    """The gateway's answer does not say whether it did what it was asked."""


class Vnpay:
    """The API of one merchant: signs, sends, checks the signature of what comes back. One client, so one connection."""

    def __init__(self, settings: PaymentSettings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.clock = clock
        self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)

    async def query(self, call: Call, attempt: str, created_at: datetime) -> dict[str, str]:
        """The answer to querydr, its signature checked. Raises Retryable while there is none."""
        values = {
            "RequestId": request_id(f"{call.id}/{call.attempts}"),
            "Version": "2.1.0",
            "Command": "querydr",
            "TmnCode": self.settings.vnpay_tmn_code,
            "TxnRef": attempt,
            "TransactionDate": vnpay.stamp(created_at),
            "CreateDate": vnpay.stamp(self.clock()),
            "IpAddr": SERVER_IP,
            "OrderInfo": f"Query {attempt}",
        }
        try:
            answer = await self.send(values, vnpay.QUERY)
        except (httpx.HTTPError, ValueError) as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        if answer.get("vnp_ResponseCode") not in {OK, NOT_FOUND}:
            raise Retryable(f"querydr answered {answer.get('vnp_ResponseCode')}")
        try:
            self.check(answer, vnpay.QUERY_ANSWER)
        except vnpay.BadSignature as error:
            raise Retryable("the answer to querydr is not signed by VNPAY") from error
        return answer

    async def send(self, values: Mapping[str, str], order: Sequence[str]) -> dict[str, str]:
        """Raises httpx.HTTPError or ValueError where no answer can be read."""
        signature = vnpay.sign_fields([values[name] for name in order], self.settings.vnpay_secrets[0])
        request = {**{f"vnp_{name}": value for name, value in values.items()}, vnpay.HASH: signature}
        answer = (await self._client.post(self.settings.vnpay_api_url, json=request)).raise_for_status().json()
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004 - as a body that is no JSON
        return {name: str(value) for name, value in answer.items()}

    def check(self, answer: Mapping[str, Any], order: Sequence[str]) -> None:
        """Raises vnpay.BadSignature."""
        signed = [str(answer.get(f"vnp_{name}", "")) for name in order]
        secrets = self.settings.vnpay_secrets
        vnpay.same(str(answer.get(vnpay.HASH, "")), (vnpay.sign_fields(signed, secret) for secret in secrets))


def request_id(text: str) -> str:
    """vnp_RequestId, AN[1,32]."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class QueriesVnpay:
    """Adapter of `QueryPayment`. A query changes nothing, so it may be repeated."""

    def __init__(self, gateway: Vnpay) -> None:
        self._gateway = gateway

    async def execute(self, effect: QueryPayment, call: Call) -> Outcome:
        """Raises Retryable while the gateway does not answer, or answers with an error of its own."""
        answer = await self._gateway.query(call, effect.attempt, effect.created_at)
        if answer["vnp_ResponseCode"] == NOT_FOUND or answer["vnp_TransactionStatus"] == vnpay.UNDECIDED:
            return QueryAnswered(attempt=effect.attempt)
        values = {**answer, "vnp_ResponseCode": _as_response(answer["vnp_TransactionStatus"])}
        try:
            return QueryAnswered(attempt=effect.attempt, found=vnpay.notification(values))
        except (KeyError, ValueError) as error:
            raise Retryable(f"the answer to querydr cannot be read: {error}") from error


def _as_response(status: str) -> str:
    return "00" if status in {vnpay.PAID, *vnpay.HELD} else status


class QueriesRefunds:
    """Adapter of `QueryRefund`."""

    def __init__(self, gateway: Vnpay) -> None:
        self._gateway = gateway

    async def execute(self, effect: QueryRefund, call: Call) -> Outcome:
        """Raises Retryable as `QueriesVnpay` does."""
        answer = await self._gateway.query(call, effect.attempt, effect.created_at)
        return refund_said(effect.refund, answer) or RefundAnswered(refund=effect.refund, result="sent", code="?")


class SendsRefunds:
    """Adapter of `SendRefund`: asks before it repeats. The request id and its day are those of the first time."""

    def __init__(self, gateway: Vnpay) -> None:
        self._gateway = gateway

    async def ask(self, effect: SendRefund, call: Call) -> Outcome | None:
        """What became of a request whose answer was lost; None if the gateway shows none: then it may be repeated.

        After an earlier refund of the same payment its word does not say which of them it means: nobody can tell.
        """
        if effect.before:
            return effect.unknown()
        answer = await self._gateway.query(call, effect.attempt, effect.created_at)
        return refund_said(effect.refund, answer, shown=True)

    async def execute(self, effect: SendRefund, call: Call) -> Outcome:
        """Raises Retryable if certainly nothing was sent; any other error leaves it uncertain."""
        values = self._values(effect, call)
        call.check()
        try:
            answer = await self._gateway.send(values, vnpay.REFUND)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        code = answer.get("vnp_ResponseCode", UNKNOWN)
        if code == UNKNOWN:
            raise Uncertain("refund answered 99")
        if code == DUPLICATE:
            return RefundAnswered(refund=effect.refund, result="sent", code=code)
        self._gateway.check(answer, vnpay.REFUND_ANSWER)
        if code != OK:
            return RefundAnswered(refund=effect.refund, result="failed", code=code)
        return refund_said(effect.refund, answer) or RefundAnswered(refund=effect.refund, result="sent", code=code)

    def _values(self, effect: SendRefund, call: Call) -> dict[str, str]:
        return {
            "RequestId": request_id(call.id),
            "Version": "2.1.0",
            "Command": "refund",
            "TmnCode": self._gateway.settings.vnpay_tmn_code,
            "TransactionType": vnpay.WHOLE if effect.whole else vnpay.PART,
            "TxnRef": effect.attempt,
            "Amount": str(effect.amount * 100),
            "TransactionNo": effect.transaction,
            "TransactionDate": vnpay.stamp(effect.created_at),
            "CreateBy": effect.by,
            "CreateDate": vnpay.stamp(effect.asked_at),
            "IpAddr": SERVER_IP,
            "OrderInfo": f"Refund {effect.attempt} {effect.refund}",
        }


def refund_said(refund: str, answer: Mapping[str, str], *, shown: bool = False) -> RefundAnswered | None:
    """What a transaction's status says of its refund; with `shown`, None where it does not show one."""
    status = answer.get("vnp_TransactionStatus", "")
    result = RESULTS.get(status)
    if result is None or (shown and status == vnpay.PAID):
        return None
    return RefundAnswered(refund=refund, result=result, code=status)

"""Asks VNPAY what became of an attempt (querydr)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

import httpx

from chassis.decision import Outcome
from chassis.runner import Call, Retryable
from services.payment.domain import vnpay
from services.payment.messages import QueryAnswered, QueryPayment
from services.payment.settings import PaymentSettings

SERVER_IP = "127.0.0.1"
FOUND, NOT_FOUND = "00", "91"
UNDECIDED = "01"


class QueriesVnpay:
    """Adapter of `QueryPayment`. A query changes nothing, so it may be repeated."""

    def __init__(self, settings: PaymentSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock

    async def execute(self, effect: QueryPayment, call: Call) -> Outcome:
        """Raises Retryable while the gateway does not answer, or answers with an error of its own."""
        request = self._request(effect, call)
        try:
            async with httpx.AsyncClient(timeout=8, trust_env=False) as client:
                answer = (await client.post(self._settings.vnpay_api_url, json=request)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        if answer.get("vnp_ResponseCode") not in {FOUND, NOT_FOUND}:
            raise Retryable(f"querydr answered {answer.get('vnp_ResponseCode')}")
        self._verify(answer)
        if answer["vnp_ResponseCode"] == NOT_FOUND or answer["vnp_TransactionStatus"] == UNDECIDED:
            return QueryAnswered(attempt=effect.attempt)
        values = {**answer, "vnp_ResponseCode": answer["vnp_TransactionStatus"]}
        return QueryAnswered(attempt=effect.attempt, found=vnpay.notification(values))

    def _request(self, effect: QueryPayment, call: Call) -> dict[str, str]:
        now = vnpay.stamp(self._clock())
        values = {
            "RequestId": hashlib.sha256(f"{call.id}/{call.attempts}".encode()).hexdigest()[:32],
            "Version": "2.1.0",
            "Command": "querydr",
            "TmnCode": self._settings.vnpay_tmn_code,
            "TxnRef": effect.attempt,
            "TransactionDate": vnpay.stamp(effect.created_at),
            "CreateDate": now,
            "IpAddr": SERVER_IP,
            "OrderInfo": f"Query {effect.attempt}",
        }
        signature = vnpay.sign_fields([values[name] for name in vnpay.QUERY], self._secret)
        return {**{f"vnp_{name}": value for name, value in values.items()}, vnpay.HASH: signature}

    def _verify(self, answer: dict[str, str]) -> None:
        expected = vnpay.sign_fields([str(answer.get(f"vnp_{n}", "")) for n in vnpay.QUERY_ANSWER], self._secret)
        if not hmac.compare_digest(expected.encode(), str(answer.get(vnpay.HASH, "")).lower().encode()):
            raise Retryable("the answer to querydr is not signed by VNPAY")

    @property
    def _secret(self) -> str:
        return self._settings.vnpay_secret.get_secret_value()

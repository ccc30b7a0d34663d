"""The national payment platform's calls: a transaction is initialised, and asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from chassis.decision import Outcome
from chassis.runner import Call, Retryable
from services.payment.domain import paygov
from services.payment.messages import QueryAnswered, QueryPaygov
from services.payment.settings import PaymentSettings

TIMEOUT: Final = 8


class Refusing(Exception):
    """The platform did not take a call; the message is its code."""


class Paygov:
    """One partner of the platform."""

    def __init__(self, settings: PaymentSettings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)

    async def initialise(self, attempt: str, amount: int, invoice: str, expires: str) -> str:
        """The address of the platform's page. Raises httpx.HTTPError, ValueError, Refusing."""
        values = {
            "MaDoiTac": self._settings.paygov_partner,
            "MaThamChieu": attempt,
            "SoTien": str(amount),
            "MaHoSo": invoice,
            "ThoiHan": expires,
            "UrlKetQua": f"{self._settings.public_url}/payments/paygov/return",
        }
        answer = await self._post("inittransaction", values)
        if answer.get("MaLoi") != paygov.PAID:
            raise Refusing(str(answer.get("MaLoi")))
        return str(answer["UrlThanhToan"])

    async def query(self, attempt: str) -> dict[str, Any]:
        """What became of a transaction. Raises httpx.HTTPError, ValueError."""
        answer = await self._post(
            "querytransaction", {"MaDoiTac": self._settings.paygov_partner, "MaThamChieu": attempt}
        )
        paygov.verify({k: str(v) for k, v in answer.items()}, self._settings.paygov_secrets)
        return answer

    async def _post(self, call: str, values: Mapping[str, str]) -> dict[str, Any]:
        if not self._settings.paygov_secrets:
            raise ValueError("the national platform is not configured any more")
        body = paygov.signed(values, self._settings.paygov_secrets[0])
        answer = (await self._client.post(f"{self._settings.paygov_url}/{call}", json=body)).raise_for_status().json()
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004 - as a body that is no JSON
        return answer


class QueriesPaygov:
    """Adapter of `QueryPaygov`. A query changes nothing, so it may be repeated."""

    def __init__(self, platform: Paygov) -> None:
        self._platform = platform

    async def execute(self, effect: QueryPaygov, _call: Call) -> Outcome:
        """Raises Retryable while the platform does not answer, or not understandably."""
        try:
            answer = await self._platform.query(effect.attempt)
            code = str(answer.get("responseCode"))
            if code in {paygov.UNDECIDED, paygov.NOT_FOUND}:
                return QueryAnswered(attempt=effect.attempt)
            return QueryAnswered(attempt=effect.attempt, found=paygov.result(code, answer))
        except (httpx.HTTPError, ValueError) as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error

"""``python -m simulators.payment_gateway``: payment page, IPN calls, query and refund API, control API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import Body, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from simulators.journal import Journal
from simulators.payment_gateway import pages, paygov, refunds, report
from simulators.payment_gateway.gateway import Gateway, Merchant, PageError, Transaction
from simulators.payment_gateway.paygov import Partner

IPN_CALLS = 10
STOPS = {"00", "02"}
LOST = "lost"
RESPONSES = {"pay": "00", "cancel": "24", "insufficient": "51", **{code: code for code in pages.FAILURES}}


class Settings(BaseSettings):
    """`VNPAY_SIM_MERCHANTS`: JSON, terminal code to {secret, ipn_url}. The real gateway retries after 5 minutes.

    `VNPAY_SIM_PAYGOV`: JSON, the partner of the national platform, which is at ``/paygov`` then.
    `VNPAY_SIM_JOURNAL`: a file that keeps the books over a restart.
    """

    model_config = SettingsConfigDict(env_prefix="VNPAY_SIM_")

    host: str = "127.0.0.1"
    port: int
    merchants: dict[str, Merchant]
    ipn_retry_seconds: Annotated[float, Field(gt=0)] = 300
    refund_seconds: Annotated[float, Field(ge=0)] = 1
    journal: Path | None = None
    paygov: Partner | None = None


class Faults(BaseModel):
    """What to do wrong: counts are of the next IPN calls, queries, payments or refunds; latency applies to all.

    `late_ipn_next`: these begin `late_ms` after the payment, so that later ones overtake them.
    `late_success_next`: the payer pays, and the transaction succeeds only `late_success_ms` later.
    `refund_lost_next`: done, and the answer is lost; `refund_reject_next`: taken, and rejected by the bank later.
    """

    model_config = ConfigDict(extra="forbid")

    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    lose_ipn_next: int = 0
    duplicate_ipn_next: int = 0
    late_ipn_next: int = 0
    late_ms: Annotated[int, Field(ge=0, le=60_000)] = 5_000
    ipn_wrong_signature_next: int = 0
    ipn_wrong_amount_next: int = 0
    query_error_next: int = 0
    late_success_next: int = 0
    late_success_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 5_000
    refund_lost_next: int = 0
    refund_reject_next: int = 0
    refund_error_next: int = 0

    def take(self, name: str) -> bool:
        """Uses up one of a counted fault."""
        left: int = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class Notifier:
    """Calls merchants' IPN addresses until they confirm, at most ten times."""

    def __init__(self, settings: Settings, save: Callable[[Transaction], None]) -> None:
        self.faults = Faults()
        self._save = save
        self._retry = settings.ipn_retry_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(timeout=30, trust_env=False)

    def start(self, transaction: Transaction) -> None:
        """Notifies in the background; a duplicate is a second, concurrent series of calls."""
        late = self.faults.late_ms / 1000 if self.faults.take("late_ipn_next") else 0.0
        for _ in range(2 if self.faults.take("duplicate_ipn_next") else 1):
            self._keep(asyncio.create_task(self._notify(transaction, late)))

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Does `work` after a while; it dies with the process, as a bank's late word may."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            work()

        self._keep(asyncio.create_task(wait()))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def resume(self, transactions: Iterable[Transaction]) -> None:
        """Goes on with those that were decided and not confirmed when the process ended."""
        for transaction in transactions:
            if transaction.status != "01" and not {*STOPS, LOST} & {*transaction.ipn}:
                self.start(transaction)

    async def _notify(self, transaction: Transaction, late: float) -> None:
        await asyncio.sleep(late)
        said = transaction.status
        for _ in range(IPN_CALLS):
            if transaction.status != said:
                return  # another series of calls tells what it is now
            lost = self.faults.take("lose_ipn_next")
            code = LOST if lost else await self._call(transaction)
            transaction.ipn.append(code)
            self._save(transaction)
            if lost or code in STOPS:
                return
            await asyncio.sleep(self._retry)

    async def _call(self, transaction: Transaction) -> str:
        fields = transaction.callback()
        if self.faults.take("ipn_wrong_amount_next"):
            fields["vnp_Amount"] = str(transaction.amount + 100)
        if self.faults.take("ipn_wrong_signature_next"):
            fields["vnp_SecureHash"] = "0" * 128
        await asyncio.sleep(self.faults.latency_ms / 1000)
        try:
            answer = await self._client.get(transaction.merchant.ipn_url, params=fields)
            return str(answer.json()["RspCode"])
        except (httpx.HTTPError, ValueError, KeyError):
            return "timeout"

    async def stop(self) -> None:
        """Gives up open calls."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()


def create_app(settings: Settings) -> FastAPI:
    """The gateway's HTTP side."""
    gateway = Gateway(settings.merchants, Journal(settings.journal))
    notifier = Notifier(settings, gateway.save)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        notifier.resume(gateway.transactions.values())
        yield
        await notifier.stop()

    app = FastAPI(title="Payment gateway (simulated)", lifespan=life)

    @app.exception_handler(PageError)
    async def refuse(_request: Request, error: PageError) -> Response:
        return HTMLResponse(pages.refusal(error.code, str(error)), 400)

    @app.get("/paymentv2/vpcpay.html", response_class=HTMLResponse)
    async def page(request: Request) -> str:
        return pages.payment(gateway.open(dict(request.query_params), datetime.now(UTC)))

    @app.post("/paymentv2/pay/{tmn_code}/{txn_ref}")
    async def pay(
        tmn_code: str, txn_ref: str, decision: Annotated[str, Form()], bank: Annotated[str, Form()] = "NCB"
    ) -> Response:
        transaction = gateway.transactions.get((tmn_code, txn_ref))
        if transaction is None or decision not in RESPONSES:
            raise PageError("91", "no such transaction")
        if decision == "pay" and notifier.faults.take("late_success_next"):
            notifier.later(notifier.faults.late_success_ms / 1000, lambda: succeed(transaction, bank))
        else:
            gateway.decide(transaction, RESPONSES[decision], bank, datetime.now(UTC))
            notifier.start(transaction)
        target = httpx.URL(transaction.request["vnp_ReturnUrl"]).copy_merge_params(transaction.callback())
        return RedirectResponse(str(target), 302)

    def succeed(transaction: Transaction, bank: str) -> None:
        if transaction.status in {"01", "07"}:
            gateway.decide(transaction, "00", bank, datetime.now(UTC))
            notifier.start(transaction)

    _api(app, gateway, notifier, settings.refund_seconds)
    _control(app, gateway, notifier)
    _books(app, gateway, succeed)
    if settings.paygov is not None:
        app.mount("/paygov", paygov.create_app(settings.paygov))
    return app


def _api(app: FastAPI, gateway: Gateway, notifier: Notifier, refund_seconds: float) -> None:
    @app.post("/merchant_webapi/api/transaction")
    async def transaction(request: Annotated[dict[str, str], Body()]) -> Any:
        await asyncio.sleep(notifier.faults.latency_ms / 1000)
        if notifier.faults.take("query_error_next"):
            return {"vnp_ResponseCode": "99", "vnp_Message": "Unknown error"}
        now = datetime.now(UTC)
        match request.get("vnp_Command"):
            case "querydr":
                refunds.progress(gateway, request, now)
                return gateway.query(request)
            case "refund":
                return refund(request, now)
            case _:
                return {"vnp_ResponseCode": "03", "vnp_Message": "vnp_Command"}

    def refund(request: dict[str, str], now: datetime) -> Any:
        if notifier.faults.take("refund_error_next"):
            return {"vnp_ResponseCode": "99", "vnp_Message": "Unknown error"}
        refunds.progress(gateway, request, now)
        rejects = notifier.faults.take("refund_reject_next")
        answer = refunds.refund(gateway, request, now, lasts=timedelta(seconds=refund_seconds), rejects=rejects)
        return Response(status_code=502) if notifier.faults.take("refund_lost_next") else answer


def _control(app: FastAPI, gateway: Gateway, notifier: Notifier) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/", response_class=HTMLResponse)
    async def overview() -> str:
        return pages.overview(reversed(gateway.transactions.values()))

    @app.post("/control/faults")
    async def set_faults(faults: Faults) -> Faults:
        notifier.faults = faults
        return faults

    @app.delete("/control/faults", status_code=204)
    async def no_faults() -> None:
        notifier.faults = Faults()


def _books(app: FastAPI, gateway: Gateway, succeed: Callable[[Transaction, str], None]) -> None:
    planted: dict[str, report.Planted] = {}

    @app.get("/control/transactions")
    async def transactions() -> list[dict[str, Any]]:
        return [
            {
                "txn_ref": ref,
                "amount": t.amount,
                "status": t.status,
                "number": t.number,
                "paid_at": t.paid_at,
                "ipn": t.ipn,
                "refunds": t.refunds,
            }
            for (_, ref), t in gateway.transactions.items()
        ]

    @app.post("/control/transactions/{txn_ref}/succeed", status_code=204)
    async def late(txn_ref: str) -> None:
        """What was undecided or suspected succeeds after all, and the merchant is told."""
        for (_, ref), transaction in gateway.transactions.items():
            if ref == txn_ref:
                succeed(transaction, "NCB")

    @app.get("/control/report/{day}")
    async def daily(day: str) -> Response:
        """The report of a local day (yyyymmdd) as CSV, settlement net of charges in its last line."""
        now = datetime.now(UTC)
        text = report.daily(gateway.transactions.values(), day, planted.get(day, report.Planted()), now)
        return Response(text, media_type="text/csv")

    @app.post("/control/report/{day}/plant", status_code=204)
    async def plant(day: str, differences: report.Planted) -> None:
        """Differences that the report of that day will have from what happened."""
        planted[day] = differences


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(create_app(found), host=found.host, port=found.port, log_level="warning", timeout_graceful_shutdown=2)

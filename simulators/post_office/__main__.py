"""``python -m simulators.post_office``: the post office's API, its page and its control API on POST_PORT."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Query
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from simulators.journal import Journal
from simulators.post_office.calls import Caller
from simulators.post_office.office import FATES, OUT, PLANS, Consignment, Office, Order

_STYLE = """body{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;
width:100%}td,th{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:left}"""


def _named(fate: str) -> str:
    if fate not in PLANS:
        raise ValueError(f"one of {', '.join(PLANS)}")
    return fate


class Settings(BaseSettings):
    """`POST_STEP_MS`: time between two statuses of a consignment. `POST_JOURNAL`: keeps the books over a restart.

    `POST_CALLBACK_URL`: where each status is told, signed with `POST_CALLBACK_SECRET`; without it nothing is.
    """

    model_config = SettingsConfigDict(env_prefix="POST_")

    host: str = "127.0.0.1"
    port: int
    username: str
    password: SecretStr
    customer_code: str
    step_ms: Annotated[int, Field(ge=10)] = 60_000
    token_seconds: Annotated[int, Field(ge=1)] = 3_600
    journal: Path | None = None
    callback_url: str | None = None
    callback_secret: SecretStr = SecretStr("")
    fee: Annotated[int, Field(ge=0)] = 30_000


class Credentials(BaseModel):
    """Body of GetAccessToken."""

    username: str
    password: str
    customerCode: str  # noqa: N815 - the API's own name


class Faults(BaseModel):
    """What to do wrong; `*_next` are counts. `lose_answer_next`: the order is taken, the answer is an error.

    Of the calls back: `late_ms` holds each up, `twice` sends each again, `silent` sends none, `out_of_order` tells
    the newest first. `hold`: nobody fetches anything. `untold`: statuses that are told by no way at all. `fate`: what
    becomes of each new order (`office.PLANS`). `behind_days`: it says of what happens that it happened so long ago.
    """

    model_config = ConfigDict(extra="forbid")

    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    error_next: int = 0
    lose_answer_next: int = 0
    out_of_order: bool = False
    late_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    twice: bool = False
    silent: bool = False
    hold: bool = False
    untold: tuple[int, ...] = ()
    behind_days: Annotated[int, Field(ge=0, le=365)] = 0
    fate: Annotated[str, AfterValidator(_named)] = "delivered"

    def take(self, name: str) -> bool:
        """Uses up one of a counted fault."""
        left: int = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class Fate(BaseModel):
    """What becomes of a consignment once it is out for delivery (`office.FATES`). `hold`: nobody fetches it."""

    fate: str


class Cancelling(BaseModel):
    """Body of cancelOrder."""

    SoDonHang: str


class Counter:
    """The office with its faults and its clock."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.office = Office(Journal(settings.journal))
        self.faults = Faults()
        secret = settings.callback_secret.get_secret_value()
        self.caller = Caller(settings.callback_url, secret) if settings.callback_url else None

    def now(self) -> datetime:
        """By its calendar."""
        return datetime.now(UTC) - timedelta(days=self.faults.behind_days)

    async def move(self) -> None:
        """Moves every consignment on, one step a tick."""
        while True:
            await asyncio.sleep(self.settings.step_ms / 1000)
            for consignment in self.office.consignments:
                if not self.faults.hold and self.office.move(consignment, self.now()):
                    self.tell(consignment)

    def tell(self, consignment: Consignment) -> None:
        """Calls back with what happened last, as well as the faults allow."""
        if self.caller is not None and not self.faults.silent:
            told = consignment.statuses(shuffled=self.faults.out_of_order, untold=self.faults.untold)
            if consignment.history[-1][0] in self.faults.untold:
                return
            latest = told[:2] if self.faults.out_of_order else told[-1:]
            self.caller.tell(
                {"SoDonHang": consignment.order.SoDonHang, "itemCode": consignment.item, "statuses": latest},
                after=self.faults.late_ms / 1000,
                times=2 if self.faults.twice else 1,
            )

    async def check(self, token: Annotated[str, Header()] = "") -> None:
        """The token of every call but GetAccessToken; and the faults."""
        await asyncio.sleep(self.faults.latency_ms / 1000)
        if self.faults.take("error_next"):
            raise HTTPException(500, "error on demand")
        if not self.office.knows(token, datetime.now(UTC)):
            raise HTTPException(401, "token: missing, unknown or expired; call GetAccessToken")


def create_app(settings: Settings) -> FastAPI:
    """The post office's HTTP side."""
    counter = Counter(settings)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        moving = asyncio.create_task(counter.move())
        yield
        moving.cancel()
        if counter.caller is not None:
            await counter.caller.close()

    app = FastAPI(title="Post office (simulated)", lifespan=life)
    _api(app, counter)
    _status(app, counter)
    _control(app, counter)
    return app


def _api(app: FastAPI, counter: Counter) -> None:
    settings, office = counter.settings, counter.office

    @app.post("/GetAccessToken")
    async def token(given: Credentials) -> dict[str, Any]:
        expected = (settings.username, settings.password.get_secret_value(), settings.customer_code)
        got = (given.username, given.password, given.customerCode)
        if not all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(expected, got, strict=True)):
            raise HTTPException(401, "username, password or customerCode is wrong")
        life = timedelta(seconds=settings.token_seconds)
        return {"success": True, "token": office.token(datetime.now(UTC), life)}

    @app.post("/postDieuTin", dependencies=[Depends(counter.check)])
    async def order(order: Order) -> dict[str, Any]:
        if order.MaKhachHang != settings.customer_code:
            raise HTTPException(400, "MaKhachHang is not the customer of this token")
        consignment = office.take(order, counter.now(), counter.faults.fate)
        if counter.faults.take("lose_answer_next"):
            raise HTTPException(502, "the answer was lost on demand")
        return {
            "Status": True, "SoDonHang": order.SoDonHang, "itemCode": consignment.item, "totalFee": settings.fee
        }  # fmt: skip

    @app.post("/cancelOrder", dependencies=[Depends(counter.check)])
    async def cancel(given: Cancelling) -> dict[str, Any]:
        consignment = office.by_order(given.SoDonHang)
        if consignment is None:
            raise HTTPException(404, f"no order number {given.SoDonHang}")
        if not office.cancel(consignment, counter.now()):
            raise HTTPException(409, "it was fetched already")
        counter.tell(consignment)
        return {"Status": True}


def _status(app: FastAPI, counter: Counter) -> None:
    office = counter.office

    @app.get("/getOrder", dependencies=[Depends(counter.check)])
    async def status(
        code: str,
        type: Annotated[int, Query(ge=1, le=2)] = 1,  # noqa: A002 - the API's own name
    ) -> dict[str, Any]:
        found = office.by_item(code) if type == 1 else office.by_order(code)
        if found is None:
            raise HTTPException(404, f"no order {'item' if type == 1 else 'number'} {code}")
        history = found.statuses(shuffled=counter.faults.out_of_order, untold=counter.faults.untold)
        return {"itemCode": found.item, "SoDonHang": found.order.SoDonHang, "statuses": history}


def _control(app: FastAPI, counter: Counter) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        rows = "".join(_row(c) for c in reversed(counter.office.consignments))
        return (
            f'<!doctype html><html lang="vi"><meta charset="utf-8"><title>Bưu cục</title><style>{_STYLE}</style>'
            f"<h1>Bưu gửi</h1><table><tr><th>Số hiệu<th>Đơn hàng<th>Trạng thái</tr>{rows}</table></html>"
        )

    @app.post("/control/faults")
    async def set_faults(faults: Faults) -> Faults:
        counter.faults = faults
        return faults

    @app.delete("/control/faults", status_code=204)
    async def no_faults() -> None:
        counter.faults = Faults()

    @app.post("/control/consignments/{item}", status_code=204)
    async def set_fate(item: str, fate: Fate) -> None:
        consignment = counter.office.by_item(item)
        if consignment is None:
            raise HTTPException(404, f"no item {item}")
        if fate.fate not in {*FATES, "hold"}:
            raise HTTPException(422, f"fate: one of hold, {', '.join(FATES)}")
        before = [status for status in consignment.plan if status in OUT]
        consignment.plan = [] if fate.fate == "hold" else before + list(FATES[fate.fate])
        counter.office.save(consignment)

    @app.get("/control/consignments")
    async def consignments() -> list[dict[str, Any]]:
        return [
            {
                "item": c.item,
                "order": c.order.SoDonHang,
                "from": c.order.DiaChiNguoiGui,
                "cod": c.order.SoTienCOD,
                "statuses": [status for status, _ in c.history],
            }
            for c in counter.office.consignments
        ]


def _row(consignment: Consignment) -> str:
    way = " → ".join(str(status) for status, _ in consignment.history)
    return f"<tr><td>{escape(consignment.item)}<td>{escape(consignment.order.SoDonHang)}<td>{way}</tr>"


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(create_app(found), host=found.host, port=found.port, log_level="warning", timeout_graceful_shutdown=2)

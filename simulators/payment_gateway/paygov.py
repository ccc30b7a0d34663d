"""The national payment platform, as far as it is known: initialise, ask the partner, page, tell the result, be asked.

Names of calls and fields are those of public code (domain facts 3.3); the signature is ours: HMAC-SHA256 over sorted,
named, length-prefixed fields. Written apart from the partner's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from html import escape
from typing import Annotated, Any, Final

import httpx
from fastapi import Body, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

ZONE: Final = timezone(timedelta(hours=7))
DECISIONS: Final = {"pay": "00", "cancel": "24"}


class Partner(BaseModel):
    """`partner_url`: where the platform asks and tells. `lose_result`: it does not tell; then it must be asked."""

    secret: str
    partner_url: str
    lose_result: bool = False


@dataclass
class Transaction:
    """One attempt; `code` is 01 until the payer decides."""

    request: Mapping[str, str]
    dossier: Mapping[str, Any]
    code: str = "01"
    paid_at: str = ""
    told: list[str] = field(default_factory=list)

    @property
    def number(self) -> str:
        return "G22.99.3-" + hashlib.sha256(self.request["MaThamChieu"].encode()).hexdigest()[:12]

    def data(self) -> dict[str, str]:
        """What the platform says of it."""
        found = {
            "MaThamChieu": self.request["MaThamChieu"],
            "SoTien": self.request["SoTien"],
            "MaGiaoDich": self.number,
            "ThoiGianThanhToan": self.paid_at,
        }
        if self.code == "00":
            found["UrlBienLai"] = f"https://example.invalid/bien-lai/{self.number}.pdf"
        return found


def code_of(values: Mapping[str, str], secret: str) -> str:
    """The signature."""
    named = sorted((name, value) for name, value in values.items() if name != "secureCode")
    text = "&".join(f"{name}={len(value.encode())}:{value}" for name, value in named)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Platform:
    """Its books, and how it speaks to its one partner."""

    def __init__(self, partner: Partner) -> None:
        self.partner = partner
        self.transactions: dict[str, Transaction] = {}
        self._client = httpx.AsyncClient(timeout=10, trust_env=False)

    def good(self, values: Mapping[str, str]) -> bool:
        """The partner signed them."""
        return hmac.compare_digest(code_of(values, self.partner.secret), values.get("secureCode", ""))

    def signed(self, values: Mapping[str, str]) -> dict[str, str]:
        """With our signature."""
        return {**values, "secureCode": code_of(values, self.partner.secret)}

    async def call(self, name: str, values: Mapping[str, str]) -> dict[str, Any]:
        """A call to the partner."""
        answer = await self._client.post(f"{self.partner.partner_url}/payments/paygov/{name}", json=self.signed(values))
        found: dict[str, Any] = answer.json()
        return found


def create_app(partner: Partner) -> FastAPI:
    """The platform's HTTP side."""
    app = FastAPI(title="National payment platform (simulated)")
    platform = Platform(partner)
    _partner_side(app, platform)
    _payer_side(app, platform)

    @app.get("/control/transactions")
    async def books() -> list[dict[str, Any]]:
        return [{"attempt": a, "code": t.code, "told": t.told, **t.data()} for a, t in platform.transactions.items()]

    @app.post("/control/lose-result/{lose}", status_code=204)
    async def lose(lose: int) -> None:
        partner.lose_result = bool(lose)

    return app


def _partner_side(app: FastAPI, platform: Platform) -> None:
    @app.post("/inittransaction")
    async def initialise(request: Request, values: Annotated[dict[str, str], Body()]) -> dict[str, str]:
        if not platform.good(values):
            return {"MaLoi": "97"}
        attempt = values.get("MaThamChieu", "")
        dossier = await platform.call("query", {"MaThamChieu": attempt})
        if dossier.get("MaLoi") != "00" or dossier.get("SoTien") != values.get("SoTien"):
            return {"MaLoi": "04"}
        platform.transactions.setdefault(attempt, Transaction(values, dossier))
        return {"MaLoi": "00", "UrlThanhToan": str(request.url_for("page", attempt=attempt))}

    @app.post("/querytransaction")
    async def query(values: Annotated[dict[str, str], Body()]) -> dict[str, str]:
        if not platform.good(values):
            return {"responseCode": "97"}
        found = platform.transactions.get(values.get("MaThamChieu", ""))
        return platform.signed(
            {"responseCode": "91"} if found is None else {**found.data(), "responseCode": found.code}
        )


def _payer_side(app: FastAPI, platform: Platform) -> None:
    @app.get("/page/{attempt}", response_class=HTMLResponse)
    async def page(attempt: str) -> Response:
        found = platform.transactions.get(attempt)
        if found is None:
            return HTMLResponse("<p>Không tìm thấy giao dịch.</p>", 404)
        text = f"{escape(found.dossier['NoiDungThanhToan'])}: {int(found.request['SoTien']):,} đ"
        buttons = "".join(f'<button name="decision" value="{d}">{d}</button>' for d in DECISIONS)
        return HTMLResponse(
            f'<!doctype html><html lang="vi"><meta charset="utf-8"><title>Thanh toán</title><p>{text}</p>'
            f'<form method="post" action="{escape(attempt)}">{buttons}</form></html>'
        )

    @app.post("/page/{attempt}")
    async def decide(attempt: str, decision: Annotated[str, Form()]) -> Response:
        found = platform.transactions.get(attempt)
        if found is None or found.code != "01" or decision not in DECISIONS:
            return HTMLResponse("<p>Giao dịch đã kết thúc.</p>", 400)
        found.code, found.paid_at = DECISIONS[decision], datetime.now(UTC).astimezone(ZONE).strftime("%Y%m%d%H%M%S")
        data = base64.b64encode(json.dumps(found.data()).encode()).decode()
        values = {"data": data, "responseCode": found.code}
        if not platform.partner.lose_result:
            found.told.append(str((await platform.call("result", values)).get("MaLoi")))
        target = httpx.URL(found.request["UrlKetQua"]).copy_merge_params(platform.signed(values))
        return RedirectResponse(str(target), 302)

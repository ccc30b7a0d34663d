"""``python -m simulators.sms_centre``: SMPP on SMSC_PORT; phones and control API on SMSC_HTTP_PORT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from typing import Any

import smpp34
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic_settings import BaseSettings, SettingsConfigDict

from simulators.journal import Journal
from simulators.sms_centre.centre import Centre, Faults
from simulators.sms_centre.phones import Message

_STYLE = """body{font:16px/1.5 system-ui;background:#eef1f4;max-width:34rem;margin:2rem auto;padding:0 1rem;color:#123}
article{background:#fff;border-radius:.8rem;padding:.6rem 1rem;margin:.6rem 0;box-shadow:0 1px 2px #0002}
header{color:#667;font-size:.85rem}p{margin:.2rem 0}"""


class Settings(BaseSettings):
    """Both ports are required. `SMSC_JOURNAL`: a file that keeps messages and receipts over a restart."""

    model_config = SettingsConfigDict(env_prefix="SMSC_")

    host: str = "127.0.0.1"
    port: int
    http_port: int
    journal: Path | None = None


def create_app(centre: Centre, settings: Settings) -> FastAPI:
    """Phones to look at, and the control API."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        server = smpp34.Server(settings.host, settings.port, system_id="SMSC-SIM")
        await server.start()
        serving = asyncio.create_task(centre.serve(server))
        yield
        serving.cancel()
        await server.stop()

    app = FastAPI(title="SMS centre (simulated)", lifespan=life)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/phone", response_class=HTMLResponse)
    async def phone(to: str | None = None) -> str:
        return _page(list(reversed(centre.phones.of(to)))[:200])

    @app.get("/phone/messages")
    async def messages(to: str | None = None) -> list[dict[str, Any]]:
        return [
            {
                "to": m.to,
                "from": m.source,
                "text": m.text,
                "parts": m.total,
                "received_at": m.received_at.isoformat(),
                "message_ids": [part.message_id for part in m.parts.values()],
            }
            for m in centre.phones.of(to)
        ]

    @app.get("/submissions")
    async def submissions() -> list[dict[str, Any]]:
        return [
            {"id": p.message_id, "to": p.to, "text": p.text, "sequence": p.sequence, "total": p.total}
            for p in centre.phones.submissions
        ]

    @app.get("/count")
    async def count() -> dict[str, int]:
        return {"submissions": len(centre.phones.submissions)}

    @app.post("/control/faults")
    async def set_faults(faults: Faults) -> Faults:
        centre.faults = faults
        return faults

    @app.delete("/control/faults", status_code=204)
    async def no_faults() -> None:
        centre.faults = Faults()

    return app


def _page(messages: list[Message]) -> str:
    cards = "".join(
        f"<article><header>{escape(m.source)} → {escape(m.to)} · {m.received_at:%H:%M:%S} UTC · {m.total} phần</header>"
        f"<p>{escape(m.text)}</p></article>"
        for m in messages
    )
    return (
        '<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="refresh" content="3"><title>Điện thoại</title><style>{_STYLE}</style>'
        f"<h1>Điện thoại</h1>{cards or '<p>Chưa có tin nhắn.</p>'}</html>"
    )


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(
        create_app(Centre(Journal(found.journal)), found),
        host=found.host,
        port=found.http_port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )

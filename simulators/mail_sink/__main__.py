"""``python -m simulators.mail_sink``: SMTP on MAIL_SMTP_PORT, mailbox and control API on MAIL_HTTP_PORT."""

from __future__ import annotations

import asyncio
import email
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import default
from html import escape
from typing import Annotated, Any

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

KEPT = 10_000
_STYLE = (
    "body{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}article{border-top:1px solid #ccc}"
)


class Settings(BaseSettings):
    """Both ports are required."""

    model_config = SettingsConfigDict(env_prefix="MAIL_")

    host: str = "127.0.0.1"
    smtp_port: int
    http_port: int


class Faults(BaseModel):
    """What to do wrong. `drop_after_data_next`: the mail is stored and the answer is lost."""

    model_config = ConfigDict(extra="forbid")

    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    reject_next: int = 0
    reject_code: Annotated[int, Field(ge=400, le=599)] = 550
    drop_after_data_next: int = 0

    def take(self, name: str) -> bool:
        """Uses up one of a counted fault."""
        left: int = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class Mailbox:
    """aiosmtpd's handler: what arrived, bounded."""

    def __init__(self) -> None:
        self.messages: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self.faults = Faults()

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Stores a mail for each recipient."""
        await asyncio.sleep(self.faults.latency_ms / 1000)
        if self.faults.take("reject_next"):
            return f"{self.faults.reject_code} refused on demand"
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message = email.message_from_bytes(content, policy=default)
        body = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
        for to in envelope.rcpt_tos:
            text = body.get_content() if body else ""
            self.messages.append(
                {
                    "to": to,
                    "from": envelope.mail_from,
                    "subject": message["subject"],
                    "id": message["message-id"],
                    "text": text,
                }
            )
        transport: Any = server.transport  # uvloop's is no asyncio.WriteTransport
        if self.faults.take("drop_after_data_next"):
            transport.abort()
        return "250 stored"


def create_app(mailbox: Mailbox, settings: Settings) -> FastAPI:
    """The mailbox to look at, and the control API."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(mailbox, hostname="mail.example.vn", enable_SMTPUTF8=True), settings.host, settings.smtp_port
        )
        yield
        server.close()

    app = FastAPI(title="Mail sink (simulated)", lifespan=life)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/messages")
    async def messages(to: str | None = None) -> list[dict[str, Any]]:
        return [m for m in mailbox.messages if to in {None, m["to"]}]

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        cards = "".join(
            f"<article><h2>{escape(str(m['subject']))}</h2><p>→ {escape(m['to'])}</p>"
            f"<pre>{escape(m['text'])}</pre></article>"
            for m in reversed(mailbox.messages)
        )
        return (
            '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Hộp thư</title>'
            f"<style>{_STYLE}</style><h1>Hộp thư</h1>{cards or '<p>Chưa có thư.</p>'}</html>"
        )

    @app.post("/control/faults")
    async def set_faults(faults: Faults) -> Faults:
        mailbox.faults = faults
        return faults

    @app.delete("/control/faults", status_code=204)
    async def no_faults() -> None:
        mailbox.faults = Faults()

    return app


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(
        create_app(Mailbox(), found),
        host=found.host,
        port=found.http_port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )

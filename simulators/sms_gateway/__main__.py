"""``python -m simulators.sms_gateway``: the gateway and its control API on GATEWAY_PORT."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Final

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

TAKEN, WRONG_KEY, TOO_LONG_ID = "100", "101", "99"
LONGEST_ID: Final = 50
TRUSTED: Final = httpx.create_ssl_context(trust_env=False)
DELIVERED, FAILED = 5, 4


class Settings(BaseSettings):
    """The port, and the keys of our account."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = "127.0.0.1"
    port: int
    api_key: str
    secret_key: str


class Faults(BaseModel):
    """What to do wrong; `*_next` are counts. `hang_next`: it is sent, and not answered for a minute."""

    model_config = ConfigDict(extra="forbid")

    hang_next: int = 0
    unavailable_next: int = 0
    code_next: int = 0
    code: str = "103"
    undeliverable: tuple[str, ...] = ()

    def take(self, name: str) -> bool:
        """Uses up one of a counted fault."""
        left: int = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class Message(BaseModel):
    """One request, in the gateway's own words."""

    ApiKey: str
    SecretKey: str
    Phone: str
    Content: Annotated[str, Field(max_length=1_000)]
    Brandname: str
    SmsType: str
    IsUnicode: str = "0"
    RequestId: str
    CallbackUrl: str | None = None


class Gateway:
    """What was sent, by the sender's RequestId. `requests` counts all that came."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, str]] = {}
        self.requests = 0
        self.faults = Faults()
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, message: Message) -> Mapping[str, str]:
        """The answer; the same RequestId is sent once."""
        known = self.sent.get(message.RequestId)
        if known is None:
            known = {"SMSID": f"{next(self._ids):08d}", "to": message.Phone, "text": message.Content}
            self.sent[message.RequestId] = known
            if message.CallbackUrl is not None:
                task = asyncio.create_task(self._report(message.CallbackUrl, known))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return {"CodeResult": TAKEN, "SMSID": known["SMSID"]}

    async def _report(self, url: str, sent: Mapping[str, str]) -> None:
        status = FAILED if sent["to"] in self.faults.undeliverable else DELIVERED
        async with httpx.AsyncClient(verify=TRUSTED, trust_env=False) as client:
            await client.get(url, params={"SMSID": sent["SMSID"], "SendStatus": str(status)})


def create_app(gateway: Gateway, settings: Settings) -> FastAPI:
    """The gateway and its control API."""
    app = FastAPI(title="SMS gateway (simulated)")

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.post("/MainService.svc/json/SendMultipleMessage_V4_post_json/")
    async def send(message: Message) -> Any:
        gateway.requests += 1
        if gateway.faults.take("unavailable_next"):
            return JSONResponse({}, 503)
        if (message.ApiKey, message.SecretKey) != (settings.api_key, settings.secret_key):
            return {"CodeResult": WRONG_KEY, "ErrorMessage": "Authorize Failed"}
        if len(message.RequestId) > LONGEST_ID:
            return {"CodeResult": TOO_LONG_ID, "ErrorMessage": "RequestId"}
        if gateway.faults.take("code_next"):
            return {"CodeResult": gateway.faults.code, "ErrorMessage": "on demand"}
        answer = gateway.take(message)
        if gateway.faults.take("hang_next"):
            await asyncio.sleep(60)
        return answer

    @app.get("/messages")
    async def messages() -> list[dict[str, str]]:
        return list(gateway.sent.values())

    @app.post("/control/faults")
    async def set_faults(faults: Faults) -> Faults:
        gateway.faults = faults
        return faults

    return app


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(create_app(Gateway(), found), host=found.host, port=found.port, log_level="warning")

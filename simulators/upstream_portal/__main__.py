"""``python -m simulators.upstream_portal``: POST /filings emits an event, GET /replies shows what came back."""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from fastapi import FastAPI, HTTPException
from joserfc import jwe, jws
from joserfc.jwk import ECKey
from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

TOPIC = "upstream.dossiers.v1"
TYPE = "upstream.dossier_filed.v1"
KEPT = 10_000
PAUSE = 1.0
SEND_SECONDS = 10.0


class Settings(BaseSettings):
    """`PORTAL_SIM_JWK`: the portal's private key; `PORTAL_SIM_KEYS_URL`: where submission publishes its own.

    `PORTAL_SIM_USERNAME`, `…_PASSWORD` and `…_CA_FILE`: who it is to a Kafka that asks (SCRAM-SHA-512 inside TLS).
    """

    model_config = SettingsConfigDict(env_prefix="PORTAL_SIM_")

    host: str = "127.0.0.1"
    port: int
    source: str
    jwk: SecretStr
    keys_url: str
    bootstrap_servers: str
    username: str = ""
    password: SecretStr = SecretStr("")
    ca_file: str | None = None

    def connection(self) -> dict[str, Any]:
        """As aiokafka takes it."""
        if not self.username:
            return {"bootstrap_servers": self.bootstrap_servers}
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": "SASL_SSL",
            "ssl_context": ssl.create_default_context(cafile=self.ca_file),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password.get_secret_value(),
        }


class Filing(BaseModel):
    """What to emit: `data` as it is, right or wrong. `copies` > 1 repeats the same event."""

    reference: Annotated[str, Field(min_length=1, max_length=200)]
    data: Any
    type: str = TYPE
    event: str | None = None
    copies: Annotated[int, Field(ge=1, le=10)] = 1
    encrypted: bool = True


class Portal:
    """One producer, one consumer, the replies received."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.replies: list[dict[str, Any]] = []
        self._key = ECKey.import_key(json.loads(settings.jwk.get_secret_value()))
        self._recipient: ECKey | None = None
        self._producer: Any = None

    async def start(self) -> None:
        """Connects to Kafka."""
        self._producer = AIOKafkaProducer(**self.settings.connection(), acks="all")
        await self._producer.start()

    async def stop(self) -> None:
        """Closes the producer."""
        await self._producer.stop()

    async def emit(self, filing: Filing) -> str:
        """Emits the event; returns its id."""
        event = filing.event or str(uuid.uuid4())
        body = json.dumps(filing.data, ensure_ascii=False).encode()
        attributes = {
            "ce_specversion": "1.0",
            "ce_id": event,
            "ce_source": self.settings.source,
            "ce_type": filing.type,
            "ce_subject": filing.reference,
            "ce_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "content-type": "application/jose" if filing.encrypted else "application/json",
        }
        value = await self._protected(body, attributes) if filing.encrypted else body
        headers = [(name, text.encode()) for name, text in attributes.items()]
        for _ in range(filing.copies):
            await self._producer.send_and_wait(TOPIC, value=value, key=filing.reference.encode(), headers=headers)
        return event

    async def _protected(self, body: bytes, attributes: dict[str, str]) -> bytes:
        if self._recipient is None:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                answer = (await client.get(self.settings.keys_url)).raise_for_status()
            self._recipient = ECKey.import_key(answer.json()["keys"][0])
        bound = {name: attributes[name] for name in ("ce_source", "ce_type", "ce_subject", "ce_id")}
        registry = jws.JWSRegistry(strict_check_header=False)
        signed = jws.serialize_compact({"alg": "ES256", **bound}, body, self._key, ["ES256"], registry)
        header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "cty": "JWS", "kid": self._recipient.kid}
        allowed = ["ECDH-ES+A256KW", "A256GCM"]
        return jwe.encrypt_compact(header, signed, self._recipient, algorithms=allowed).encode()

    async def listen(self) -> None:
        """Reads replies until cancelled, from the beginning again after trouble with the broker."""
        while True:
            self.replies.clear()
            try:
                await self._listen()
            except (KafkaError, OSError):
                await asyncio.sleep(PAUSE)

    async def _listen(self) -> None:
        consumer = AIOKafkaConsumer(
            f"upstream.replies.{self.settings.source}.v1",
            **self.settings.connection(),
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            async for record in consumer:
                headers = {name: value.decode() for name, value in record.headers}
                self.replies.append({"type": headers.get("ce_type"), **self._opened(record.value)})
                del self.replies[:-KEPT]
        finally:
            await consumer.stop()

    def _opened(self, value: bytes) -> dict[str, Any]:
        opened = jwe.decrypt_compact(value, self._key, algorithms=["ECDH-ES+A256KW", "A256GCM"])
        reply: dict[str, Any] = json.loads(jws.extract_compact(opened.plaintext or b"").payload)
        return reply


def create_app(settings: Settings) -> FastAPI:
    """The portal's own HTTP interface."""
    portal = Portal(settings)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        await portal.start()
        listening = asyncio.create_task(portal.listen())
        yield
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await portal.stop()

    app = FastAPI(title="Upstream portal (simulated)", lifespan=life)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/filings", status_code=202)
    async def file(filing: Filing) -> dict[str, str]:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return {"event": await portal.emit(filing)}
        except (KafkaError, httpx.HTTPError, OSError, TimeoutError) as error:
            # Not known to be sent: the same event again is harmless.
            raise HTTPException(503, f"{type(error).__name__}: {error}") from error

    @app.get("/replies")
    async def replies(reference: str | None = None) -> list[dict[str, Any]]:
        return [r for r in portal.replies if reference is None or r.get("reference") == reference]

    return app


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(create_app(found), host=found.host, port=found.port, log_level="warning", timeout_graceful_shutdown=2)

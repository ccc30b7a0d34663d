"""``python -m simulators.virus_scanner``: clamd on CLAMD_SIM_PORT, control API on CLAMD_SIM_HTTP_PORT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from pydantic_settings import BaseSettings, SettingsConfigDict

from simulators.virus_scanner.scanner import Control, Scanner


class Settings(BaseSettings):
    """Both ports are required."""

    model_config = SettingsConfigDict(env_prefix="CLAMD_SIM_")

    host: str = "127.0.0.1"
    port: int
    http_port: int


def create_app(scanner: Scanner, settings: Settings) -> FastAPI:
    """The scanner behind its control API."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        server = await asyncio.start_server(scanner.serve, settings.host, settings.port)
        yield
        server.close()

    app = FastAPI(title="Virus scanner (simulated)", lifespan=life)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/scans")
    async def scans() -> dict[str, int]:
        return {"scans": scanner.scans}

    @app.post("/control")
    async def set_control(control: Control) -> Control:
        scanner.control = control
        return control

    @app.delete("/control", status_code=204)
    async def no_control() -> None:
        scanner.control = Control()

    return app


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(
        create_app(Scanner(), found),
        host=found.host,
        port=found.http_port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )

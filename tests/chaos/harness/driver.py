"""Dossiers in an open loop, and a record of everything that was acknowledged to somebody outside."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from cli.demo.client import Caller
from cli.demo.filings import plan
from cli.demo.journey import Journey, Outcome, People
from cli.demo.oidc import login
from deploy.local.platform import Backbone
from deploy.local.stack import SERVICES, Stack, replica_names

OFFICERS: Final = ("clerk1", "specialist1", "leader1", "registrar1")
CITIZENS: Final = ("citizen1", "citizen2", "citizen3")
ATTEMPT: Final = 12.0
"""Seconds for one request: a frozen replica answers none, the next attempt goes to the other."""


class Either(httpx.AsyncBaseTransport):
    """What a load balancer does: requests to a service go to its replicas in turn."""

    def __init__(self, replicas: Mapping[int, tuple[int, ...]]) -> None:
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=400, max_keepalive_connections=20))
        self._turns = {port: itertools.cycle(ports) for port, ports in replicas.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        turn = self._turns.get(request.url.port or 0)
        if turn is not None:
            request.url = request.url.copy_with(port=next(turn))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def browser(stack: Stack, replicas: int) -> httpx.AsyncClient:
    """The client of everybody outside."""
    ports = {
        stack.ports[service]: tuple(stack.ports[name] for name in replica_names(service, replicas))
        for service in SERVICES
    }
    return httpx.AsyncClient(transport=Either(ports), timeout=ATTEMPT)


class _Recorded(Caller):
    """Notes every request that was acknowledged with a 2xx."""

    def __init__(self, client: httpx.AsyncClient, token: str, patience: float, facts: list[dict[str, Any]]) -> None:
        super().__init__(client, token, patience)
        self._facts = facts

    async def post(self, url: str, body: Mapping[str, Any] | None = None, key: str | None = None) -> Any:
        answer = await super().post(url, body, key)
        *_, last = path = urlsplit(url).path.strip("/").split("/")
        dossier = answer["id"] if last == "dossiers" else path[1] if path[0] == "dossiers" else None
        fact = {"at": time.time(), "what": last, "dossier": dossier}
        self._facts.append({**fact, "reference": body["reference"]} if body and last == "filings" else fact)
        return answer


class Driver:
    """`facts`: what was acknowledged, JSON-able, in order. `outcomes`: one per dossier begun."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient, *, patience: float) -> None:
        self.facts: list[dict[str, Any]] = []
        self.outcomes: dict[int, Outcome] = {}
        self._stack = stack
        self._client = client
        self._patience = patience

    async def people(self, backbone: Backbone) -> People:
        """Signs everybody in."""
        accounts = json.loads((backbone.run.path / "accounts.json").read_text())["accounts"]
        passwords = {account["username"]: account["password"] for account in accounts}

        async def caller(username: str) -> Caller:
            token = await login(self._stack.url("idp"), username, passwords[username])
            return _Recorded(self._client, token, self._patience, self.facts)

        citizens = await asyncio.gather(*(caller(name) for name in CITIZENS))
        return People(tuple(citizens), *await asyncio.gather(*(caller(name) for name in OFFICERS)))

    async def run(self, people: People, rate: float, seconds: float, moved: Callable[[Outcome], None]) -> None:
        """Begins `rate` dossiers a second for `seconds`, whatever became of the earlier ones; returns at their end."""

        def noted(outcome: Outcome) -> None:
            self.outcomes[outcome.planned.number] = outcome
            moved(outcome)

        journey = Journey(self._stack, people, self._client, noted, patience=self._patience, pause=1.0)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for planned in plan(int(rate * seconds), "chaos"):
                await asyncio.sleep(max(0.0, began + planned.number / rate - time.monotonic()))
                group.create_task(journey.run(planned))

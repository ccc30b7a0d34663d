"""One dossier from filing to result, through the doors that applicants, officers and partners use."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final
from urllib.parse import urljoin

import httpx

from cli.demo.client import PATIENCE, PAUSE, Caller, DemoError, T, wait_for
from cli.demo.filings import Planned
from deploy.local.stack import Stack

PDF: Final = b"%PDF-"
FINISHED: Final = "Mã lỗi 01:"
"""How the gateway's page says that a transaction was used before or is finished."""


@dataclass
class Outcome:
    """What became of one planned dossier. Times in seconds since its filing."""

    planned: Planned
    dossier: str = ""
    code: str = ""
    stage: str = "planned"
    paid: int = 0
    result: str = ""
    started: float = 0.0
    seconds: float = 0.0
    error: str = ""
    steps: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class People:
    """Those who act in the demo, signed in."""

    citizens: tuple[Caller, ...]
    clerk: Caller
    specialist: Caller
    leader: Caller
    registrar: Caller


class Journey:
    """Drives one dossier. `moved` is told of every step. Seconds: `patience` for each wait, `pause` between looks."""

    def __init__(
        self,
        stack: Stack,
        people: People,
        client: httpx.AsyncClient,
        moved: Callable[[Outcome], None],
        *,
        patience: float = PATIENCE,
        pause: float = PAUSE,
    ) -> None:
        self._patience = patience
        self._pause = pause
        self._stack = stack
        self._people = people
        self._client = client
        self._moved = moved

    async def run(self, planned: Planned) -> Outcome:
        """From filing to result; an error ends this dossier only and is in the outcome."""
        outcome = Outcome(planned, started=time.monotonic())
        try:
            await self._drive(planned, outcome)
        except (DemoError, httpx.HTTPError, KeyError) as error:
            outcome.error = f"{type(error).__name__}: {error}"
        outcome.seconds = time.monotonic() - outcome.started
        self._moved(outcome)
        return outcome

    async def _drive(self, planned: Planned, outcome: Outcome) -> None:
        people, submission = self._people, self._stack.url("submission")
        citizen = people.citizens[planned.number % len(people.citizens)]
        outcome.dossier = await self._file(citizen, planned)
        mine = f"{submission}/dossiers/{outcome.dossier}"
        self._step(outcome, "filed")
        await people.clerk.post(f"{mine}/accept")
        accepted = await self._stage(mine, {"awaiting_fee", "assigning"})
        outcome.code = accepted["code"]
        self._step(outcome, "accepted")
        if planned.pays:
            outcome.paid = await self._pay(citizen, outcome.dossier)
            await self._stage(mine, {"assigning"})
            self._step(outcome, "paid")
        await people.leader.post(f"{mine}/assign", {"unit": "culture"})
        await people.specialist.post(f"{mine}/take")
        await people.specialist.post(f"{mine}/examine", {"proposal": "approve"})
        await people.leader.post(f"{mine}/decide", {"outcome": "approved"})
        await people.registrar.post(f"{mine}/issue")
        self._step(outcome, "decided")
        await self._receive(citizen, planned, outcome.dossier)
        await self._stage(mine, {"returned"})
        self._step(outcome, "returned")

    async def _file(self, citizen: Caller, planned: Planned) -> str:
        if planned.route == "http":
            url = self._stack.url("submission") + "/dossiers"
            filed: str = (await citizen.post(url, planned.filing, key=planned.reference))["id"]
            return filed
        portal = self._stack.url("upstream_portal")
        data = {**planned.filing, "account": citizen.account}
        await citizen.post(
            f"{portal}/filings", {"reference": planned.reference, "event": planned.reference, "data": data}
        )

        async def reply() -> dict[str, Any] | None:
            replies = await citizen.get(f"{portal}/replies", reference=planned.reference)
            return replies[0] if replies else None

        found = await self._wait("the reply to an upstream filing", reply)
        if found["type"] != "reply.accepted.v1":
            raise DemoError(f"the upstream filing was refused: {found}")
        dossier: str = found["dossier_id"]
        return dossier

    async def _stage(self, url: str, stages: set[str]) -> dict[str, Any]:
        async def reached() -> dict[str, Any] | None:
            dossier: dict[str, Any] = await self._people.clerk.get(url)
            return dossier if dossier["stage"] in stages else None

        return await self._wait(f"stage {' or '.join(sorted(stages))}", reached)

    async def _wait(self, what: str, look: Callable[[], Awaitable[T | None]]) -> T:
        return await wait_for(what, look, patience=self._patience, pause=self._pause)

    async def _pay(self, citizen: Caller, dossier: str) -> int:
        """Pays on the gateway's own page, as a browser does."""
        payments = f"{self._stack.url('payment')}/dossiers/{dossier}"

        async def invoice() -> dict[str, Any] | None:
            found: dict[str, Any] | None = await citizen.find(f"{payments}/invoice")
            return found

        total: int = (await self._wait("the invoice", invoice))["total"]
        attempt = await citizen.post(f"{payments}/payments")
        await self._wait("the payment", lambda: self._pays(attempt["url"]))
        return total

    async def _pays(self, url: str) -> bool | None:
        """Pays once; None while an answer is missing. A finished transaction was paid before its answer was lost."""
        try:
            page = await self._client.get(url)
            if FINISHED in page.text:
                return True
            action, fields = _form(page.text)
            answer = await self._client.post(urljoin(str(page.url), action), data=fields, follow_redirects=True)
        except httpx.TransportError:
            return None
        if answer.is_server_error:
            return None
        if answer.is_error and FINISHED not in answer.text:
            raise DemoError(f"the payment page answered {answer.status_code}: {answer.text[:300]}")
        return True

    async def _receive(self, citizen: Caller, planned: Planned, dossier: str) -> None:
        delivery = f"{self._stack.url('delivery')}/dossiers/{dossier}"

        async def available() -> dict[str, Any] | None:
            found: dict[str, Any] | None = await citizen.find(f"{delivery}/delivery")
            return found if found and found.get("document") else None

        await self._wait("the result document", available)
        if not (await citizen.content(f"{delivery}/document")).startswith(PDF):
            raise DemoError("the result is no PDF")
        if planned.way == "in_person":

            async def ready() -> dict[str, Any] | None:
                found: dict[str, Any] = await citizen.get(f"{delivery}/delivery")
                return found if found.get("status") in {"available", "delivered"} else None

            told = await self._wait("the result at the desk", ready)
            await self._people.clerk.post(f"{delivery}/collect", {"code": told["pickup"]})

    def _step(self, outcome: Outcome, stage: str) -> None:
        outcome.stage = stage
        outcome.steps[stage] = time.monotonic() - outcome.started
        self._moved(outcome)


def _form(page: str) -> tuple[str, Mapping[str, str]]:
    """Action and default fields of the form on the gateway's payment page, with its "pay" button pressed."""
    action = re.search(r'<form[^>]*action="([^"]+)"', page)
    if action is None:
        raise DemoError(f"the gateway showed no payment form: {page[:300]}")
    fields: dict[str, str] = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind = attributes.get("type", "text")
        chosen = kind == "hidden" or "checked" in tag or (kind == "submit" and attributes.get("value") == "pay")
        if chosen and "name" in attributes:
            fields[attributes["name"]] = unescape(attributes.get("value", ""))
    return unescape(action.group(1)), fields


async def bounded(journey: Journey, plans: list[Planned], at_once: int) -> list[Outcome]:
    """Runs all of them, at most `at_once` at a time."""
    slots = asyncio.Semaphore(at_once)

    async def one(planned: Planned) -> Outcome:
        async with slots:
            return await journey.run(planned)

    return list(await asyncio.gather(*(one(planned) for planned in plans)))

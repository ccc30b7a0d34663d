"""A platform with something in it: dossiers at several stages, a draft, a file, and a token of everybody."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx

from chassis.http.auth import ROLES
from cli.demo.client import Caller, wait_for
from cli.demo.filings import Planned, plan
from cli.demo.journey import Journey, Outcome, People
from cli.demo.oidc import login
from deploy.local.stack import Stack
from tests.unit.services.files.samples import PDF

MACHINE: Final = ("portal", "portal-demo-only-secret")
NAMESPACE: Final = uuid.UUID("5e1f7c1a-6a0f-4a57-9d0b-0d2f2a6f7c11")
LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
PROCEDURES: Final = ("1.001440", "1.008895", "1.000953")


@dataclass
class World:
    """`dossiers`: what belongs to each, by the name of a parameter or field; `words`: what else means something here;
    `bodies`: one that fits, by operation."""

    stack: Stack
    secrets: Mapping[str, Any]
    tokens: Mapping[str, str]
    dossiers: list[dict[str, Any]] = field(default_factory=list)
    words: dict[str, list[Any]] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)


async def populated(stack: Stack, client: httpx.AsyncClient, run: Path) -> World:
    """The world, once three dossiers have got their results and others wait on their way there."""
    people = {role: await _token(stack, client, role) for role in sorted(ROLES - {"upstream"})}
    world = World(stack, json.loads((run / "secrets.json").read_text()), people)
    callers = {role: Caller(client, token) for role, token in people.items()}
    await _results(world, client, callers)
    await _on_the_way(world, callers)
    await _loose(world, client)
    _words(world)
    return world


async def _token(stack: Stack, client: httpx.AsyncClient, role: str) -> str:
    if role != "service":
        return await login(stack.url("idp"), f"{role}1", f"{role}1-demo-only")
    form = {"grant_type": "client_credentials", "resource": "urn:hoso-api"}
    answer = await client.post(f"{stack.url('idp')}/token", data=form, auth=MACHINE)
    token: str = answer.json()["access_token"]
    return token


async def _results(world: World, client: httpx.AsyncClient, callers: Mapping[str, Caller]) -> None:
    for planned in plan(3, "openapi"):
        outcome = await driven(world, client, planned)
        delivery = f"{world.stack.url('delivery')}/dossiers/{outcome.dossier}/delivery"
        delivered = await callers["citizen"].get(delivery)
        found = {"dossier": outcome.dossier, "dossier_code": outcome.code, "kind": "receipt"}
        found |= {"tracking": delivered["tracking"]} if "tracking" in delivered else {}
        found["document_code"] = delivered["documents"][0]["code"]
        world.dossiers.append(found | await _paid(world, callers, outcome.dossier, planned))


async def driven(world: World, client: httpx.AsyncClient, planned: Planned) -> Outcome:
    """A dossier from its filing to its result."""
    acting = [Caller(client, world.tokens[role]) for role in ("citizen", "clerk", "specialist", "leader", "registrar")]
    outcome = await Journey(world.stack, People((acting[0],), *acting[1:]), client, lambda _: None).run(planned)
    assert not outcome.error, outcome.error
    return outcome


async def _paid(world: World, callers: Mapping[str, Caller], dossier: str, planned: Planned) -> dict[str, Any]:
    """Receipt and refund of a dossier that was paid for."""
    if not planned.pays:
        return {}
    path = f"{world.stack.url('payment')}/dossiers/{dossier}"
    invoice = await callers["citizen"].get(f"{path}/invoice")
    taking = invoice["takings"][0]["id"]
    refund = await callers["clerk"].post(f"{path}/refunds", {"taking": taking, "amount": 1000, "ground": "x"})
    receipts = [receipt["number"] for receipt in invoice["receipts"]]
    return {"invoice": invoice["number"], "taking": taking, **refund} | ({"number": receipts[0]} if receipts else {})


async def _on_the_way(world: World, callers: Mapping[str, Caller]) -> None:
    submission = world.stack.url("submission") + "/dossiers"
    citizen, clerk = callers["citizen"], callers["clerk"]
    filed, unpaid, examined = [
        (await citizen.post(submission, planned.filing, key=planned.reference))["id"] for planned in plan(6, "more")[3:]
    ]
    await clerk.post(f"{submission}/{unpaid}/accept")
    await clerk.post(f"{submission}/{examined}/accept")

    async def stage() -> bool | None:
        return True if (await clerk.get(f"{submission}/{examined}"))["stage"] == "assigning" else None

    await wait_for("the dossier to assign", stage)
    await callers["leader"].post(f"{submission}/{examined}/assign", {"unit": "culture"})
    await callers["specialist"].post(f"{submission}/{examined}/take")
    attempt = f"{world.stack.url('payment')}/dossiers/{unpaid}"
    await wait_for("the invoice", lambda: citizen.find(f"{attempt}/invoice"))
    begun = await citizen.post(f"{attempt}/payments")
    world.dossiers += [{"dossier": filed}, {"dossier": unpaid, "attempt": begun["attempt"]}, {"dossier": examined}]


async def _loose(world: World, client: httpx.AsyncClient) -> None:
    submission = world.stack.url("submission")
    draft, file = (str(uuid.uuid5(NAMESPACE, word)) for word in ("draft", "file"))
    headers = {"authorization": f"Bearer {world.tokens['citizen']}"}
    content = {name: value for name, value in plan(3, "d")[2].filing.items() if name in {"procedure", "form", "way"}}
    (await client.put(f"{submission}/drafts/{draft}", headers=headers, json=content)).raise_for_status()
    (await client.put(f"{submission}/files/{file}", headers=headers, content=PDF)).raise_for_status()
    world.words |= {"draft": [draft], "file": [file]}
    world.bodies["PUT /drafts/{draft}"] = content


def _words(world: World) -> None:
    """What else a caller would know, and bodies that fit."""
    filing, day = plan(3, "f")[2].filing, datetime.now(LOCAL).date().isoformat()
    world.words |= {
        "procedure": [*PROCEDURES],
        "stream": ["dossier", "payment", "upstream"],
        "day": [day],
        "on": [day],
        "to": ["specialist2"],
        "unit": ["culture"],
        "account": ["citizen1"],
        "owner": ["citizen1"],
        "aggregate": [known["dossier"] for known in world.dossiers],
    }
    world.bodies |= {
        "POST /dossiers": filing,
        "POST /dossiers/assisted": {
            "filing": filing,
            "consent": "on_paper",
            "consented_at": "2026-11-01T08:00:00Z",
            "account": "citizen1",
        },
        "PUT /files/{file}": PDF,
        "POST /dossiers/{dossier}/documents": PDF,
        "POST /statements": b"entry,time,amount,description\nE1,20261124083000,100000,HS 1\n",
        "POST /reconciliations/{method}/{day}": b"type,txn_ref,transaction_no,amount,charge,time,status\n"
        + f"settlement,,,0,0,{day.replace('-', '')}180000,\n".encode(),
        "POST /mail/bounces": BOUNCE,
    }


BOUNCE: Final = b"""Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.vn

Final-Recipient: rfc822; a@example.vn
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

Message-ID: <DOSSIER.submitted.email@example.vn>

x
--b--
"""

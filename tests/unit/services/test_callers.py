"""Every route of every service, called by nobody, by every role, and by a token that does not hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Any, Final

import httpx
import pytest

from chassis.http import Caller, Problem
from chassis.http.auth import ROLES
from chassis.http.routes import guards
from tests.unit.services.test_routes import ACTS, CHANGES, PUBLIC, SERVICES, app, doors

DESKS: Final = {"clerk", "specialist", "leader", "registrar", "operator", "auditor"}
MONEY: Final = {"clerk", "accountant", "leader", "operator", "auditor"}
BOOKS: Final = {"accountant", "leader", "auditor"}
RESULTS: Final = {"clerk", "registrar", "leader", "operator", "auditor"}
READS: Final[dict[str, dict[str, set[str]]]] = {
    "submission": {
        "GET /drafts": {"citizen"},
        "GET /my-dossiers": {"citizen"},
        "GET /drafts/{draft}": {"citizen"},
        "GET /drafts/{draft}/fee": {"citizen"},
        "GET /dossiers/{dossier}": {"citizen", *DESKS},
        "GET /dossiers/{dossier}/content": {"citizen", *DESKS},
        "GET /dossiers/{dossier}/commands": {"clerk", "specialist", "leader", "registrar"},
        "GET /dossiers/{dossier}/copy": {"citizen"},
        "GET /dossiers/{dossier}/duplicates": DESKS,
        "GET /dossiers/{dossier}/complaint": {"citizen", *DESKS},
        "GET /dossiers": DESKS,
        "GET /inbox": {"clerk", "specialist", "leader", "registrar"},
        "GET /delegation": {"clerk", "specialist", "leader", "registrar"},
        "GET /search": DESKS,
        "GET /files": {"citizen"},
        "GET /files/{file}": {"citizen", *DESKS},
        "GET /files/{file}/content": {"citizen", *DESKS},
        "GET /dossiers/{dossier}/files": {"citizen", *DESKS},
        "GET /privacy/requests": {"operator", "auditor"},
    },
    "payment": {
        "GET /dossiers/{dossier}/invoice": {"citizen", *MONEY},
        "GET /dossiers/{dossier}/invoices": {"citizen", *MONEY},
        "GET /dossiers/{dossier}/vietqr": {"citizen", *MONEY},
        "GET /dossiers/{dossier}/vietqr.svg": {"citizen", *MONEY},
        "GET /dossiers/{dossier}/receipts/{number}": {"citizen", *MONEY},
        "GET /dossiers/{dossier}/receipts/{number}/xml": {"citizen", *MONEY},
        "GET /work": BOOKS,
        "GET /ledger": BOOKS,
        "GET /reconciliations/{method}/{day}": BOOKS,
        "GET /reconciliations/{method}/{day}/csv": BOOKS,
        "GET /discrepancies": BOOKS,
    },
    "notification": {
        "GET /dossiers/{dossier}/messages": {"clerk", "operator", "auditor"},
        "GET /attention": {"operator", "auditor"},
        "GET /providers": {"operator", "auditor"},
        "GET /dossiers/{dossier}/preferences": {"citizen"},
    },
    "delivery": {
        "GET /dossiers/{dossier}/delivery": {"citizen", *RESULTS},
        "GET /dossiers/{dossier}/delivery/choice": {"citizen"},
        "GET /dossiers/{dossier}/document": {"citizen", *RESULTS},
        "GET /dossiers/{dossier}/documents/{code}": {"citizen", *RESULTS},
        "GET /dossiers/{dossier}/slips": {"citizen", *DESKS},
        "GET /dossiers/{dossier}/slips/{kind}": {"citizen", *DESKS},
        "GET /dossiers/{dossier}/label": {"clerk"},
    },
    "tracking": {
        "GET /dossiers/{dossier}/timeline": {"citizen", *DESKS},
        "GET /timelines/{code}": {"service", *DESKS},
        "GET /dossiers": DESKS,
    },
    "statistics": {
        "GET /statistics/report-06a": {"accountant", *DESKS},
        "GET /statistics/figures": {"accountant", *DESKS},
        "GET /statistics/scorecard": {"accountant", *DESKS},
        "GET /statistics/cells": {"operator", "auditor"},
    },
    "audit": {"GET /audit/dossiers/{dossier}": {"auditor"}},
}
"""Who may read what. Who may act is in `ACTS`."""
PLACE: Final = "0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55"


class Named:
    """Takes the name of a role for a token. What a token is worth is `test_verifier.py`."""

    async def verify(self, token: str) -> Caller:
        if token not in ROLES:
            raise Problem(401, "unauthorised", "no role of that name")
        return Caller("somebody", frozenset({token}))


def expected(service: str, route: str) -> set[str] | None:
    """Roles by the tables; None for anybody."""
    if route in PUBLIC:
        return None
    return READS[service][route] if route.startswith("GET") else (ACTS | CHANGES)[route]


@pytest.mark.parametrize("service", SERVICES)
def test_the_callers_of_every_route_are_written_down(service: str) -> None:
    found = {
        route: None if guard[0] is None else set(guard[0]) for route, guard in guards(app(SERVICES[service])).items()
    }
    assert found == {route: expected(service, route) for route in found}
    assert set(READS[service]) <= set(found)


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_else_gets_in(service: str) -> None:
    application = app(SERVICES[service])
    may = {route: expected(service, route) for route in guards(application)}
    assert await let_in(application, may) == []


async def test_nobody_else_gets_at_parked_records() -> None:
    application = doors()
    operations = [route for route in guards(application) if "/operations/" in route]
    may = {route: {"operator", "auditor"} if route.startswith("GET") else {"operator"} for route in operations}
    assert await let_in(application, may) == []


async def test_a_door_that_is_open_too_far_is_found() -> None:
    assert await let_in(app(SERVICES["tracking"]), {"GET /dossiers": set(DESKS) - {"auditor"}}) == [
        ("GET /dossiers", "auditor", 422)
    ]


async def let_in(application: Any, may: Mapping[str, AbstractSet[str] | None]) -> list[tuple[str, str, int]]:
    """Who was not turned away (401 without a token that holds, 403 for a role) although they may not: route, token,
    status. Anybody may where the roles are None.
    """
    application.state.verifier = Named()
    found = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://service") as client:
        for route, roles in may.items():
            method, _, path = route.partition(" ")
            for token in ("", "forged", *sorted(ROLES)):
                if roles is None or token in roles:
                    continue
                headers = {"authorization": f"Bearer {token}"} if token else {}
                status = (await client.request(method, filled(path), headers=headers)).status_code
                if status != (HTTPStatus.FORBIDDEN if token in ROLES else HTTPStatus.UNAUTHORIZED):
                    found.append((route, token, status))
    return found


def filled(path: str) -> str:
    return re.sub(r"{[^}]*}", PLACE, path)


def test_the_tables_name_no_route_that_is_gone() -> None:
    there = {route for module in SERVICES.values() for route in guards(app(module))}
    assert there >= PUBLIC | ACTS.keys() | CHANGES.keys()


def test_a_role_that_nothing_is_for_has_no_token_to_use() -> None:
    used = {role for module in SERVICES.values() for guard in guards(app(module)).values() for role in guard[0] or ()}
    assert ROLES - used == {"upstream"}, "portals speak over Kafka"

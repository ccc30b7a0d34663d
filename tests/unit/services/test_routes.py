"""Who may call what: every route of every service has exactly one guard, and officers' acts are the officer's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import PathItem
from fastapi.routing import iter_route_contexts

from chassis.http import Verifier, create_app
from chassis.http.document import describe
from chassis.http.operations import operators
from chassis.http.routes import guards, unguarded
from chassis.operations import Operations
from services.audit import api as auditing
from services.delivery import api as deliveries
from services.notification import api as notification
from services.payment import api as payment
from services.submission import api as submission
from services.submission.api.common import seen
from services.tracking import api as tracking
from services.tracking.statistics import api as counting
from services.tracking.statistics.view import Shown, View

unused: Any = None
statistics = SimpleNamespace(router=lambda _platform: counting.router(View(Shown()), unused))
audit = SimpleNamespace(router=lambda _platform: auditing.router(unused, unused))
delivery = SimpleNamespace(router=lambda platform: deliveries.router(platform, unused))
PUBLIC = {
    "GET /openapi.json",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /.well-known/jwks.json",
    "GET /payments/vnpay/ipn",
    "GET /payments/vnpay/return",
    "GET /payments/paygov/return",
    "POST /payments/paygov/query",
    "POST /payments/paygov/result",
    "GET /procedures",
    "GET /verification/{code}",
    "POST /verification",
    "GET /verify",
    "GET /verify/{code}",
    "POST /verify",
    "GET /download/{token}",
    "POST /download/{token}",
    "GET /desks",
    "GET /audit/seals",
    "POST /post/events",
    "POST /upstream/events",
    "GET /procedures/{code}",
    "GET /procedures/{code}/form",
    "GET /procedures/{code}/form.pdf",
    "GET /units",
    "GET /sms/{provider}/{secret}",
    "GET /",
    "GET /statistics",
    "GET /open-data/statistics.json",
    "GET /open-data/statistics.csv",
}
ACTS: dict[str, set[str]] = {
    "POST /dossiers": {"citizen"},
    "POST /dossiers/assisted": {"clerk"},
    "POST /drafts/{draft}/file": {"citizen"},
    "POST /dossiers/{dossier}/accept": {"clerk"},
    "POST /dossiers/{dossier}/reject": {"clerk"},
    "POST /dossiers/{dossier}/supplement": {"clerk", "specialist"},
    "POST /dossiers/{dossier}/supplement-answer": {"citizen"},
    "POST /dossiers/{dossier}/withdraw": {"citizen"},
    "POST /dossiers/{dossier}/rating": {"citizen"},
    "POST /dossiers/{dossier}/complaint": {"citizen"},
    "POST /dossiers/{dossier}/complaint/answer": {"leader"},
    "POST /dossiers/{dossier}/assign": {"leader"},
    "POST /dossiers/{dossier}/extend": {"leader"},
    "POST /dossiers/{dossier}/stop": {"leader"},
    "POST /dossiers/{dossier}/take": {"specialist"},
    "POST /dossiers/{dossier}/release": {"specialist"},
    "POST /dossiers/{dossier}/hand-over": {"specialist"},
    "POST /dossiers/{dossier}/steps": {"specialist"},
    "POST /dossiers/{dossier}/stages": {"specialist"},
    "POST /calendar/recount": {"operator"},
    "POST /privacy/find": {"operator"},
    "POST /privacy/export": {"operator"},
    "POST /privacy/erase": {"operator"},
    "POST /privacy/correct": {"operator"},
    "POST /privacy/requests": {"operator"},
    "POST /privacy/requests/{request}/answer": {"operator"},
    "POST /privacy/restrict": {"operator"},
    "POST /privacy/lift": {"operator"},
    "POST /privacy/dossiers/{dossier}/hold": {"operator"},
    "POST /privacy/dossiers/{dossier}/release": {"operator"},
    "POST /dossiers/{dossier}/files/{file}/original": {"clerk"},
    "POST /dossiers/{dossier}/examine": {"specialist"},
    "POST /delegation": {"clerk", "specialist", "leader", "registrar"},
    "POST /delegation/end": {"clerk", "specialist", "leader", "registrar"},
    "POST /dossiers/{dossier}/decide": {"leader"},
    "POST /dossiers/{dossier}/issue": {"registrar"},
    "POST /dossiers/{dossier}/payments": {"citizen"},
    "POST /dossiers/{dossier}/invoice/renew": {"citizen"},
    "POST /dossiers/{dossier}/invoice/recalculate": {"accountant"},
    "POST /dossiers/{dossier}/cash": {"accountant"},
    "POST /dossiers/{dossier}/refunds": {"clerk", "accountant", "leader"},
    "POST /dossiers/{dossier}/refunds/{refund}/approve": {"accountant", "leader"},
    "POST /dossiers/{dossier}/refunds/{refund}/decline": {"accountant", "leader"},
    "POST /dossiers/{dossier}/refunds/{refund}/paid-out": {"accountant"},
    "POST /dossiers/{dossier}/cases/{case}/close": {"accountant"},
    "POST /dossiers/{dossier}/cases/{case}/book": {"accountant"},
    "POST /dossiers/{dossier}/receipts/{number}/replace": {"accountant"},
    "POST /dossiers/{dossier}/receipts/{number}/transmit": {"accountant"},
    "POST /reconciliations/{method}/{day}": {"accountant"},
    "POST /reconciliations/{method}/{day}/resolve": {"accountant"},
    "POST /statements": {"accountant"},
    "POST /payments/paygov/query": set(),
    "POST /payments/paygov/result": set(),
    "POST /dossiers/{dossier}/collect": {"clerk"},
    "POST /mail/bounces": {"service"},
    "POST /codes": {"service"},
    "POST /codes/verify": {"service"},
    "POST /dossiers/{dossier}/representative": {"citizen"},
    "POST /dossiers/{dossier}/representative/confirm": {"citizen"},
    "POST /dossiers/{dossier}/documents": {"registrar"},
    "POST /dossiers/{dossier}/documents/retry": {"registrar"},
    "POST /dossiers/{dossier}/documents/{code}/replace": {"registrar"},
    "POST /dossiers/{dossier}/documents/{code}/revoke": {"leader"},
    "POST /dossiers/{dossier}/physical": {"clerk", "registrar"},
    "POST /dossiers/{dossier}/links": {"citizen"},
    "POST /dossiers/{dossier}/links/for-applicant": {"clerk", "registrar"},
    "POST /dossiers/{dossier}/delivery/choice": {"citizen"},
    "POST /dossiers/{dossier}/handed-to-post": {"clerk"},
    "POST /dossiers/{dossier}/papers": {"citizen"},
    "POST /dossiers/{dossier}/papers/received": {"clerk"},
    "POST /dossiers/{dossier}/case/close": {"clerk"},
    "POST /audit/seals": {"auditor", "operator"},
    "POST /verification": set(),
    "POST /verify": set(),
    "POST /download/{token}": set(),
    "POST /post/events": set(),
    "POST /upstream/events": set(),
}


CHANGES = {
    "PUT /files/{file}": {"citizen", "clerk"},
    "DELETE /files/{file}": {"citizen", "clerk"},
    "PUT /dossiers/{dossier}/preferences": {"citizen"},
    "PUT /drafts/{draft}": {"citizen"},
    "DELETE /drafts/{draft}": {"citizen"},
}


def app(module: Any) -> Any:
    def part(_name: str) -> None:
        return None

    secret = SimpleNamespace(get_secret_value=lambda: "s" * 16)
    platform: Any = SimpleNamespace(
        keyring=None,
        key_admin=None,
        engine=lambda _name: None,
        store=SimpleNamespace(files=part, blobs=part, collection=part),
        clock=None,
        settings=SimpleNamespace(
            vnpay_secrets=("s" * 16,), paygov_url=None, paygov_secrets=(), providers=(), token_key=secret
        ),
    )

    async def ready() -> dict[str, str]:
        return {}

    partners = [SimpleNamespace()] if module is notification else []
    return create_app("test", module.router(platform, *partners), Verifier("http://127.0.0.1:9"), ready=ready)


def doors() -> Any:
    """What every service has besides its own."""
    return app(SimpleNamespace(router=lambda _platform: operators(Operations((), unused), unused)))


def test_only_operators_act_on_parked_records() -> None:
    assert unguarded(doors()) == []
    found = {route: set(guard[0] or ()) for route, guard in guards(doors()).items() if "/operations/" in route}
    assert {route for route, roles in found.items() if roles != {"operator"}} == {
        "GET /operations/parked",
        "GET /operations/parked/{stream}/{aggregate:path}/{sequence}",
    }
    assert all(roles <= {"operator", "auditor"} for roles in found.values())
    assert len(found) == 5


SERVICES = {
    "submission": submission,
    "payment": payment,
    "notification": notification,
    "delivery": delivery,
    "tracking": tracking,
    "statistics": statistics,
    "audit": audit,
}


@pytest.mark.parametrize("module", SERVICES.values(), ids=SERVICES)
def test_every_route_has_one_guard(module: Any) -> None:
    assert unguarded(app(module)) == []


@pytest.mark.parametrize("module", SERVICES.values(), ids=SERVICES)
def test_every_service_has_an_openapi_document(module: Any) -> None:
    items = [PathItem.model_validate(item) for item in describe(app(module))["paths"].values()]
    methods = ("get", "post", "put", "delete")
    described = [found for item in items for method in methods if (found := getattr(item, method)) is not None]
    assert len(described) == len(guards(app(module)))
    assert not any("500" in (operation.responses or {}) for operation in described)


def test_a_route_without_a_guard_is_found() -> None:
    application = app(tracking)
    application.add_api_route("/open", lambda: "anyone")
    assert unguarded(application) == ["GET /open"]


def test_what_is_public_and_who_may_act() -> None:
    found = {route: guard[0] for module in SERVICES.values() for route, guard in guards(app(module)).items()}
    assert {route for route, roles in found.items() if roles is None} == PUBLIC
    acts = {route: set(roles or ()) for route, roles in found.items() if not route.startswith("GET")}
    assert acts == ACTS | CHANGES


def test_figures_are_for_officers_and_every_cell_for_those_who_verify() -> None:
    found = {route: set(guard[0] or ()) for route, guard in guards(app(statistics)).items() if "/statistics/" in route}
    assert {route for route, roles in found.items() if roles == {"operator", "auditor"}} == {"GET /statistics/cells"}
    assert len(found) == 4
    assert not any(roles & {"citizen", "upstream", "service"} for roles in found.values())


def depends_on(dependant: Dependant | None, call: Any) -> bool:
    return dependant is not None and (
        dependant.call is call or any(depends_on(inner, call) for inner in dependant.dependencies)
    )


def test_every_officer_s_command_on_a_dossier_names_the_revision_it_was_decided_on() -> None:
    asked = {
        f"{method} {route.path}": depends_on(getattr(route, "dependant", None), seen)
        for route in iter_route_contexts(app(submission).routes)
        for method in route.methods or ()
        if method == "POST" and "{dossier}" in (route.path or "")
    }
    officers = {
        route for route, roles in ACTS.items() if "citizen" not in roles and route in asked and "/privacy/" not in route
    }
    assert len(officers) >= 14
    assert {route for route, found in asked.items() if found} == officers

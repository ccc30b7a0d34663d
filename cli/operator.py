"""Calls a running service as an operator; what goes wrong is said with what to do next."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

import httpx
import typer
from rich.console import Console

from cli.demo.oidc import LoginFailed, login
from cli.platform import address
from deploy.local.paths import ROOT
from deploy.local.stack import SERVICES

OPERATOR: Final = "operator1"
SECONDS: Final = 30.0
console = Console()


def known(service: str) -> str:
    """The name of a service, checked."""
    if service not in SERVICES:
        raise typer.BadParameter(f"must be one of {', '.join(SERVICES)}")
    return service


def get(service: str, path: str, params: Mapping[str, Any] | None = None, *, who: str = OPERATOR) -> dict[str, Any]:
    """The JSON a service answers; ends the command with what to do next if it does not."""
    given = {k: v for k, v in (params or {}).items() if v}
    found: dict[str, Any] = asyncio.run(_call(service, "GET", path, SECONDS, who, params=given)).json()
    return found


def find(service: str, path: str, *, who: str = OPERATOR) -> Any:
    """As `get`; None where there is nothing (404)."""
    answer = asyncio.run(_call(service, "GET", path, SECONDS, who, missing=True))
    return None if answer.status_code == httpx.codes.NOT_FOUND else answer.json()


def text(service: str, path: str, *, who: str = OPERATOR) -> str:
    """As `get`, what is no JSON."""
    return asyncio.run(_call(service, "GET", path, SECONDS, who)).text


def post(
    service: str, path: str, body: Mapping[str, Any] | str, *, seconds: float | None = SECONDS, who: str = OPERATOR
) -> dict[str, Any]:
    """As `get`; `seconds` None waits as long as it takes; a text is sent as it is."""
    sent: dict[str, Any] = {"content": body.encode()} if isinstance(body, str) else {"json": _present(body)}
    found: dict[str, Any] = asyncio.run(_call(service, "POST", path, seconds, who, **sent)).json()
    return found


def _present(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


async def _call(
    service: str, method: str, path: str, seconds: float | None, who: str, *, missing: bool = False, **options: Any
) -> httpx.Response:
    accounts = json.loads((ROOT / "simulators/identity/accounts.example.json").read_text())["accounts"]
    password = next(a["password"] for a in accounts if a["username"] == who)
    url = f"{address(service)}{path}"
    try:
        token = await login(address("idp"), who, password)
        async with httpx.AsyncClient(timeout=seconds, trust_env=False) as client:
            headers = {"authorization": f"Bearer {token}", "idempotency-key": secrets.token_hex(16)}
            answer = await client.request(method, url, headers=headers, **options)
    except (httpx.HTTPError, LoginFailed) as error:
        _fail(f"{service} does not answer ({type(error).__name__} {error}): look at `hoso status`, then try again")
    if answer.is_error and not (missing and answer.status_code == httpx.codes.NOT_FOUND):
        _fail(_said(answer))
    return answer


def _said(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return answer.text
    wrong = "".join(f"\n  {e['field']}: {e['problem']}" for e in problem.get("errors", ()))
    return f"{problem.get('detail', answer.text)}{wrong}"


def _fail(text: str) -> Any:
    console.print(text, style="red", markup=False)
    raise typer.Exit(1)

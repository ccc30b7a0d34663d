"""Calls a running service as an operator; what goes wrong is said with what to do next."""

from __future__ import annotations

import asyncio
import json
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


def get(service: str, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The JSON a service answers; ends the command with what to do next if it does not."""
    return asyncio.run(_call(service, "GET", path, SECONDS, params={k: v for k, v in (params or {}).items() if v}))


def post(service: str, path: str, body: Mapping[str, Any], *, seconds: float | None = SECONDS) -> dict[str, Any]:
    """As `get`; `seconds` None waits as long as it takes."""
    return asyncio.run(_call(service, "POST", path, seconds, json={k: v for k, v in body.items() if v is not None}))


async def _call(service: str, method: str, path: str, seconds: float | None, **options: Any) -> dict[str, Any]:
    accounts = json.loads((ROOT / "simulators/identity/accounts.example.json").read_text())["accounts"]
    password = next(a["password"] for a in accounts if a["username"] == OPERATOR)
    url = f"{address(service)}{path}"
    try:
        token = await login(address("idp"), OPERATOR, password)
        async with httpx.AsyncClient(timeout=seconds, trust_env=False) as client:
            answer = await client.request(method, url, headers={"authorization": f"Bearer {token}"}, **options)
    except (httpx.HTTPError, LoginFailed) as error:
        _fail(f"{service} does not answer ({type(error).__name__} {error}): look at `hoso status`, then try again")
    if answer.is_error:
        _fail(_said(answer))
    found: dict[str, Any] = answer.json()
    return found


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

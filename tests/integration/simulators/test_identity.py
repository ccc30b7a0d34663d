"""The identity provider as a real process: PKCE is enforced, tokens verify against its keys."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from chassis.http import Problem, Verifier
from cli.demo.oidc import LoginFailed, login
from deploy.local import probes
from deploy.local.child import Process
from deploy.local.paths import ROOT
from deploy.local.ports import free_ports
from deploy.local.processes import Supervisor
from deploy.local.rundir import RunDir


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    (port,) = free_ports(1)
    accounts: Path = ROOT / "simulators/identity/accounts.example.json"
    env = {"IDP_PORT": str(port), "IDP_ACCOUNTS_FILE": str(accounts)}
    url = f"http://127.0.0.1:{port}"
    process = Process("idp", (sys.executable, "-m", "simulators.identity"), env, probes.http(f"{url}/healthz"))
    run = RunDir.open(tmp_path_factory.mktemp("idp"))
    async with Supervisor(run) as supervisor:
        await supervisor.start([process])
        yield url
    run.close(remove=True)


async def test_a_person_signs_in_and_the_token_says_who_they_are(issuer: str) -> None:
    token = await login(issuer, "clerk1", "clerk1-demo-only")
    caller = await Verifier(issuer).verify(token)
    assert (caller.sub, caller.roles) == ("clerk1", frozenset({"clerk"}))


async def test_a_wrong_password_lets_nobody_in(issuer: str) -> None:
    with pytest.raises(LoginFailed):
        await login(issuer, "clerk1", "guess")


async def test_without_a_code_challenge_there_is_no_code(issuer: str) -> None:
    query = {
        "client_id": "hoso-portal",
        "redirect_uri": "http://127.0.0.1/callback",
        "response_type": "code",
        "scope": "openid",
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{issuer}/auth", params=query)
    assert "PKCE" in answer.headers["location"] or "code_challenge" in answer.headers["location"]
    assert "code=" not in answer.headers["location"]


@pytest.mark.parametrize(("secret", "status"), [("upstream-portal-demo-only-secret", 200), ("wrong", 401)])
async def test_a_machine_has_its_own_secret(issuer: str, secret: str, status: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        form = {"grant_type": "client_credentials", "resource": "urn:hoso-api"}
        answer = await client.post(f"{issuer}/token", data=form, auth=("upstream-portal", secret))
    assert answer.status_code == status
    if status == httpx.codes.OK:
        caller = await Verifier(issuer).verify(answer.json()["access_token"])
        assert caller.roles == {"upstream"}


async def test_a_token_of_someone_else_is_refused(issuer: str) -> None:
    token = await login(issuer, "citizen1", "citizen1-demo-only")
    with pytest.raises(Problem) as refused:
        await Verifier(issuer, audience="another-api").verify(token)
    assert refused.value.status == httpx.codes.UNAUTHORIZED
    with pytest.raises(Problem):
        await Verifier(issuer).verify(token[:-6] + "AAAAAA")

"""What `hoso kafka acls` and `hoso store users` say without a server, and what they refuse to send to one."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.main import app
from deploy.access.rights import rights
from deploy.access.store import accounts
from deploy.local.ports import free_ports
from deploy.local.stack import STORED


def hoso(*words: str, **environment: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1", **environment}).invoke(app, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, " ".join(result.output.split())


def test_every_right_is_printed() -> None:
    code, said = hoso("kafka", "acls", "--portals", "one,two")
    assert code == 0
    for right in rights(("one", "two")):
        assert f"{right.principal} │ {right.operation.lower()} │ {right.name}" in said
    assert "portal.two │ write │ 262,144 bytes a second" in said


def test_a_portal_that_could_be_taken_for_a_service_is_refused() -> None:
    code, said = hoso("kafka", "acls", HOSO_PORTALS="ok,payment")
    assert (code, "cannot be called 'payment'" in said) == (2, True)


@pytest.mark.parametrize(
    ("variable", "given", "said"),
    [
        ("HOSO_KAFKA_PASSWORDS", '{"admin": "x"}', "admin: not declared"),
        ("HOSO_KAFKA_PASSWORDS", '{"broker": "x"}', "broker: not declared"),
        ("HOSO_KAFKA_PASSWORDS", "[]", "must be a JSON object"),
        ("HOSO_PORTAL_PASSWORDS", '{"two": "x"}', "two: not declared"),
        ("HOSO_PORTAL_PASSWORDS", '{"one": ""}', "must be a JSON object"),
        ("HOSO_PORTAL_PASSWORDS", "{", "must be JSON"),
    ],
)
def test_passwords_that_cannot_be_meant_are_refused_before_anything_is_sent(
    variable: str, given: str, said: str
) -> None:
    (port,) = free_ports(1)
    server = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"}
    code, output = hoso("kafka", "acls", "--portals", "one", "--apply", **server, **{variable: given})
    assert (code, said in output) == (2, True), output


def test_the_store_s_users_and_the_script_have_the_same_names_and_no_password() -> None:
    code, table = hoso("store", "users", "--prefix", "p")
    assert code == 0
    code, script = hoso("store", "users", "--prefix", "p", "--script")
    assert code == 0
    for account in accounts(STORED, "p"):
        assert account.name in table
        assert f'"createUser": "{account.name}"' in script
    assert '"pwd"' not in script

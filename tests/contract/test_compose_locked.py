"""docker-compose.locked.yml is the code's own too: laid over docker-compose.yml, nobody speaks without a name."""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pymongo.uri_parser import parse_uri

from chassis.settings import KafkaSettings, StoreSettings
from cli.kafka import PASSWORDS, PORTALS
from cli.store import PASSWORDS as STORE_PASSWORDS
from deploy.access.rights import ADMIN, principals
from deploy.access.store import MIGRATION, accounts
from deploy.local import kafka
from deploy.local.locks import BROKER
from deploy.local.paths import ROOT
from deploy.local.stack import AUDIT, SERVICES, STATISTICS, STORED
from services.audit.settings import AuditSettings
from services.tracking.statistics.settings import StatisticsSettings

from .test_compose import COMPOSE, settings_of, variables

LOCKED: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.locked.yml").read_text())
PROPERTIES = ROOT / "deploy" / "kafka" / "locked.properties"
SECRET = re.compile(r"\$\{([A-Z_]+):\?[^}]+\}")


def laid(below: Any, above: Any) -> Any:
    """As compose merges files: maps by key, lists of volumes and ports one after the other, the rest replaced."""
    if isinstance(below, dict) and isinstance(above, dict):
        found = dict(below)
        for key, value in above.items():
            if key in {"volumes", "ports"} and isinstance(value, list):
                found[key] = [*below.get(key, []), *value]
            elif key in {"command", "entrypoint", "test"}:
                found[key] = value
            else:
                found[key] = laid(below[key], value) if key in below else value
        return found
    return above


WHOLE: dict[str, Any] = laid(COMPOSE, LOCKED)


def environment(service: str) -> dict[str, str]:
    found: dict[str, str] = WHOLE["services"][service]["environment"]
    return found


def filled(text: str) -> str:
    """With every variable replaced by its own name."""
    return SECRET.sub(lambda match: match[1], text)


def properties(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("compose", [LOCKED, WHOLE], ids=["alone", "laid over"])
def test_it_is_a_compose_file(compose: dict[str, Any]) -> None:
    vendored = distribution("check-jsonschema").locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")
    validator = jsonschema.Draft7Validator(json.loads(Path(str(vendored)).read_text()))
    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(compose)] == []


def test_everything_named_is_defined() -> None:
    for service in WHOLE["services"].values():
        assert set(service.get("depends_on", {})) <= set(WHOLE["services"])
        for volume in service.get("volumes", []):
            source = volume.rpartition(":/")[0]
            assert (
                source in COMPOSE["volumes"] or source.startswith("${HOSO_CERTIFICATES:?") or (ROOT / source).exists()
            )


@pytest.mark.parametrize("service", [*SERVICES, STATISTICS, AUDIT])
def test_each_service_logs_in_under_its_own_name(service: str) -> None:
    given = environment(service)
    apart: dict[str, type[Any]] = {STATISTICS: StatisticsSettings, AUDIT: AuditSettings}
    required, known = variables(apart[service] if service in apart else settings_of(service))
    assert required <= set(given) <= known
    assert given["KAFKA_USERNAME"] == service
    assert SECRET.fullmatch(given["KAFKA_PASSWORD"])
    assert WHOLE["services"][service]["depends_on"]["rights"] == {"condition": "service_completed_successfully"}
    passwords = json.loads(environment("rights")[PASSWORDS])
    assert passwords[service] == given["KAFKA_PASSWORD"], "the one it was given"


@pytest.mark.parametrize("service", [*STORED, MIGRATION])
def test_each_has_a_store_user_of_its_own(service: str) -> None:
    url = environment(service)["MONGODB_URL"]
    passwords = json.loads(environment("users")[STORE_PASSWORDS])
    found = parse_uri(filled(url), validate=False, warn=False)
    assert found["username"] == f"hoso_{service}"
    assert found["password"] == filled(passwords[f"hoso_{service}"])
    options = found["options"]
    assert [options[name] for name in ("authSource", "tls", "tlsCAFile")] == ["admin", "true", "/certificates/ca.pem"]


def test_no_two_have_the_same_password() -> None:
    given = [*json.loads(environment("rights")[PASSWORDS]).values(), environment("topics")["KAFKA_PASSWORD"]]
    given += [*json.loads(environment("users")[STORE_PASSWORDS]).values()]
    assert len(set(given)) == len(given)
    assert all(SECRET.fullmatch(text) for text in given)


def test_the_jobs_make_exactly_who_is_declared() -> None:
    assert set(json.loads(environment("rights")[PASSWORDS])) == set(principals(()))
    assert set(json.loads(environment("users")[STORE_PASSWORDS])) == {a.name for a in accounts(STORED, "hoso")}
    assert PORTALS in environment("rights")
    for job, settings in (("topics", KafkaSettings), ("rights", KafkaSettings), ("users", StoreSettings)):
        required, _ = variables(settings)
        assert required <= set(environment(job))
    assert environment("topics")["KAFKA_USERNAME"] == environment("rights")["KAFKA_USERNAME"] == ADMIN


def test_the_broker_s_locks_are_those_that_the_tests_run() -> None:
    """Everything but addresses, files and folders."""
    here = kafka._LOCKED.format(
        host="H", port=1, internal=2, controller=3, server="S", ca="C", broker=BROKER, admin=ADMIN
    )
    tried, written = properties(here), properties(PROPERTIES.read_text())
    places = {"listeners", "advertised.listeners", "ssl.keystore.location", "ssl.truststore.location"}
    assert {k: v for k, v in tried.items() if k not in places} == {
        k: v for k, v in written.items() if k in tried and k not in places
    }
    assert places <= written.keys()
    names = [place.partition(":")[0] for place in tried["listeners"].split(",")]
    assert [place.partition(":")[0] for place in written["listeners"].split(",")] == names
    assert "PLAINTEXT" not in PROPERTIES.read_text()


def test_secrets_come_from_the_environment() -> None:
    for name, service in LOCKED["services"].items():
        for variable, value in service.get("environment", {}).items():
            if any(word in variable for word in ("SECRET", "PASSWORD", "KEY")):
                assert SECRET.search(str(value)) or value == "${HOSO_PORTAL_PASSWORDS:-}", f"{name}: {variable}"
                rest = SECRET.sub("", str(value))
                assert ":-" not in rest or variable == PORTALS

"""docker-compose.yml is the code's own: valid, its settings are the services', its ports and folders exist."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from chassis.settings import ServiceSettings, StoreSettings
from deploy.local.paths import ROOT
from deploy.local.stack import AUDIT, PORTAL, SERVICES, STATISTICS
from schemas.topics import CONSUMERS
from services.audit.settings import AuditSettings
from services.portal.settings import PortalSettings
from services.tracking.statistics.settings import StatisticsSettings

FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SIMULATORS = ("payment_gateway", "sms_centre", "post_office")


def settings_of(service: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"services.{service}.settings")
    own = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, ServiceSettings)]
    return next(v for v in own if v is not ServiceSettings)


def variables(settings: type[BaseSettings]) -> tuple[set[str], set[str]]:
    """Required variables, and all of them."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    required, known = set(), set()
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        variable = str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"{prefix}{name}".upper()
        known.add(variable)
        if field.is_required():
            required.add(variable)
    return required, known


def test_it_is_a_compose_file() -> None:
    # The file only: the package's own command does not start with the click that is locked here.
    vendored = distribution("check-jsonschema").locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")
    validator = jsonschema.Draft7Validator(json.loads(Path(str(vendored)).read_text()))
    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_the_settings_it_has(service: str) -> None:
    given = set(COMPOSE["services"][service]["environment"])
    required, known = variables(settings_of(service))
    assert required <= given <= known


@pytest.mark.parametrize(("name", "settings"), [(STATISTICS, StatisticsSettings), (AUDIT, AuditSettings)])
def test_what_opens_nothing_gets_the_settings_it_has_and_no_key(name: str, settings: type[BaseSettings]) -> None:
    given = set(COMPOSE["services"][name]["environment"])
    required, known = variables(settings)
    assert required <= given <= known
    assert not given & {"HOSO_MASTER_KEY", "HOSO_MASTER_KEYS", "MONGODB_URL"}


def test_the_portal_has_a_store_and_no_key_and_no_kafka() -> None:
    given = set(COMPOSE["services"][PORTAL]["environment"])
    required, known = variables(PortalSettings)
    assert required <= given <= known
    assert not given & {"HOSO_MASTER_KEY", "HOSO_MASTER_KEYS", "KAFKA_BOOTSTRAP_SERVERS"}


@pytest.mark.parametrize("name", [*SERVICES, STATISTICS, AUDIT, PORTAL, *SIMULATORS])
def test_its_command_and_port_are_the_code_s(name: str) -> None:
    service = COMPOSE["services"][name]
    importlib.import_module(service["command"][2].removesuffix(".main"))
    assert service["ports"][0].endswith(":8000")
    assert "8000" in service["environment"].values()


def test_everything_named_is_defined() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists()


def test_every_service_that_consumes_is_there_and_scraped() -> None:
    assert set(CONSUMERS) == set(SERVICES) <= set(COMPOSE["services"])
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    scraped = {e["labels"]["service"]: e["targets"] for e in prometheus["scrape_configs"][0]["static_configs"]}
    assert scraped == {service: [f"{service}:8000"] for service in (*SERVICES, STATISTICS, AUDIT, PORTAL)}


def test_services_start_after_the_stores_were_migrated() -> None:
    assert COMPOSE["services"]["migrate"]["command"] == ["python", "-m", "cli.migrate"]
    importlib.import_module("cli.migrate")
    required, known = variables(StoreSettings)
    assert required <= set(COMPOSE["services"]["migrate"]["environment"]) <= known
    for service in SERVICES:
        depends = COMPOSE["services"][service]["depends_on"]
        assert depends["migrate"] == {"condition": "service_completed_successfully"}


def test_secrets_come_from_the_environment() -> None:
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            if any(word in variable for word in ("SECRET", "PASSWORD", "MASTER", "JWK", "SIGNING_KEY")):
                assert str(value).startswith("${"), f"{name}: {variable}"
                assert ":?" in value or value.endswith(":-}"), "an empty one opens no door, another default might"


def test_the_realm_enforces_pkce_and_knows_the_roles() -> None:
    realm = json.loads((ROOT / "deploy/keycloak/hoso-realm.json").read_text())
    assert {c["attributes"]["pkce.code.challenge.method"] for c in realm["clients"]} == {"S256"}
    auth = importlib.import_module("chassis.http.auth")
    assert {r["name"] for r in realm["roles"]["realm"]} == auth.ROLES

"""How a process is told who it is to Kafka: all of it or nothing, and never a password without encryption."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.kafka import Broker, connection, servers_of
from chassis.settings import KafkaSettings, load
from deploy.local.locks import Locks

OPEN = {"KAFKA_BOOTSTRAP_SERVERS": "k:1,l:2"}


@pytest.fixture
def ca(tmp_path: Path) -> str:
    return str(Locks.open(tmp_path).ca)


def settings(**more: str) -> KafkaSettings:
    return KafkaSettings.model_validate(OPEN | more)


def test_without_a_name_it_is_servers_alone() -> None:
    assert settings().kafka == "k:1,l:2"
    assert settings(KAFKA_USERNAME="", KAFKA_PASSWORD="", KAFKA_CA_FILE="").kafka == "k:1,l:2"
    assert connection("k:1") == {"bootstrap_servers": "k:1"}


def test_with_a_name_it_is_scram_inside_tls(ca: str) -> None:
    broker = settings(KAFKA_USERNAME="payment", KAFKA_PASSWORD="hush", KAFKA_CA_FILE=ca).kafka
    assert isinstance(broker, Broker)
    assert servers_of(broker) == "k:1,l:2"
    options = connection(broker)
    assert (options["security_protocol"], options["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("payment", "hush")
    context = options["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.minimum_version.name == "TLSv1_3"


def test_a_password_is_in_no_repr(ca: str) -> None:
    found = settings(KAFKA_USERNAME="payment", KAFKA_PASSWORD="hush", KAFKA_CA_FILE=ca)
    assert "hush" not in repr(found)
    assert "hush" not in repr(found.kafka)


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"KAFKA_USERNAME": "payment"}, "KAFKA_PASSWORD"),
        ({"KAFKA_PASSWORD": "hush"}, "KAFKA_PASSWORD"),
        ({"KAFKA_CA_FILE": "/dev/null"}, "KAFKA_CA_FILE"),
        ({"KAFKA_USERNAME": "a", "KAFKA_PASSWORD": "b", "KAFKA_CA_FILE": "/nowhere"}, "KAFKA_CA_FILE"),
        ({"KAFKA_USERNAME": "a", "KAFKA_PASSWORD": "b", "KAFKA_CA_FILE": "/dev/null"}, "KAFKA_CA_FILE"),
        ({"KAFKA_BOOTSTRAP_SERVERS": ""}, "KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_half_of_it_ends_the_process_and_is_named(
    given: dict[str, str], variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (OPEN | given).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        settings(**given)
    with pytest.raises(SystemExit) as ended:
        load(KafkaSettings)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"setting {variable}:" in said
    assert "hush" not in said

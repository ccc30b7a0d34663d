"""The contracts hold: goldens decode, generated documents are current and parse, topics are the services' own."""

from __future__ import annotations

import importlib
import json
import subprocess
from pathlib import Path

import pytest

from cli.generate import GENERATED, GOLDENS, asyncapi, catalogues, documents
from cli.goldens import unsaid
from deploy.local.install import node_and_npm
from deploy.local.paths import ROOT
from schemas.event import Event
from schemas.topics import CONSUMERS, PARTITIONS, STREAMS, declared

TYPES = [(stream, name) for stream, catalogue in catalogues().items() for name in catalogue.types]
CHECK = ROOT / "tests/contract/asyncapi"


@pytest.mark.parametrize(("stream", "name"), TYPES)
def test_every_golden_of_every_version_decodes_and_says_the_same(stream: str, name: str) -> None:
    goldens = sorted(GOLDENS.glob(f"{name}*.json"))
    assert goldens, f"schemas/goldens/{name}.json is missing"
    for golden in goldens:
        event = catalogues()[stream].decode(name, golden.read_bytes())
        if name == event.type_name():
            assert unsaid(json.loads(golden.read_text()), event.dump()) == []


def test_no_golden_is_of_an_unknown_type() -> None:
    known = {name for _, name in TYPES}
    assert {path.name.removesuffix(".json") for path in GOLDENS.glob("*.json")} <= known


def test_generated_documents_are_current() -> None:
    current = documents()
    found = {str(path.relative_to(GENERATED)): path.read_text() for path in GENERATED.rglob("*.json")}
    assert {name: text for name, text in found.items() if name in current} == current, "run `make generate`"
    newest = {form(name): version(name) for name in current}
    for name in found.keys() - current.keys():
        assert version(name) < newest.get(form(name), 0), f"{name} is of nothing that was ever current"


def form(name: str) -> str:
    return name.removesuffix(".schema.json").rpartition(".v")[0]


def version(name: str) -> int:
    return int(name.removesuffix(".schema.json").rpartition(".v")[2] or 0) if ".v" in name else 0


def test_asyncapi_parses() -> None:
    node, _ = node_and_npm()
    done = subprocess.run(
        [str(node), str(CHECK / "check.mjs"), str(GENERATED / "asyncapi.json")],
        cwd=CHECK,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_message_of_asyncapi_has_a_golden_that_fits_its_type() -> None:
    names = {
        message["name"]
        for channel in asyncapi()["channels"].values()
        for message in channel["messages"].values()
        if message["name"] != "dead_letter"
    }
    assert {name for _, name in TYPES} <= names


def test_topics_are_declared_once_with_the_same_partitions() -> None:
    topics = declared(("a-portal",))
    assert len({topic.name for topic in topics}) == len(topics)
    assert {topic.partitions for topic in topics} == {PARTITIONS}


@pytest.mark.parametrize("service", CONSUMERS)
def test_a_consumer_is_a_service(service: str) -> None:
    assert importlib.import_module(f"services.{service}").__doc__


def test_every_stream_is_said_by_its_one_service() -> None:
    producers = {stream: topic.producers for stream, topic in STREAMS.items()}
    assert producers == {
        "dossier": ("submission",),
        "payment": ("payment",),
        "delivery": ("delivery",),
        "notification": ("notification",),
        "draft": ("submission",),
    }


def test_event_types_are_frozen_and_documented() -> None:
    for catalogue in catalogues().values():
        for event in catalogue.types.values():
            assert issubclass(event, Event)
            assert event.__doc__
            assert event.model_config.get("frozen")


def test_the_schemas_folder_holds_nothing_of_ours_but_contracts() -> None:
    assert {path.name for path in Path(ROOT / "schemas").iterdir() if path.is_dir()} >= {"goldens", "generated"}

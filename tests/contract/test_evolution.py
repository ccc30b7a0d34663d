"""What was ever stored decodes for ever, and no change of a form breaks a replica of the release before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chassis.codec import Codec, effect_form
from chassis.decision import Effect
from chassis.document import AggregateType
from cli import goldens
from cli.examples import ID, example
from cli.generate import GENERATED, GOLDENS, broken, catalogues, documents, write
from deploy.local.paths import ROOT
from deploy.local.stack import SERVICES
from schemas.personal import PREFIX, Unsealed
from services.kinds import kinds

KINDS = [(service, kind) for service, found in kinds().items() for kind in found]
EFFECTS = list(goldens.effect_types(kinds()))


def sealed(kind: str, _clear: str) -> str:
    raise Unsealed(kind)


def plain(form: Any) -> Any:
    return json.loads(goldens.text(form))


@pytest.mark.parametrize(("service", "kind"), KINDS, ids=lambda value: getattr(value, "name", value))
def test_every_document_ever_stored_loads_and_the_current_one_is_written_the_same(
    service: str, kind: AggregateType[Any]
) -> None:
    for version in range(1, kind.versions.written + 1):
        path = GOLDENS / "documents" / f"{service}.{kind.name}.v{version}.json"
        doc = Codec(kind).load(goldens.read(path))
        assert doc.state is not None
        assert (len(doc.outbox), len(doc.parked), len(doc.keys)) == (1, 1, 1)
        assert doc.due is not None
        if version == kind.versions.written:
            assert goldens.unsaid(plain(goldens.read(path)), plain(goldens.stored(kind, doc))) == []


@pytest.mark.parametrize(("name", "kind", "effect"), EFFECTS, ids=[name for name, _, _ in EFFECTS])
def test_every_effect_ever_stored_loads_and_the_current_one_is_written_the_same(
    name: str, kind: AggregateType[Any], effect: type[Effect]
) -> None:
    for version in range(1, effect.VERSIONS.written + 1):
        path = GOLDENS / "effects" / f"{name}.v{version}.json"
        pending = Codec(kind).effect(goldens.read(path))
        assert type(pending.effect) is effect
        if version == effect.VERSIONS.written:
            assert goldens.unsaid(plain(goldens.read(path)), plain(effect_form(pending, sealed))) == []


def test_no_golden_is_missing_and_none_is_of_something_unknown() -> None:
    assert goldens.missing(GOLDENS, catalogues(), kinds()) == {}, "run `make generate`"
    names = {f"{service}.{kind.name}" for service, kind in KINDS}
    assert {path.name.rpartition(".v")[0] for path in (GOLDENS / "documents").iterdir()} == names
    assert {path.name.rpartition(".v")[0] for path in (GOLDENS / "effects").iterdir()} == {n for n, _, _ in EFFECTS}


def test_no_change_breaks_a_reader() -> None:
    assert broken() == []


def test_the_gate_names_the_field_says_what_to_do_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "documents/payment.invoices.v1.schema.json"
    before = json.loads((GENERATED / name).read_text())
    before["properties"]["debtor"] = {"type": "string"}
    before["required"].append("debtor")
    (tmp_path / "documents").mkdir()
    (tmp_path / name).write_text(json.dumps(before))
    assert write(tmp_path, tmp_path) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "documents/payment.invoices.v1: debtor: removed, and the release before demands it"
    assert "Make a new version" in said[1]
    assert json.loads((tmp_path / name).read_text()) == before
    assert len(list(tmp_path.rglob("*.json"))) == 1


def test_what_is_missing_is_generated_and_goldens_are_never_overwritten(tmp_path: Path) -> None:
    golden = tmp_path / "documents" / "payment.invoices.v1.json"
    golden.parent.mkdir()
    golden.write_text("kept")
    assert write(tmp_path / "generated", tmp_path) == 0
    assert golden.read_text() == "kept"
    names = {Path(name) for name in documents()}
    assert names <= {path.relative_to(tmp_path / "generated") for path in (tmp_path / "generated").rglob("*.json")}
    for event in {t for catalogue in catalogues().values() for t in catalogue.types.values()}:
        written = json.loads((tmp_path / f"{event.type_name()}.json").read_text())
        assert event.model_validate(written).dump() == written


FORWARDS = {"submission.upstream.file"}
"""Hands sealed values on as they are and opens none."""
SILENT = {"notification.receipts.seek", "notification.sms.code", "notification.sms.draft", "notification.email.draft"}
"""A message said to be unknown stays so; of codes and drafts nothing is said at all."""
OPENS = [
    (name, kind, effect)
    for name, kind, effect in EFFECTS
    if f"^{PREFIX}" in json.dumps(effect.model_json_schema()) and name not in FORWARDS | SILENT
]


@pytest.mark.parametrize(("name", "kind", "effect"), OPENS, ids=[name for name, _, _ in OPENS])
def test_an_effect_that_needs_clear_text_ends_definitely_once_it_was_erased(
    name: str, kind: AggregateType[Any], effect: type[Effect]
) -> None:
    assert name
    outcome = example(effect).failed("erased")
    state = example(kind.state).model_copy(update={"dossier_id": ID})
    decision = kind.handlers[type(outcome)](state, outcome, goldens.AT)
    assert decision.effects == ()
    assert [event for event in decision.events if "erased" in json.dumps(event.dump())]


def test_every_service_s_aggregates_are_known_to_the_tools() -> None:
    assert set(kinds()) == set(SERVICES)


def test_the_image_holds_the_tools() -> None:
    lines = (ROOT / "deploy/images/Dockerfile").read_text().splitlines()
    copied = {line.split()[1] for line in lines if line.startswith("COPY")}
    assert {"chassis", "cli", "deploy", "law", "schemas", "services", "simulators"} <= copied

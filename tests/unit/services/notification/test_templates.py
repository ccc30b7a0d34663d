"""Templates are held against their events, the length of an SMS and the register; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.notify import example_of
from services.notification.domain import catalogue
from services.notification.domain.catalogue import BadTemplate, Catalogue

GOOD = """
event = "dossier.accepted"
[vi]
sms = "So VHTTDL Dien Bien: Ho so {code} hen {due_at:day}."
title = "Hồ sơ {code}"
email = "Hẹn {due_at:day}."
[en]
sms = "So VHTTDL Dien Bien: Dossier {code} due {due_at:day}."
title = "Dossier {code}"
email = "Due {due_at:day}."
"""
REGISTERED = "So VHTTDL Dien Bien: Ho so {} hen {}.\nSo VHTTDL Dien Bien: Dossier {} due {}.\n"


def folder(path: Path, text: str, name: str = "accepted.v1.toml") -> Path:
    (path / name).write_text(text)
    (path / "registered.txt").write_text(REGISTERED)
    return path


def findings(path: Path) -> list[str]:
    examples = {t.event: example_of(t.event) for _, t in catalogue.read(path) if t.event in catalogue.EVENTS}
    return catalogue.findings(path, examples)


def test_ours_are_right() -> None:
    events = {template.event: example_of(template.event) for _, template in catalogue.read(catalogue.FOLDER)}
    assert catalogue.findings(catalogue.FOLDER, events) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("dossier.accepted", "dossier.excepted", "there is no event 'dossier.excepted'"),
        ("Hẹn {due_at:day}", "Hẹn {due_on:day}", "dossier.accepted has no field 'due_on'"),
        ("Hẹn {due_at:day}", "Hẹn {due_at}", "name a form, one of"),
        ("Hẹn {due_at:day}", "Hẹn {code} {total:day}", "which 'day' does not write"),
        ("Hẹn {due_at:day}", "{owner}", "'owner' is personal data"),
        ("Ho so {code} hen", "Hồ sơ {code} hen", "an SMS is written without diacritics"),
        ("Ho so {code} hen", "Ho so nay {code} hen", "not registered with the carriers"),
        ("So VHTTDL Dien Bien: Ho so", "Ho so", "an SMS begins with 'So VHTTDL Dien Bien: '"),
        ('{due_at:day}."\ntitle = "Hồ', "x" * 150 + '{due_at:day}."\ntitle = "Hồ', "an SMS of 2 segments, at most 1"),
        ("[vi]", 'ends = ["payment.gone"]\n[vi]', "there is no event 'payment.gone' to end it"),
        ("[vi]", 'covers = ["payment.gone"]\n[vi]', "there is no event 'payment.gone' to cover"),
        ("Hẹn {due_at:day}", "{due_at:secret}", "a secret is named as one"),
        ("[vi]", 'present = ["gone"]\n[vi]', "dossier.accepted has no field 'gone'"),
        ("Hẹn {due_at:day}", "{due_at|gone:day}", "dossier.accepted has no field 'gone'"),
        ("Hẹn {due_at:day}", "{due_at:short}", "name a form, one of"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, finding: str) -> None:
    assert old in GOOD
    assert findings(folder(tmp_path, GOOD)) == []
    assert any(finding in found for found in findings(folder(tmp_path, GOOD.replace(old, new, 1))))


@pytest.mark.parametrize("bad", [GOOD + "\nfor = 1", GOOD.replace(":day", ":year"), GOOD + "[fr]\n", "event = "])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, bad: str) -> None:
    with pytest.raises(BadTemplate, match=r"accepted\.v1\.toml"):
        list(catalogue.read(folder(tmp_path, bad)))


def test_the_newest_version_is_said_and_the_older_is_kept(tmp_path: Path) -> None:
    folder(tmp_path, GOOD)
    folder(tmp_path, GOOD.replace("Hẹn", "Ngày hẹn"), "accepted.v2.toml")
    found = Catalogue(dict(catalogue.read(tmp_path)))
    name, template = found.of(example_of("dossier.accepted")) or ("", None)
    assert (name, template and template.version) == ("accepted.v2", 2)
    assert set(found.by_name) == {"accepted.v1", "accepted.v2"}


def test_the_most_particular_of_several_is_said() -> None:
    delivered = example_of("delivery.result_delivered")
    found = {
        way: catalogue.packaged().of(delivered.model_copy(update={"way": way}))
        for way in ("online", "post", "in_person")
    }
    assert {way: name and name[0] for way, name in found.items()} == {
        "online": "delivered_online.v1",
        "post": "delivered.v1",
        "in_person": "delivered.v1",
    }


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["notify", *arguments])
    return result.exit_code, result.output


def test_the_commands_show_and_check(tmp_path: Path) -> None:
    code, shown = run("preview", "accepted", "--language", "en")
    assert code == 0
    assert "Dossier 000.00.12.H18-261124-0001 was received" in " ".join(shown.split())
    assert "SMS, 1 segment(s)" in shown
    assert run("preview", "nothing")[0] == 1
    count = len(list(catalogue.read(catalogue.FOLDER)))
    assert run("check") == (0, f"{count} templates, nothing to correct\n")
    bad = folder(tmp_path, GOOD.replace("Hẹn {due_at:day}", "{nothing}"))
    code, said = run("check", str(bad))
    assert code == 1
    assert said.startswith("accepted.v1 vi: dossier.accepted has no field 'nothing'")

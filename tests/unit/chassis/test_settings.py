"""Master keys from the environment: one, several, and what is refused by the name of its variable."""

from __future__ import annotations

import base64
import json

import pytest
from pydantic import ValidationError

from chassis.keyring import Masters
from chassis.settings import MasterSettings, load

ONE, TWO = (base64.b64encode(letter * 32).decode() for letter in (b"1", b"2"))


def masters(monkeypatch: pytest.MonkeyPatch, **given: str) -> Masters:
    for name in ("HOSO_MASTER_KEY", "HOSO_MASTER_KEYS", "HOSO_MASTER_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return MasterSettings().masters


def test_one_key_is_number_1(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {"HOSO_MASTER_KEYS": "", "HOSO_MASTER_KEY_ID": ""}
    assert masters(monkeypatch, HOSO_MASTER_KEY=ONE, **empty) == Masters({"1": b"1" * 32}, "1")


def test_a_second_key_is_used_once_it_is_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"HOSO_MASTER_KEY": ONE, "HOSO_MASTER_KEYS": json.dumps({"2": TWO})}
    assert masters(monkeypatch, **both).current == "1"
    found = masters(monkeypatch, **both, HOSO_MASTER_KEY_ID="2")
    assert found == Masters({"1": b"1" * 32, "2": b"2" * 32}, "2")


def test_the_old_key_may_go_when_the_rotation_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    assert masters(monkeypatch, HOSO_MASTER_KEYS=json.dumps({"2": TWO})) == Masters({"2": b"2" * 32}, "2")


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({}, "HOSO_MASTER_KEY"),
        ({"HOSO_MASTER_KEY": "short"}, "HOSO_MASTER_KEY"),
        ({"HOSO_MASTER_KEYS": "{"}, "HOSO_MASTER_KEYS"),
        ({"HOSO_MASTER_KEYS": '["x"]'}, "HOSO_MASTER_KEYS"),
        ({"HOSO_MASTER_KEYS": '{"2": "c2hvcnQ="}'}, "HOSO_MASTER_KEYS"),
        ({"HOSO_MASTER_KEY": ONE, "HOSO_MASTER_KEY_ID": "2"}, "HOSO_MASTER_KEY_ID"),
    ],
)
def test_what_is_wrong_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: dict[str, str], variable: str
) -> None:
    with pytest.raises(ValidationError):
        masters(monkeypatch, **given)
    with pytest.raises(SystemExit) as ended:
        load(MasterSettings)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith(f"setting {variable}: ")
    assert not [value for value in given.values() if len(value) > 2 and value in said]

"""Keys and files of ``hoso backup`` and ``hoso restore``: what is wrong is named, with what to do next."""

from __future__ import annotations

import base64
from pathlib import Path

import bson
import pytest
from typer.testing import CliRunner

from chassis import archive
from chassis.archive import COLLECTION, DOCUMENT, MANIFEST
from cli.main import app
from deploy.local.stack import SERVICES

ONE, OTHER = (base64.b64encode(letter * 32).decode() for letter in (b"1", b"2"))


def run(*words: str, **environment: str) -> tuple[int, str]:
    empty = {"HOSO_BACKUP_KEY": "", "HOSO_KEYRING_BACKUP_KEY": ""}
    result = CliRunner().invoke(app, [*words], env=empty | environment)
    return result.exit_code, " ".join(result.output.split())


def copies(folder: Path) -> None:
    for service in SERVICES:
        writer = archive.Writer(b"1" * 32, {"what": service, "at": "2026-11-30T08:00:00+00:00"})
        with (folder / f"{service}.hoso").open("wb") as out:
            out.write(writer.head)
            out.writelines(writer.add(MANIFEST, bson.encode({"offsets": {}})))
            out.writelines(writer.add(COLLECTION, b"dossiers"))
            out.writelines(writer.add(DOCUMENT, bson.encode({"_id": service})))
            out.writelines(writer.finish())


@pytest.mark.parametrize("command", ["backup", "restore"])
@pytest.mark.parametrize("given", ["", "no base64!", base64.b64encode(b"short").decode()])
def test_a_key_that_is_missing_or_wrong_is_named(tmp_path: Path, command: str, given: str) -> None:
    code, said = run(command, str(tmp_path), HOSO_BACKUP_KEY=given)
    assert code == 2
    assert "HOSO_BACKUP_KEY: must be set to 32 bytes in base64" in said
    code, said = run(command, str(tmp_path), "--keyring", HOSO_BACKUP_KEY=ONE)
    assert code == 2
    assert "HOSO_KEYRING_BACKUP_KEY: must be set" in said


def test_the_keyring_has_a_key_of_its_own(tmp_path: Path) -> None:
    code, said = run("backup", str(tmp_path), "--keyring", HOSO_BACKUP_KEY=ONE, HOSO_KEYRING_BACKUP_KEY=ONE)
    assert code == 2
    assert "must differ from HOSO_BACKUP_KEY" in said


def test_the_keyring_does_not_lie_beside_what_it_opens(tmp_path: Path) -> None:
    copies(tmp_path)
    code, said = run("backup", str(tmp_path), "--keyring", HOSO_BACKUP_KEY=ONE, HOSO_KEYRING_BACKUP_KEY=OTHER)
    assert code == 1
    assert "apart from what it opens" in said


def test_copies_that_are_whole_are_said_to_be(tmp_path: Path) -> None:
    copies(tmp_path)
    code, said = run("restore", str(tmp_path), "--check", HOSO_BACKUP_KEY=ONE)
    assert code == 0
    assert "every hash holds" in said
    assert said.count(": 1 documents of 2026-11-30T08:00:00+00:00") == len(SERVICES)


def test_a_copy_that_is_not_there_is_named(tmp_path: Path) -> None:
    copies(tmp_path)
    (tmp_path / "payment.hoso").unlink()
    code, said = run("restore", str(tmp_path), "--check", HOSO_BACKUP_KEY=ONE)
    assert code == 1
    assert "has no copy of payment" in said


def test_a_changed_copy_another_key_and_another_service_s_copy_are_refused(tmp_path: Path) -> None:
    copies(tmp_path)
    assert "made with another key" in run("restore", str(tmp_path), "--check", HOSO_BACKUP_KEY=OTHER)[1]
    file = tmp_path / "tracking.hoso"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    code, said = run("restore", str(tmp_path), "--check", HOSO_BACKUP_KEY=ONE)
    assert code == 1
    assert "cannot be used: it was changed or cut off" in said
    file.write_bytes((tmp_path / "payment.hoso").read_bytes())
    code, said = run("restore", str(tmp_path), "--check", HOSO_BACKUP_KEY=ONE)
    assert code == 1
    assert "is a copy of 'payment'" in said

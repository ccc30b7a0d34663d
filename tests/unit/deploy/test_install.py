import io
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local import install
from deploy.local.errors import LocalError, MissingError
from deploy.local.paths import KAFKA_POM


@pytest.fixture(autouse=True)
def stamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "STAMPS", tmp_path / "stamps")


def fake_java(folder: Path, version: str) -> None:
    (folder / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="ascii")
    (folder / "java").chmod(0o755)


def perform(step: install.Step) -> str:
    console = Console(file=io.StringIO(), width=200)
    install._perform(step, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_everything_missing_is_named(tmp_path: Path) -> None:
    assert list(install.missing_programs(str(tmp_path))) == ["java", "mvn", "setpriv", "softhsm2-util"]


@pytest.mark.parametrize(
    ("version", "fits"), [("1.8.0_412", False), ("11.0.2", False), ("17.0.15", True), ("25", True)]
)
def test_java_must_be_17_or_newer(tmp_path: Path, version: str, fits: bool) -> None:  # noqa: FBT001 -- parametrised
    fake_java(tmp_path, version)
    assert ("java" not in install.missing_programs(str(tmp_path))) is fits


def test_without_root_the_apt_line_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "missing_programs", lambda: {"mvn": "Maven: no mvn on PATH"})
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(MissingError, match=r"no mvn on PATH\nas root: apt-get install maven"):
        install._install_system(Console(file=io.StringIO()))


def test_a_step_runs_again_only_when_its_input_changed_or_its_output_is_gone(tmp_path: Path) -> None:
    source, output, runs = tmp_path / "source", tmp_path / "output", []
    source.write_text("1", encoding="ascii")

    def make() -> None:
        runs.append(1)
        output.mkdir(exist_ok=True)

    step = install.Step("make it", [source], output, make)
    assert "installed" in perform(step)
    assert "up to date" in perform(step)
    source.write_text("2", encoding="ascii")
    perform(step)
    output.rmdir()
    perform(step)
    assert len(runs) == 3


def test_prometheus_is_fetched_unless_both_of_its_programs_are_on_path(tmp_path: Path) -> None:
    for program in ("prometheus", "promtool"):
        assert install.prometheus_step(str(tmp_path)).skip == ""
        (tmp_path / program).touch(mode=0o755)
    assert "it is on PATH" in perform(install.prometheus_step(str(tmp_path)))


def test_what_only_some_tests_need_does_not_end_set_up(tmp_path: Path) -> None:
    def fails() -> None:
        raise LocalError("no network")

    needed = install.Step("needed", [], tmp_path / "output", fails)
    with pytest.raises(LocalError, match="no network"):
        perform(needed)
    assert "so some tests will fail: no network" in perform(replace(needed, without="some tests will fail"))
    assert "so some tests will fail" in perform(replace(needed, without="some tests will fail")), "it is tried again"


def test_npm_is_skipped_in_words_where_there_is_no_lock(tmp_path: Path) -> None:
    assert "skipped: it has no package-lock.json" in perform(install.npm_step(tmp_path, "somewhere"))


def test_npm_of_the_virtual_environment_runs() -> None:
    node, npm = install.node_and_npm()
    version = subprocess.run([node, npm, "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.split(".")[0]) >= 10


def test_the_pom_names_no_repository() -> None:
    pom = KAFKA_POM.read_text(encoding="utf-8")
    assert "<repositor" not in pom
    assert "https://" not in pom

from pathlib import Path

import pytest

from deploy.local.errors import MissingError, StartError
from deploy.local.kafka import Kafka
from deploy.local.ports import free_ports
from deploy.local.store import Store, choose


def program(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n", encoding="ascii")
    (folder / name).chmod(0o755)


def test_the_order_of_choice(tmp_path: Path) -> None:
    path, local, venv = tmp_path / "path", tmp_path / "local", tmp_path / "venv"
    with pytest.raises(MissingError, match="MONGODB_URL"):
        choose(str(path), local, venv)
    program(venv, "secantusd-py")
    assert choose(str(path), local, venv).kind == "secantusd-py"
    program(local, "secantusd-rs")
    assert choose(str(path), local, venv).path == local / "secantusd-rs"
    program(path, "secantusd-rs")
    assert choose(str(path), local, venv).path == path / "secantusd-rs"
    program(path, "mongod")
    assert choose(str(path), local, venv).kind == "mongod"


@pytest.mark.parametrize("name", ["secantusd-py", "secantusd-rs"])
def test_secantus_always_syncs_on_commit(tmp_path: Path, name: str) -> None:
    program(tmp_path, name)
    chosen = choose(str(tmp_path), tmp_path, tmp_path)
    assert chosen.command(1, tmp_path)[-1] == "--sync-on-commit"


def test_mongod_is_a_replica_set_on_loopback(tmp_path: Path) -> None:
    program(tmp_path, "mongod")
    command = choose(str(tmp_path)).command(27, tmp_path)
    assert command[command.index("--replSet") + 1] == "rs0"
    assert command[command.index("--bind_ip") + 1] == "127.0.0.1"


async def test_an_external_store_that_is_down_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.store._EXTERNAL_SECONDS", 0.3)
    (port,) = free_ports(1)
    store = Store(tmp_path, {"MONGODB_URL": f"mongodb://user:hush@127.0.0.1:{port}/"})
    with pytest.raises(StartError, match=rf"MONGODB_URL.*127\.0\.0\.1:{port}") as caught:
        await store.prepare()
    assert "hush" not in str(caught.value)


async def test_an_external_cluster_that_is_down_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.kafka._EXTERNAL_SECONDS", 0.3)
    (port,) = free_ports(1)
    kafka = Kafka(tmp_path, {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"})
    with pytest.raises(StartError, match=rf"KAFKA_BOOTSTRAP_SERVERS=127\.0\.0\.1:{port}"):
        await kafka.prepare()

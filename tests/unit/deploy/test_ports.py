import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.paths import ROOT
from deploy.local.ports import LOOPBACK, free_ports, is_free


def test_ports_are_distinct_and_free_over_several_calls() -> None:
    ports = free_ports(20) + free_ports(20)
    assert len(set(ports)) == 40
    assert all(map(is_free, ports))


def test_ports_are_outside_the_ephemeral_range() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split())
    if last - first > 48_000:
        pytest.skip("this kernel's ephemeral range leaves no room")
    assert not [port for port in free_ports(50) if first <= port <= last]


def test_a_listening_port_is_not_free() -> None:
    (port,) = free_ports(1)
    with socket.create_server((LOOPBACK, port)):
        assert not is_free(port)
    assert is_free(port)


def test_a_claimed_port_is_not_given_to_another_launcher() -> None:
    (port,) = free_ports(1)
    script = f"from deploy.local.ports import _claim; print(_claim({port}))"
    other = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == "False"


def test_too_many_ports_are_refused_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.ports._candidates", list)
    with pytest.raises(LocalError, match="only 0 of 3"):
        free_ports(3)

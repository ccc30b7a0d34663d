"""clamd's protocol: the same questions to the real clamd, where one is installed, and to the simulator."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from deploy.local import probes
from deploy.local.ports import LOOPBACK, free_ports
from services.submission.files.clamd import Clamd, Reply, ScannerAway
from simulators.virus_scanner.scanner import EICAR, MAX_STREAM, Scanner
from tests.unit.services.files.samples import PDF, infected

CLAMD: Final = shutil.which("clamd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
PARAMS: Final = [
    "simulator",
    *(
        pytest.param(name, marks=pytest.mark.skipif(CLAMD is None, reason="clamd is not installed"))
        for name in ("clamd over TCP", "clamd over a UNIX socket")
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=PARAMS)
async def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    (port,) = free_ports(1)
    async with AsyncExitStack() as ends:
        if request.param == "simulator":
            server = await asyncio.start_server(Scanner().serve, LOOPBACK, port)
            await ends.enter_async_context(server)
            yield f"tcp://{LOOPBACK}:{port}"
            return
        socket = await clamd(ends, tmp_path_factory.mktemp("clamd"), port)
        yield f"tcp://{LOOPBACK}:{port}" if "TCP" in request.param else f"unix:{socket}"


async def clamd(ends: AsyncExitStack, folder: Path, port: int) -> Path:
    """The real one, with one signature: EICAR's. Its own database cannot be had everywhere."""
    (folder / "db").mkdir()
    (folder / "db" / "eicar.ndb").write_text(f"Eicar-Signature:0:*:{EICAR.hex()}\n")
    socket = folder / "clamd.sock"
    lines = [
        f"DatabaseDirectory {folder / 'db'}",
        f"TCPSocket {port}",
        f"TCPAddr {LOOPBACK}",
        f"LocalSocket {socket}",
        "Foreground yes",
        "StreamMaxLength 25M",
        "ConcurrentDatabaseReload no",
    ]
    (folder / "clamd.conf").write_text("\n".join(lines) + "\n")
    log = ends.enter_context((folder / "clamd.log").open("wb"))
    process = await asyncio.create_subprocess_exec(
        str(CLAMD), "-F", "-c", str(folder / "clamd.conf"), stdout=log, stderr=log
    )
    ends.push_async_callback(process.wait)
    ends.callback(process.kill)

    async def answers() -> bool:
        assert process.returncode is None, (folder / "clamd.log").read_text()
        try:
            return (await Clamd(f"tcp://{LOOPBACK}:{port}").version()).startswith("ClamAV")
        except ScannerAway:
            return False

    await probes.until(answers, 60)
    return socket


async def pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def test_its_version_is_one_line(url: str) -> None:
    assert (await Clamd(url).version()).startswith("ClamAV ")


@pytest.mark.parametrize("size", [7, 100_000])
async def test_clean_and_infected(url: str, size: int) -> None:
    assert await Clamd(url).scan(pieces(PDF, size)) == Reply("clean")
    found = await Clamd(url).scan(pieces(infected(), size))
    assert (found.verdict, "Eicar-Signature" in str(found.found)) == ("infected", True)


async def test_a_string_across_two_pieces_is_found(url: str) -> None:
    content = b"%PDF-1.7\n" + b" " * 300_000 + EICAR + b" " * 300_000 + b"\n%%EOF"
    assert (await Clamd(url).scan(pieces(content, 300_030))).verdict == "infected"


async def test_what_is_over_its_limit_has_no_verdict(url: str) -> None:
    with suppress(ScannerAway):  # its words may be lost when it hangs up
        reply = await Clamd(url).scan(pieces(bytes(MAX_STREAM + 1_000_000), 1_000_000))
        assert (reply.verdict, "size limit" in str(reply.found)) == ("unscannable", True)


async def test_nobody_there() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ScannerAway):
        await Clamd(f"tcp://{LOOPBACK}:{port}").version()
    with pytest.raises(ScannerAway):
        await Clamd("unix:/nowhere/clamd.sock").scan(pieces(PDF))


async def test_it_hangs_up() -> None:
    (port,) = free_ports(1)
    scanner = Scanner()
    scanner.control.hang_up_next = 1
    async with await asyncio.start_server(scanner.serve, LOOPBACK, port):
        with pytest.raises(ScannerAway):
            await Clamd(f"tcp://{LOOPBACK}:{port}").scan(pieces(PDF))
        assert await Clamd(f"tcp://{LOOPBACK}:{port}").scan(pieces(PDF)) == Reply("clean")


@pytest.mark.parametrize("wrong", ["127.0.0.1:3310", "tcp://127.0.0.1", "http://a:1", "unix:clamd.sock", "unix://a/b"])
def test_another_address_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="must be tcp"):
        Clamd(wrong)

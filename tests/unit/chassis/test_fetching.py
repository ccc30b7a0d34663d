"""What a message named is fetched from public addresses only; real sockets on this machine stand for the inside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from chassis.fetching import Denied, NotFetched, fetched, public, target

Answer = Callable[[str], bytes]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_inside_is_not_public(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "113.160.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is_outside_is_public(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://portal.example/f", "ftp://portal.example/f", "file:///etc/passwd", "https://user@portal.example/f",
        "https://portal.example:8443/f", "https:///f", "gopher://x", "https://[::1", "//x", "", "x" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_denied(url: str) -> None:
    with pytest.raises(Denied):
        target(url, ())


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[str, list[str]]]:
    """A web server on this machine: its host:port, and the paths it was asked for."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).decode().split()[1]
        asked.append(path)
        writer.write(answer(path))
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}", asked


def ok(body: bytes, length: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (len(body) if length is None else length) + body


def moved(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()


async def content(url: str, opened: set[str], most: int = 100) -> bytes:
    async with fetched(url, most, opened) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_an_opened_place_is_fetched_from_and_the_neighbouring_port_is_not() -> None:
    async with server(lambda _path: ok(b"words")) as (here, _), server(lambda _path: ok(b"secret")) as (there, asked):
        assert await content(f"http://{here}/f", {here}) == b"words"
        with pytest.raises(Denied):
            await content(f"http://{there}/f", {here})
        port = there.rpartition(":")[2]
        for name in (f"https://localhost:{port}/f", f"https://127.0.0.1:{port}/f", "https://localhost/f"):
            with pytest.raises(Denied):
                await content(name, {here})
        assert asked == []


async def test_a_redirect_is_followed_where_its_target_is_allowed_too() -> None:
    async with server(lambda _path: ok(b"secret")) as (inside, asked):
        pages = {"/a": moved("/b"), "/b": ok(b"words"), "/in": moved(f"http://{inside}/"), "/loop": moved("/loop")}
        async with server(lambda path: pages[path]) as (here, _):
            assert await content(f"http://{here}/a", {here}) == b"words"
            with pytest.raises(Denied):
                await content(f"http://{here}/in", {here})
            with pytest.raises(NotFetched, match="redirects"):
                await content(f"http://{here}/loop", {here})
        assert asked == []


async def test_what_is_too_large_cut_off_or_not_there_is_not_fetched() -> None:
    pages = {
        "/large": ok(b"x" * 101),
        "/cut": ok(b"x", length=50),
        "/none": b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        "/nonsense": b"words\r\n\r\n",
    }
    async with server(lambda path: pages[path]) as (here, _):
        for path in pages:
            with pytest.raises(NotFetched):
                await content(f"http://{here}{path}", {here})

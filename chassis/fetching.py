"""Fetches what a message named: from public addresses only, checked after DNS and at each redirect.

The connection goes to the very address that was checked, so that a name that answers otherwise the second time (DNS
rebinding) leads nowhere. `opened` names exact ``host:port``s that may be inside the network or in plain http; the
neighbouring port stays closed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final

import httpx

from chassis.outgoing import trusted

MAX_REDIRECTS: Final = 3
MAX_URL: Final = 2_000
CONNECT_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 10.0
PORTS: Final = {"https": 443, "http": 80}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class Denied(Exception):
    """That address may not be fetched from."""


class NotFetched(Exception):
    """It could not be fetched: no connection, another answer than 200, larger than allowed, or cut off."""


class TooLarge(NotFetched):
    """There is more of it than was allowed."""


def public(address: str) -> bool:
    """Whether an IP address is of the public internet, also the one inside a translated IPv6 address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return public(str(inner))
    return ip.is_global and not ip.is_multicast


def target(url: str, opened: Collection[str]) -> httpx.URL:
    """The address, where its form allows it. Raises Denied: says what is wrong with it."""
    if len(url) > MAX_URL:
        raise Denied(f"an address has at most {MAX_URL} characters")
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Denied("it is no address") from error
    if not found.host or found.userinfo:
        raise Denied("an address has a host and no user")
    if found.scheme != "https" and not (found.scheme == "http" and place(found) in opened):
        raise Denied("an address begins with https://")
    if found.port not in {None, 443} and place(found) not in opened:
        raise Denied("only the usual port")
    return found


def place(url: httpx.URL) -> str:
    """``host:port``, as `opened` has it."""
    return f"{url.host}:{url.port or PORTS.get(url.scheme, 0)}"


async def checked(url: httpx.URL, opened: Collection[str]) -> str:
    """The IP address to connect to. Raises Denied where any address of that name is not public; NotFetched."""
    port = url.port or PORTS[url.scheme]
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise NotFetched("the name of its host does not resolve") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise NotFetched("the name of its host does not resolve")
    if place(url) not in opened and not all(map(public, addresses)):
        raise Denied("it is not a public address")
    return addresses[0]


@asynccontextmanager
async def fetched(url: str, most: int, opened: Collection[str] = ()) -> AsyncIterator[AsyncIterator[bytes]]:
    """The content at `url`, in pieces, `most` bytes at most.

    Raises:
        Denied: the address, or one it redirects to, may not be fetched from.
        NotFetched: also while the content is read.
    """
    limits = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(timeout=limits, verify=trusted(), trust_env=False, follow_redirects=False) as client:
        here = target(url, opened)
        for _ in range(MAX_REDIRECTS + 1):
            request = client.build_request(
                "GET",
                here.copy_with(host=await checked(here, opened)),
                headers={"host": here.netloc.decode(), "accept-encoding": "identity"},
                extensions={"sni_hostname": here.host},
            )
            try:
                answer = await client.send(request, stream=True)
            except httpx.HTTPError as error:
                raise NotFetched(f"{type(error).__name__}") from error
            try:
                if not answer.has_redirect_location:
                    yield _pieces(answer, most)
                    return
                here = target(str(here.join(answer.headers["location"])), opened)
            finally:
                await answer.aclose()
    raise NotFetched(f"more than {MAX_REDIRECTS} redirects")


async def _pieces(answer: httpx.Response, most: int) -> AsyncIterator[bytes]:
    if answer.status_code != httpx.codes.OK:
        raise NotFetched(f"it answers {answer.status_code}")
    size = 0
    try:
        async for piece in answer.aiter_raw():
            size += len(piece)
            if size > most:
                raise TooLarge(f"it has more than {most} bytes")
            yield piece
    except httpx.HTTPError as error:
        raise NotFetched(f"{type(error).__name__}") from error

"""Where documents are made: a process beside the event loop, since a signed page costs some 30 ms of Python.

In a thread that would hold the interpreter lock while the loop waits for it, five milliseconds at every turn. Workers
are started when first needed and end with their parent, however that ends.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError

from services.delivery.effects import pdf
from services.delivery.effects.signing import pades
from services.delivery.effects.signing.keys import open_place
from services.delivery.effects.signing.places import PLACES, SignerAway, SignerRefused, certificates, name_of, signer_of
from services.delivery.effects.signing.revocation import Authorities
from services.delivery.messages import Role, Signature

PR_SET_PDEATHSIG: Final = 1


class PressBroken(Exception):
    """The worker died; it is started again for the next document."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to make from a template, or a scan to take as it is, and who signs it in which order."""

    template: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    qr: str = ""
    scan: bytes | None = None
    roles: tuple[Role, ...] = ()
    leader: str | None = None


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished document."""

    pdf: bytes
    signatures: tuple[Signature, ...] = ()


class Press:
    """Makes pages in `workers` processes. `places`: JSON, where the keys live; `stamp_url`: a time-stamp authority.

    `roots`: PEM of the roots under which certificates are vouched for; with them signatures are B-LT.
    """

    def __init__(self, places: str, stamp_url: str | None, workers: int, roots: str = "") -> None:
        PLACES.validate_json(places)
        self._arguments = (places, stamp_url, roots, os.getpid())
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    async def make(self, page: Page) -> Printed:
        """The document.

        Raises:
            SignerRefused: it will not be signed.
            SignerAway: the signing service or the time-stamp authority does not answer.
            PressBroken: the worker died.
        """
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers, multiprocessing.get_context("spawn"), initializer=prepare, initargs=self._arguments
            )
        pool = self._pool
        try:
            job = pool.submit(_make, page)
            made = asyncio.wrap_future(job)
            made.add_done_callback(_heard)
            return await asyncio.shield(made)  # a cancelled job would end the pool's own thread when the pool breaks
        except BrokenProcessPool as error:
            self._forget(pool)
            raise PressBroken("the press died") from error
        except asyncio.CancelledError:
            # Its time is over: a page that hangs a worker must not hold up the others.
            if job.running():
                self._forget(pool)
                for process in list((pool._processes or {}).values()):  # noqa: SLF001 - there is no other way to it
                    process.kill()
            raise

    def _forget(self, pool: ProcessPoolExecutor) -> None:
        """The next document starts a new one."""
        if self._pool is pool:
            self._pool = None

    def close(self) -> None:
        """Lets the workers end."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _heard(made: asyncio.Future[Printed]) -> None:
    """Nobody waits for it any more, perhaps: its error is no news then."""
    if not made.cancelled():
        made.exception()


class _Keys:
    """What a worker signs with; opened when first needed."""

    places: Mapping[str, Any] = {}
    stamper: HTTPTimeStamper | None = None
    authorities: Authorities | None = None
    signers: dict[str, Any] = {}  # noqa: RUF012 - one worker, one set


def prepare(places: str, stamp_url: str | None, roots: str, parent: int) -> None:
    """In a new worker. It ends with its parent; a signal to the group is the parent's matter."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Keys.places = PLACES.validate_json(places)
    _Keys.signers = {}
    _Keys.stamper = HTTPTimeStamper(stamp_url, timeout=10) if stamp_url else None
    _Keys.authorities = Authorities(certificates(roots)) if roots else None


def _make(page: Page) -> Printed:
    made = page.scan if page.scan is not None else pdf.page(page.template, page.data, qr=page.qr)
    return asyncio.run(_signed(page, made)) if page.roles else Printed(made)


async def _signed(page: Page, made: bytes) -> Printed:
    signatures: list[Signature] = []
    for role in page.roles:
        made, signature = await _sign(made, role, page)
        signatures.append(signature)
    return Printed(made, tuple(signatures))


async def _sign(made: bytes, role: Role, page: Page) -> tuple[bytes, Signature]:
    """Raises SignerAway, SignerRefused; after the first every key is opened anew.

    A scan is a stranger's file: whatever pyHanko finds wrong with it, it would find again.
    """
    authorities = _Keys.authorities
    try:
        signer = _signer(role, page.leader)
        with authorities.asked() if authorities else nullcontext():
            context = authorities.context() if authorities else None
            return await pades.sign(made, role, signer, _Keys.stamper, context, visible=page.scan is None)
    except SignerAway:
        _Keys.signers.clear()
        raise
    except SignerRefused:
        raise
    except (OSError, TimestampRequestError) as error:
        raise SignerAway(f"{type(error).__name__}: {error}") from error
    except Exception as error:
        if page.scan is None:
            raise
        raise SignerRefused(f"this PDF cannot be signed: {type(error).__name__}: {error}") from error


def _signer(role: Role, leader: str | None) -> Any:
    name = signer_of(_Keys.places, role, leader)
    if name not in _Keys.signers:
        _Keys.signers[name] = open_place(_Keys.places[name])
    return _Keys.signers[name]


def names(places: str, leader: str | None, roles: tuple[Role, ...]) -> dict[str, str]:
    """What the page says who signs, by role. Raises SignerRefused."""
    opened = PLACES.validate_json(places)
    by_role = {role: opened[signer_of(opened, role, leader)] for role in roles}
    return {role: name_of(certificates(place.certificate)[0]) for role, place in by_role.items()}

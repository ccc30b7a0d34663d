"""Fetches the files that portals name: from public addresses only, and only what they said it is."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import quote
from uuid import UUID, uuid5

from chassis.decision import Outcome, Refused
from chassis.fetching import Denied, NotFetched, TooLarge, fetched
from chassis.http import Problem
from chassis.runner import Call, Permanent, Retryable
from chassis.service import Platform
from law import procedures
from law.procedures import Procedure
from services.submission.domain import timing
from services.submission.domain.dossier import Dossier, local_day
from services.submission.domain.faults import named
from services.submission.domain.unfinished import Named
from services.submission.files import labels
from services.submission.files.api import Uploads
from services.submission.files.attaching import Attaching
from services.submission.files.inspection import BadFile
from services.submission.portal_messages import FetchFile, FileFetched

NAMESPACE: Final = UUID("0a3c5b1e-9f0d-5a57-8f5e-2c9f7f4f6f11")


class _Mismatch(Exception):
    """It is not the content that was named."""


class FetchesFile:
    """Adapter of `FetchFile`. The file's id is made of dossier, document and content: again, it is the same file."""

    def __init__(self, platform: Platform) -> None:
        self._dossiers = platform.engine("dossiers")
        self._opened: frozenset[str] = platform.settings.allowed_hosts
        self._most: int = platform.settings.file_bytes
        self._uploads = Uploads(platform)
        self._attaching = Attaching(platform)

    async def execute(self, effect: FetchFile, call: Call) -> Outcome:
        """The file as the dossier keeps it, or why not. Raises Retryable while it cannot be had."""
        one, field = effect.file, f"files.{effect.file.code}"

        def wrong(code: str, problem: str) -> Outcome:
            return FileFetched(event=effect.event, problems=(named(code, field, problem),))

        if one.size > self._most:
            return wrong("file_refused", f"a file has at most {self._most} bytes")
        owner, law = await self._whose(effect)
        file = str(uuid5(NAMESPACE, f"{effect.dossier_id}/{one.code}/{one.sha256}"))
        url, name = await call.open(one.url), await call.open(one.name)
        call.check()
        try:
            async with fetched(url, one.size, self._opened) as pieces:
                body = _exactly(pieces, one.sha256, one.size)
                await self._uploads.store(file, owner, f"upstream:{effect.source}", labels.label(quote(name)), body)
            (held,) = await self._attaching.hold(effect.dossier_id, [Named(code=one.code, file=file)], owner, law)
        except NotFetched as error:
            if isinstance(error, TooLarge):
                return wrong("file_mismatch", str(error))
            raise Retryable(str(error)) from error
        except tuple(WRONG) as error:
            return wrong(WRONG[type(error)], _detail(error))
        return FileFetched(event=effect.event, file=held)

    async def _whose(self, effect: FetchFile) -> tuple[str, Procedure]:
        """Whose file it will be, and the procedure whose document it is. Raises Permanent."""
        if effect.owner is not None and effect.procedure is not None and effect.filed_at is not None:
            return effect.owner, procedures.default().find(effect.procedure, local_day(effect.filed_at))
        found = await self._dossiers.read(effect.dossier_id)
        dossier: Dossier | None = found.state if found else None
        if dossier is None:
            raise Permanent("invalid", "there is no such dossier")
        return dossier.owner, timing.procedure_of(dossier)


WRONG: Final[Mapping[type[Exception], str]] = {
    Denied: "file_denied",
    _Mismatch: "file_mismatch",
    BadFile: "file_refused",
    Refused: "file_refused",
    Problem: "file_refused",
}
"""What is said of a file, by why it is not held."""


def _detail(error: Exception) -> str:
    errors = error.errors if isinstance(error, Problem) else ()
    return "; ".join(one["problem"] for one in errors) or str(error)


async def _exactly(pieces: AsyncIterator[bytes], sha256: str, size: int) -> AsyncIterator[bytes]:
    """The content, which is refused at its end unless it is the one that was named. Raises _Mismatch."""
    digest, length = hashlib.sha256(), 0
    async for piece in pieces:
        digest.update(piece)
        length += len(piece)
        yield piece
    if length != size:
        raise _Mismatch(f"it has {length} bytes, not {size}")
    if digest.hexdigest() != sha256:
        raise _Mismatch("its SHA-256 is another one")

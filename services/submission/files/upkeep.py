"""Effects of files, and the sweeps: what a crash left of uploads, and what new signatures make worth another scan."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final

from chassis.decision import Effect, Outcome, Refused
from chassis.keyadmin import Erasure
from chassis.keyring import Unopenable
from chassis.runner import Adapter, Call, NotSent, Permanent, Retryable
from chassis.sealing import Tampered
from chassis.service import Platform
from chassis.store import StoreUnavailable
from chassis.telemetry import FAULTS, TRACE, logger
from schemas.event import format_instant
from services.submission.domain.dossier import Dossier
from services.submission.files.attachment import NEVER, File, own
from services.submission.files.clamd import Clamd, ScannerAway
from services.submission.files.messages import (
    DiscardFile,
    FileDiscarded,
    FileScanned,
    FileSettled,
    RescanFile,
    ScanFile,
    SettleFile,
)
from services.submission.files.metrics import REMOVED, SCANS
from services.submission.files.vault import Vault

LEFT_AFTER: Final = timedelta(hours=1)
"""An upload that is older and has no file will never have one: uploads end by a time limit well below."""
AT_ONCE: Final = 50
log = logger(__name__)


def scanner(platform: Platform) -> Clamd | None:
    """The scanner that is configured."""
    return Clamd(platform.settings.clamd) if platform.settings.clamd else None


class ScansFiles:
    """Adapter of `ScanFile`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._vault = Vault(platform)
        self._clamd = scanner(platform)

    async def execute(self, effect: ScanFile, call: Call) -> Outcome:
        """Raises Retryable while the scanner or the store is away; Permanent: it cannot be read any more."""
        if self._clamd is None:
            return FileScanned(verdict="unscanned")
        began = time.monotonic()
        try:
            file = await _file(self._platform, call.aggregate)
            if file is None or file.blob != effect.blob or file.standing == "removed":
                return FileScanned(verdict="unscannable", found="removed")
            key = await self._vault.key(file)
            call.check()
            signatures = await self._clamd.version()
            async with aclosing(self._vault.read(file, key)) as content:
                reply = await self._clamd.scan(content)
        except StoreUnavailable as error:
            raise NotSent(f"store: {type(error).__name__}") from error
        except ScannerAway as error:
            raise Retryable(str(error)) from error
        except Unopenable as error:
            raise Permanent("erased", str(error)) from error
        except Tampered as error:
            log.critical("a file was changed in the store", file=call.aggregate)
            raise Permanent("invalid", str(error)) from error
        SCANS.labels(reply.verdict).observe(time.monotonic() - began)
        if reply.verdict == "unscannable":
            log.error("the scanner gives no verdict", file=call.aggregate, said=reply.found)
        at = self._platform.clock()
        return FileScanned(verdict=reply.verdict, found=reply.found, signatures=signatures, scanned_at=at)


class SettlesFiles:
    """Adapter of `SettleFile`. A file that a dossier holds needs a key of its own no more: it is forgotten for ever."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def execute(self, effect: SettleFile, call: Call) -> Outcome:
        """Raises Retryable while the store is away."""
        try:
            found = [d for d in effect.dossiers if await self._names(d, call.aggregate)]
            if found:
                await _forget(self._platform, call.aggregate, "held by dossiers")
        except StoreUnavailable as error:
            raise NotSent(f"store: {type(error).__name__}") from error
        return FileSettled(holding=tuple(found), asked_at=effect.asked_at)

    async def _names(self, dossier: str, file: str) -> bool:
        doc = await self._platform.engine("dossiers").read(dossier)
        state: Dossier | None = doc.state if doc else None
        return state is not None and any(document.file == file for document in state.documents)


class DiscardsFiles:
    """Adapter of `DiscardFile`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._vault = Vault(platform)

    async def execute(self, effect: DiscardFile, call: Call) -> Outcome:
        """Raises Retryable while the store is away."""
        try:
            await self._vault.discard(effect.blob)
            await _forget(self._platform, call.aggregate, "removed")
        except StoreUnavailable as error:
            raise NotSent(f"store: {type(error).__name__}") from error
        REMOVED.labels("no dossier names it").inc()
        return FileDiscarded()


async def _forget(platform: Platform, file: str, why: str) -> None:
    await platform.key_admin.erase(Erasure(own(file), platform.clock(), "submission", why))


async def _file(platform: Platform, file: str) -> File | None:
    doc = await platform.engine("files").read(file)
    state: File | None = doc.state if doc else None
    return state


def adapters(platform: Platform) -> dict[type[Effect], Adapter]:
    """By kind of effect."""
    return {
        ScanFile: ScansFiles(platform),
        SettleFile: SettlesFiles(platform),
        DiscardFile: DiscardsFiles(platform),
    }


class Sweeps:
    """What nobody asks for. Both look again and again and may be stopped anywhere."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._vault = Vault(platform)
        self._clamd = scanner(platform)
        self._pause = platform.settings.file_sweep_seconds
        self._recent = timedelta(days=platform.settings.file_rescan_days)
        self._swept = ""
        """The signatures that all of those rest on by now: a scan under way may still end with older ones."""

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            TRACE.set(None)
            try:
                await self.leftovers()
                await self.rescan()
            except (StoreUnavailable, ScannerAway) as error:
                log.warning("a sweep of files was put off", error=str(error)[:200])
            except Exception:
                FAULTS.labels("files").inc()
                log.exception("a sweep of files failed")
            await asyncio.sleep(self._pause)

    async def leftovers(self) -> int:
        """Removes what is left of uploads that ended without a file; returns how many."""
        past = self._platform.clock() - LEFT_AFTER
        begun = await self._vault.begun.select({"at": {"$lte": past}}, ("file",), AT_ONCE)
        removed = 0
        for record in begun:
            file = await _file(self._platform, record["file"])
            if file is not None and file.blob == record["_id"]:
                await self._vault.begun.remove([record["_id"]])
                continue
            await self._vault.discard(record["_id"])
            REMOVED.labels("never finished").inc()
            removed += 1
        return removed

    async def rescan(self) -> int:
        """Has files scanned that have no verdict, and, when signatures are new, those of the last days; how many.

        What has no verdict is found by an index; the others only when there is something to find.
        """
        if self._clamd is None:
            return 0
        signatures = await self._clamd.version()
        told = await self._tell({"view.rests_on": NEVER}, signatures)
        if signatures != self._swept:
            since = format_instant(self._platform.clock() - self._recent)
            others = {"view.rests_on": {"$gt": "", "$ne": signatures}, "state.stored_at": {"$gte": since}}
            if left := await self._tell(others, signatures):
                return told + left
            self._swept = signatures
        return told

    async def _tell(self, query: dict[str, Any], signatures: str) -> int:
        after, told = "", 0
        while found := await self._platform.engine("files").collection.scan(query, after, AT_ONCE):
            after = found[-1]["_id"]
            answers = await asyncio.gather(*(self._again(stored["_id"], signatures) for stored in found))
            told += sum(answers)
            if len(found) < AT_ONCE:
                break
            await asyncio.sleep(self._pause / 10)
        return told

    async def _again(self, file: str, signatures: str) -> bool:
        try:
            answer = await self._platform.engine("files").tell(file, RescanFile(signatures=signatures), None)
        except Refused:
            return False
        return bool(answer.get("scanning"))

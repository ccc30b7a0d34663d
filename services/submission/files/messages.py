"""Commands, outcomes and effects of files."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from chassis.decision import Command, Effect, FailureReason, Outcome, Policy
from schemas.event import DossierId, Instant, Text

Verdict = Literal["clean", "infected", "unscannable", "unscanned"]
"""`unscannable`: the scanner gives none; `unscanned`: there is no scanner any more."""


class StoreFile(Command):
    """An upload whose content is stored whole in `blob` and was looked at. `key`: the content's, under the file's."""

    file: DossierId
    owner: Text
    by: Text
    blob: Text
    key: Text
    label: Text
    sha256: Text
    size: int
    media: Text


class HoldFile(Command):
    """A dossier names it. `key`: the content's, under that dossier's."""

    owner: Text
    dossier: DossierId
    key: Text


class RemoveFile(Command):
    """`account`, who owns or uploaded it, does not want it any more."""

    account: Text


class RescanFile(Command):
    """The scanner has other signatures now."""

    signatures: Text


class ScanFile(Effect):
    """Looks for viruses. It changes nothing, so it may be repeated."""

    TYPE: ClassVar[str] = "files.scan"
    POLICY: ClassVar[Policy] = "repeat"
    PARTNER: ClassVar[str | None] = "clamd"
    CONCURRENCY: ClassVar[int] = 4
    LEASE: ClassVar[timedelta] = timedelta(seconds=60)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=50)
    blob: Text

    def failed(self, reason: FailureReason) -> Outcome:
        """Nothing was found out: it stays as it was, and the next sweep tries again."""
        return FileScanned(verdict="unscannable", found=reason)


class FileScanned(Outcome):
    """`signatures`: the scanner and the version of what it knows; `found`: the virus, or why there is no verdict."""

    verdict: Verdict
    found: Text | None = None
    signatures: Text | None = None
    scanned_at: Instant | None = None


class SettleFile(Effect):
    """Asks the dossiers that may hold it. Reading may be repeated, and so may forgetting a key."""

    TYPE: ClassVar[str] = "files.settle"
    POLICY: ClassVar[Policy] = "repeat"
    dossiers: tuple[DossierId, ...]
    asked_at: Instant


class FileSettled(Outcome):
    """Which of those asked hold it."""

    holding: tuple[DossierId, ...]
    asked_at: Instant


class DiscardFile(Effect):
    """Removes the content and the file's own key for ever."""

    TYPE: ClassVar[str] = "files.discard"
    POLICY: ClassVar[Policy] = "repeat"
    blob: Text


class FileDiscarded(Outcome):
    """Nothing is left of its content."""

"""A file: whose it is, what was found in it, which dossiers hold it. Pure.

    PUT ─ checking ─ (scan) ─ clean | infected       unscanned: no scanner is configured
             └─ held by dossiers, or removed: by its owner, or after `keep` in which no dossier named it

Its content is encrypted under a key that is stored here once for each who holds it, encrypted under the holder's key:
the file's own until a dossier names it, then each dossier's. Whoever erases a dossier's key erases its hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from chassis.decision import DeadlineDue, Decision, Handlers, Impossible, Refused
from chassis.document import AggregateType
from schemas.event import Instant, Record
from services.submission.files import messages as do

Standing = Literal["checking", "clean", "infected", "unscanned", "removed"]
MAX_HOLDS: Final = 50
AGAIN: Final = frozenset({"exhausted", "lapsed"})
"""Why a scan was given up that may well succeed: by the scanner's fault or ours, not by the file's."""
NEVER: Final = "none"
UNREADABLE: Final = "unreadable"
SETTLE: Final = timedelta(minutes=10)
"""How long after a dossier was to name it that dossier is asked: a filing is written by then, or its caller gave up."""


@dataclass(frozen=True, slots=True)
class FileRules:
    """What the agency configures: whether there is a scanner, and how long a file is kept that no dossier names."""

    scans: bool = False
    keep: timedelta = timedelta(days=7)


class Hold(Record):
    """Who holds it, by the name of their key in the keyring: the file itself (`own`), or a dossier.

    settled  that dossier was seen to name it
    """

    holder: str
    key: str
    since: Instant
    settled: bool = False

    def with_settled(self) -> Hold:
        """This hold, of a dossier that names the file."""
        return self.model_copy(update={"settled": True})


class File(Record):
    """`owner`, `by`: whose it is, and who uploaded it. `label`: what it is called, sealed under the content's key.

    scanning   a scan was decided and has no outcome yet
    signatures what it was last held against; None: nothing yet
    """

    id: str
    owner: str
    by: str
    blob: str
    label: str
    sha256: str
    size: int
    media: str
    stored_at: Instant
    standing: Standing
    scanning: bool = False
    found: str | None = None
    signatures: str | None = None
    scanned_at: Instant | None = None
    holds: tuple[Hold, ...] = ()

    @property
    def dossiers(self) -> tuple[Hold, ...]:
        """The holds of dossiers."""
        return tuple(hold for hold in self.holds if hold.holder != own(self.id))

    def with_(self, **changes: Any) -> File:
        """This file, changed."""
        return self.model_copy(update=changes)


def _gone() -> Refused:
    return Refused("not_found", "there is no such file")


def own(file: str) -> str:
    """The name of a file's own key in the keyring. Clients choose ids of files: none may name a dossier's key."""
    return f"file/{file}"


def there(file: File | None) -> File:
    """The file. Raises Refused `not_found` also for one that was removed."""
    if file is None or file.standing == "removed":
        raise _gone()
    return file


def store(file: File | None, command: do.StoreFile, now: datetime, keeping: FileRules) -> Decision[File]:
    """Begins a file. The same content again answers the same; the caller's blob is then not the one that is kept.

    Raises Refused `not_found` (another account's id), `file_exists`.
    """
    if file is not None:
        if there(file).owner != command.owner:
            raise _gone()
        if file.sha256 != command.sha256:
            raise Refused("file_exists", "this id is of another content: choose a new one", field="file")
        return Decision(file, answer={"blob": file.blob})
    file = File(
        **command.model_dump(exclude={"file", "key"}),
        id=command.file,
        stored_at=now,
        standing="checking" if keeping.scans else "unscanned",
        scanning=keeping.scans,
    )
    first = Hold(holder=own(file.id), key=command.key, since=now)
    effects = (do.ScanFile(blob=file.blob),) if keeping.scans else ()
    return Decision(file.with_(holds=(first,)), (), effects, due=now + keeping.keep, answer={"blob": file.blob})


def scanned(file: File | None, outcome: do.FileScanned, _now: datetime) -> Decision[File]:
    """A verdict; without one it stays as it was. What the scanner could not read waits for its next signatures."""
    if file is None:
        raise Impossible("a scan of a file that was never stored")
    if file.standing == "removed":
        return Decision(file.with_(scanning=False))
    if outcome.verdict == "unscannable":
        tried = outcome.signatures or file.signatures or (None if outcome.found in AGAIN else UNREADABLE)
        return Decision(file.with_(scanning=False, signatures=tried))
    if outcome.verdict == "unscanned":
        kept = "unscanned" if file.standing == "checking" else file.standing
        return Decision(file.with_(standing=kept, scanning=False))
    found = outcome.found if outcome.verdict == "infected" else None
    said = {"signatures": outcome.signatures, "scanned_at": outcome.scanned_at}
    return Decision(file.with_(standing=outcome.verdict, scanning=False, found=found, **said))


def rescan(file: File | None, command: do.RescanFile, _now: datetime) -> Decision[File]:
    """Scans it again, unless its verdict rests on those signatures or a scan is under way. Meanwhile it stays."""
    file = there(file)
    if file.scanning or file.signatures == command.signatures:
        return Decision(file, answer={"scanning": file.scanning})
    return Decision(file.with_(scanning=True), (), (do.ScanFile(blob=file.blob),), answer={"scanning": True})


def hold(file: File | None, command: do.HoldFile, now: datetime) -> Decision[File]:
    """A dossier names it: from now on it is readable as long as that dossier's key is there.

    Raises Refused `not_found`, `infected`, `too_many`.
    """
    file = there(file)
    if file.owner != command.owner:
        raise _gone()
    held = next((h for h in file.holds if h.holder == command.dossier), None)
    if file.standing == "infected":
        raise Refused("infected", f"a virus was found in it ({file.found}): send a clean copy")
    if held is None and len(file.dossiers) >= MAX_HOLDS:
        raise Refused("too_many", f"{MAX_HOLDS} dossiers hold it: upload it again")
    if held is not None and held.settled:
        return Decision(file, answer={"standing": file.standing})
    fresh = Hold(holder=command.dossier, key=command.key if held is None else held.key, since=now)
    others = tuple(h for h in file.dossiers if h.holder != command.dossier)
    return Decision(file.with_(holds=(*others, fresh)), due=now + SETTLE, answer={"standing": file.standing})


def remove(file: File | None, command: do.RemoveFile, _now: datetime) -> Decision[File]:
    """Its owner, or who uploaded it for them, deletes it before a dossier names it. Raises Refused `attached`."""
    file = there(file)
    if command.account not in {file.owner, file.by}:
        raise _gone()
    if file.dossiers:
        raise Refused("attached", "a dossier names it: it is kept as long as the dossier is")
    return _removed(file)


def fell_due(file: File | None, _due: DeadlineDue, now: datetime) -> Decision[File]:
    """No dossier named it in time: it is removed. Where one may have, the dossiers are asked first."""
    if file is None or file.standing == "removed":
        return Decision(file, due=None)
    asked = tuple(hold.holder for hold in file.dossiers if not hold.settled)
    if asked:
        return Decision(file, (), (do.SettleFile(dossiers=asked, asked_at=now),), due=None)
    return _removed(file) if not file.dossiers else Decision(file, due=None)


def settled(file: File | None, outcome: do.FileSettled, _now: datetime, keeping: FileRules) -> Decision[File]:
    """What the dossiers said. One that does not name it (yet) is asked again at the end of `keep`, and then dropped."""
    if file is None:
        raise Impossible("an answer about a file that was never stored")
    if file.standing == "removed":
        return Decision(file)
    left = []
    for held in file.holds:
        if held.holder in outcome.holding:
            left.append(held.with_settled())
        elif held.settled or held.since > outcome.asked_at - keeping.keep:
            left.append(held)
    file = file.with_(holds=tuple(left))
    if not left:
        return _removed(file)
    open_ = [held.since for held in left if not held.settled]
    soon = min((since + SETTLE for since in open_ if since > outcome.asked_at), default=None)
    return Decision(file, due=soon or (min(open_) + keeping.keep if open_ else None))


def discarded(file: File | None, _outcome: do.FileDiscarded, _now: datetime) -> Decision[File]:
    """Nothing more to do."""
    return Decision(file)


def _removed(file: File) -> Decision[File]:
    """What is left says that there was one. Its name goes with its key."""
    gone = file.with_(standing="removed", holds=(), label="", scanning=False)
    return Decision(gone, (), (do.DiscardFile(blob=file.blob),), due=None, answer={"standing": "removed"})


def view(file: File) -> dict[str, Any]:
    """What lists filter by. `loose`: whose quota it counts against; `rests_on`: what a new scan is compared with."""
    kept = file.standing != "removed"
    return {
        "owner": file.owner if kept else None,
        "loose": file.owner if kept and not any(hold.settled for hold in file.holds) else None,
        "size": file.size,
        "rests_on": (file.signatures or NEVER) if kept else None,
    }


def handlers(keeping: FileRules) -> Handlers:
    """What a file reacts to."""
    return {
        do.StoreFile: lambda file, message, now: store(file, message, now, keeping),
        do.HoldFile: hold,
        do.RemoveFile: remove,
        do.RescanFile: rescan,
        do.FileScanned: scanned,
        do.FileSettled: lambda file, message, now: settled(file, message, now, keeping),
        do.FileDiscarded: discarded,
        DeadlineDue: fell_due,
    }


def files(keeping: FileRules) -> AggregateType[File]:
    """The aggregate `files`. It says nothing: files never travel on Kafka."""
    return AggregateType(
        name="files",
        state=File,
        handlers=handlers(keeping),
        effects=(do.ScanFile, do.SettleFile, do.DiscardFile),
        view=view,
        indexes=(("owner",), ("loose",), ("rests_on",)),
    )

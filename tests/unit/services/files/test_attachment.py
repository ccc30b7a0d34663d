"""The life of a file: scanned, held by dossiers, removed when nobody holds it. Played against a plain oracle."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.decision import DeadlineDue, Decision, Effect, Keep, Refused
from services.submission.files import attachment
from services.submission.files import messages as do
from services.submission.files.attachment import SETTLE, File, FileRules

FILE = "00000000-0000-4000-8000-000000000001"
DOSSIERS = tuple(f"00000000-0000-4000-8000-00000000010{n}" for n in range(4))
BEGIN = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
FILE_RULES = FileRules(scans=True, keep=timedelta(days=7))


@dataclass
class Player:
    keeping: FileRules = FILE_RULES
    now: datetime = BEGIN
    state: File | None = None
    due: datetime | None = None
    effects: list[Effect] = field(default_factory=list)

    @property
    def file(self) -> File:
        assert self.state is not None
        return self.state

    def tell(self, message: Any) -> Decision[File]:
        decision = attachment.handlers(self.keeping)[type(message)](self.state, message, self.now)
        self.state = decision.state
        if not isinstance(decision.due, Keep):
            self.due = decision.due
        self.effects.extend(decision.effects)
        return decision

    def wait(self, span: timedelta) -> None:
        """Time passes; what falls due falls due."""
        until = self.now + span
        while self.due is not None and self.due <= until:
            self.now = max(self.now, self.due)
            self.tell(DeadlineDue())
            if self.due is not None and self.due <= self.now:
                raise AssertionError("the deadline stays where it is")
            self.answer()
        self.now = until

    def answer(self) -> None:
        """Nobody names it, if dossiers are asked."""
        self.settle(())

    def settle(self, holding: tuple[str, ...]) -> None:
        asked = [e for e in self.effects if isinstance(e, do.SettleFile)]
        self.effects = [e for e in self.effects if not isinstance(e, do.SettleFile)]
        for effect in asked:
            names = tuple(d for d in effect.dossiers if d in holding)
            self.tell(do.FileSettled(holding=names, asked_at=effect.asked_at))


def stored(player: Player, owner: str = "citizen1", sha256: str = "a" * 64, blob: str = "blob1") -> Decision[File]:
    common = {"file": FILE, "by": owner, "key": "k", "label": "00", "size": 5, "media": "application/pdf"}
    return player.tell(do.StoreFile(owner=owner, blob=blob, sha256=sha256, **common))


def begun(**keeping: Any) -> Player:
    player = Player(FileRules(**{"scans": True, **keeping}))
    stored(player)
    return player


def held(player: Player, dossier: str = DOSSIERS[0], owner: str = "citizen1") -> Decision[File]:
    return player.tell(do.HoldFile(owner=owner, dossier=dossier, key="k2"))


def kinds(player: Player) -> list[str]:
    return [effect.TYPE for effect in player.effects]


def test_an_upload_is_checked_where_there_is_a_scanner() -> None:
    assert (begun().file.standing, kinds(begun())) == ("checking", ["files.scan"])
    assert (begun(scans=False).file.standing, kinds(begun(scans=False))) == ("unscanned", [])


def test_the_same_upload_again_keeps_the_first_blob_and_another_is_refused() -> None:
    player = begun()
    assert stored(player, blob="blob2").answer == {"blob": "blob1"}
    assert player.file.blob == "blob1"
    with pytest.raises(Refused, match="another content") as refused:
        stored(player, sha256="b" * 64)
    assert refused.value.code == "file_exists"
    with pytest.raises(Refused) as stranger:
        stored(player, owner="citizen2")
    assert stranger.value.code == "not_found"


def test_a_verdict_and_another_with_newer_signatures() -> None:
    player = begun()
    player.tell(do.FileScanned(verdict="clean", signatures="1", scanned_at=BEGIN))
    assert (player.file.standing, attachment.view(player.file)["rests_on"]) == ("clean", "1")
    player.tell(do.RescanFile(signatures="1"))
    assert kinds(player) == ["files.scan"]
    player.tell(do.RescanFile(signatures="2"))
    player.tell(do.RescanFile(signatures="3"))
    assert (player.file.standing, kinds(player)) == ("clean", ["files.scan"] * 2)
    player.tell(do.FileScanned(verdict="infected", found="Eicar", signatures="2", scanned_at=BEGIN))
    assert (player.file.standing, player.file.found) == ("infected", "Eicar")
    with pytest.raises(Refused) as refused:
        held(player)
    assert refused.value.code == "infected"
    player.tell(do.RescanFile(signatures="3"))
    player.tell(do.FileScanned(verdict="clean", signatures="3", scanned_at=BEGIN))
    assert (player.file.standing, player.file.found) == ("clean", None)


def test_no_verdict_changes_nothing_and_is_tried_again() -> None:
    player = begun()
    player.tell(do.ScanFile(blob="blob1").failed("exhausted"))
    assert (player.file.standing, player.file.scanning) == ("checking", False)
    assert attachment.view(player.file)["rests_on"] == attachment.NEVER
    player.tell(do.RescanFile(signatures="1"))
    assert kinds(player) == ["files.scan"] * 2
    player.tell(do.ScanFile(blob="blob1").failed("invalid"))
    assert attachment.view(player.file)["rests_on"] == attachment.UNREADABLE, "not with each sweep"


def test_a_scanner_that_was_taken_away_leaves_files_unscanned_and_keeps_verdicts() -> None:
    player = begun()
    player.tell(do.FileScanned(verdict="unscanned"))
    assert (player.file.standing, player.file.scanning) == ("unscanned", False)
    player.tell(do.FileScanned(verdict="infected", found="Eicar", signatures="1"))
    player.tell(do.FileScanned(verdict="unscanned"))
    assert player.file.standing == "infected"


def test_nobody_names_it_and_it_is_removed() -> None:
    player = begun()
    player.wait(timedelta(days=6, hours=23))
    assert player.file.standing == "checking"
    player.wait(timedelta(hours=1))
    assert (player.file.standing, player.file.holds, player.file.label) == ("removed", (), "")
    assert kinds(player)[-1] == "files.discard"
    with pytest.raises(Refused):
        held(player)


def test_its_owner_removes_it_until_a_dossier_names_it() -> None:
    player = begun()
    with pytest.raises(Refused):
        player.tell(do.RemoveFile(account="citizen2"))
    held(player)
    with pytest.raises(Refused) as refused:
        player.tell(do.RemoveFile(account="citizen1"))
    assert refused.value.code == "attached"
    other = begun()
    other.tell(do.RemoveFile(account="citizen1"))
    assert (other.file.standing, kinds(other)[-1], other.due) == ("removed", "files.discard", None)


def test_only_its_owner_s_dossiers_hold_it_and_its_own_key_goes() -> None:
    player = begun()
    with pytest.raises(Refused):
        held(player, owner="citizen2")
    held(player)
    assert [hold.holder for hold in player.file.holds] == [DOSSIERS[0]]


def test_a_filing_that_was_never_written_holds_it_no_longer_than_keep() -> None:
    player = begun()
    player.wait(timedelta(days=3))
    held(player)
    player.wait(SETTLE)
    assert kinds(player) == ["files.scan"]
    player.wait(timedelta(days=7))
    assert player.file.standing == "removed"


def test_the_quota_counts_it_until_a_dossier_is_seen_to_name_it() -> None:
    player = begun()
    held(player)
    assert attachment.view(player.file)["loose"] == "citizen1"
    player.now += SETTLE
    player.tell(DeadlineDue())
    player.settle((DOSSIERS[0],))
    assert attachment.view(player.file)["loose"] is None
    assert player.due is None


def test_too_many_dossiers() -> None:
    player = begun()
    for n in range(attachment.MAX_HOLDS):
        held(player, f"10000000-0000-4000-8000-{n:012x}")
    with pytest.raises(Refused) as refused:
        held(player, "00000000-0000-4000-8000-0000000fffff")
    assert refused.value.code == "too_many"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), st.integers(0, 3)),
        st.tuples(st.just("file"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.sampled_from([1, 11, 60 * 24, 60 * 24 * 8])),
        st.tuples(st.just("answer"), st.integers(0, 0)),
    ),
    max_size=30,
)


@given(STEPS)
def test_what_a_written_dossier_names_is_never_removed(steps: list[tuple[str, int]]) -> None:
    """A filing writes its dossier within `SETTLE` of its hold, or never; the answer about it may come late."""
    player, since, named = begun(), dict[str, datetime](), set[str]()
    for step, n in steps:
        if step == "hold" and player.file.standing != "removed":
            held(player, DOSSIERS[n])
            since[DOSSIERS[n]] = player.now
        elif step == "file" and player.now - since.get(DOSSIERS[n], datetime.min.replace(tzinfo=UTC)) < SETTLE:
            named.add(DOSSIERS[n])
        elif step == "wait":
            player.now += timedelta(minutes=n)
            if player.due is not None and player.due <= player.now:
                player.tell(DeadlineDue())
        elif step == "answer":
            player.settle(tuple(named))
    if named:
        assert player.file.standing != "removed"
        assert named <= {hold.holder for hold in player.file.holds}
    for _ in range(8):
        player.settle(tuple(named))
        if player.due is not None:
            player.now = max(player.now, player.due)
            player.tell(DeadlineDue())
    assert (player.file.standing == "removed") is not bool(named)
    assert {hold.holder for hold in player.file.holds} == named

"""What a killed process had handed to a partner is known to those that live on; what is not known is not guessed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.delivery import Delivery, Sweep
from chassis.document import Document, PendingEffect
from chassis.effects import handed
from chassis.effects.handed import Handed
from chassis.fold import Folder

from .test_leases import KIND, Log, Never

CHILD = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from chassis.effects.handed import Handed
kept = Handed(Path(sys.argv[1]), "dead", lambda: datetime.now(UTC))
kept.mark("logs/a/1")
print("marked", flush=True)
signal.pause()
"""
SOON = timedelta(seconds=30)


def now() -> datetime:
    return datetime.now(UTC)


def leased(effect_id: str, holder: str = "dead", after: timedelta = SOON) -> PendingEffect:
    return PendingEffect(effect_id, Never(), "leased", now() + Never.LEASE + after, holder)


@pytest.fixture
def child(tmp_path: Path) -> Any:
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "marked\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def kill(child: Any) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()


def test_only_the_dead_are_spoken_for_and_only_what_they_did_not_hand_on(child: Any, tmp_path: Path) -> None:
    ours = Handed(tmp_path, "ours", now)
    assert not ours.never_sent(leased("logs/a/2"))
    kill(child)
    assert ours.never_sent(leased("logs/a/2"))
    assert not ours.never_sent(leased("logs/a/1"))
    assert not ours.never_sent(leased("logs/a/2", "ours"))
    assert not ours.never_sent(leased("logs/a/2", "nobody"))


def test_a_lease_older_than_the_file_and_a_file_of_another_boot_say_nothing(child: Any, tmp_path: Path) -> None:
    kill(child)
    (path,) = tmp_path.glob("dead.*.handed")
    head, _, rest = path.read_text().partition("\n")
    assert Handed(tmp_path, "ours", now).never_sent(leased("logs/a/2", after=timedelta(minutes=-1)))
    path.write_text(json.dumps({**json.loads(head), "since": now().isoformat()}) + "\n" + rest)
    assert not Handed(tmp_path, "ours1", now).never_sent(leased("logs/a/2", after=timedelta(minutes=-1)))
    path.write_text(json.dumps({**json.loads(head), "boot": "another"}) + "\n" + rest)
    assert not Handed(tmp_path, "ours2", now).never_sent(leased("logs/a/2"))
    path.unlink()
    assert not Handed(tmp_path, "ours3", now).never_sent(leased("logs/a/2"))


def test_files_turn_over_and_the_last_two_are_kept(tmp_path: Path) -> None:
    at = now()
    kept = Handed(tmp_path, "r", lambda: at)
    for number in range(4):
        kept.mark(f"logs/a/{number}")
        at += handed.ROTATE
    assert len(list(tmp_path.glob("r.*.handed"))) == 2
    assert {line for path in tmp_path.glob("r.*.handed") for line in path.read_text().split()[4:]} == {
        "logs/a/2",
        "logs/a/3",
    }


def test_who_cannot_mark_leaves_nothing_that_could_be_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Handed(tmp_path, "r", now)

    def full(*_: object) -> int:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "write", full)
    kept.mark("logs/a/1")
    kept.mark("logs/a/2")
    assert list(tmp_path.glob("r.*.handed")) == []


@pytest.mark.parametrize(
    ("unsent", "left", "holders", "results"),
    [
        (True, -SOON, ["ours"], ()),
        (True, SOON, ["ours"], ()),
        (False, -SOON, [], ("unknown",)),
        (False, SOON, ["dead"], ()),
    ],
    ids=["unused and lapsed", "unused", "perhaps used and lapsed", "perhaps used"],
)
def test_a_lease_of_the_dead_is_taken_up_only_if_it_was_never_used_and_then_at_once(
    *, unsent: bool, left: timedelta, holders: list[str], results: tuple[str, ...]
) -> None:
    folder = Folder(KIND, "ours", lambda *_: None, never_sent=lambda _pending: unsent)  # type: ignore[arg-type] # nothing is decoded
    doc = Document[Any]("a", state=Log())
    doc.effects = [replace(leased("logs/a/1"), until=now() + left)]
    folder.fold(doc, Delivery("a", Sweep()), now())
    assert [(e.status, e.holder) for e in doc.effects] == [("leased", holder) for holder in holders]
    assert doc.state is not None
    assert doc.state.results == results


def test_the_dead_are_those_that_left_word_and_hold_their_lock_no_more(child: Any, tmp_path: Path) -> None:
    ours = Handed(tmp_path, "ours", now)
    assert ours.dead() == []
    kill(child)
    assert ours.dead() == ["dead"]

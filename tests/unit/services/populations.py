"""Dossiers with random lives for the tests of statistics, as events of each stream in order."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from cli.generate import GOLDENS
from schemas.event import DossierEvent
from schemas.topics import CATALOGUES

BEGIN: Final = datetime(2026, 9, 1, tzinfo=UTC)
DAYS: Final = 60
NOW: Final = BEGIN + timedelta(days=DAYS, hours=3)
Streams = dict[str, list[DossierEvent]]


def golden(name: str, **changes: Any) -> Any:
    """The golden event ``stream.name`` with other values."""
    stream = name.partition(".")[0]
    event = CATALOGUES[stream].decode(f"{name}.v1", (GOLDENS / f"{name}.v1.json").read_bytes())
    return event.model_copy(update=changes)


class _Life:
    """Makes events of one dossier, each some hours after the one before, until now."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.id = str(uuid.UUID(int=draw(st.integers(1, 2**100))))
        self.at = BEGIN + draw(st.timedeltas(timedelta(0), timedelta(days=DAYS)))
        self.streams: Streams = {"dossier": [], "payment": [], "delivery": [], "notification": []}
        self._draw = draw

    def say(self, name: str, field: str, **changes: Any) -> None:
        """Nothing happens after now."""
        if self.at <= NOW:
            event = golden(name, dossier_id=self.id, **{field: self.at}, **changes)
            self.streams[name.partition(".")[0]].append(event)
            self.at += self._draw(st.timedeltas(timedelta(minutes=1), timedelta(days=9)))

    def due(self) -> datetime:
        return self.at + self._draw(st.timedeltas(timedelta(hours=1), timedelta(days=15)))

    def maybe(self) -> bool:
        return self._draw(st.booleans())


@st.composite
def lives(draw: st.DrawFn) -> Streams:
    """One dossier, anywhere between filed and ended, by every way there is."""
    life = _Life(draw)
    procedure, unit = draw(st.sampled_from(["1.000953", "1.001440"])), draw(st.sampled_from(["culture", "sports"]))
    life.say("dossier.submitted", "filed_at", procedure=procedure, route=draw(st.sampled_from(["portal", "upstream"])))
    if life.maybe():
        life.say("dossier.supplement_requested", "requested_at")
        life.say("dossier.supplemented", "supplemented_at", due_at=None)
    early = draw(st.sampled_from(["", "", "", "dossier.rejected", "dossier.withdrawn"]))
    if early:
        life.say(early, "rejected_at" if early.endswith("rejected") else "withdrawn_at")
        return life.streams
    fee = life.maybe()
    life.say("dossier.accepted", "received_at", due_at=life.due(), total=650_000 if fee else 0)
    if fee and life.maybe():
        way = draw(st.sampled_from(["vnpay", "cash"]))
        life.say("payment.received", "paid_at", through=way, amount=650_000)
        life.say("dossier.fee_settled", "paid_at", due_at=life.due())
    if life.maybe():
        life.say("dossier.assigned", "assigned_at", unit=unit)
    if life.maybe():
        life.say("dossier.supplement_requested", "requested_at")
        if life.maybe():
            life.say("dossier.supplemented", "supplemented_at", due_at=life.due())
    if life.maybe():
        life.say("dossier.extended", "extended_at", due_at=life.due())
    end = draw(st.sampled_from(["", "approved", "approved", "refused", "withdrawn", "stopped"]))
    if end in {"approved", "refused"}:
        life.say("dossier.decided", "decided_at", outcome=end)
        life.say("delivery.result_delivered", "delivered_at", way=draw(st.sampled_from(["post", "online"])))
    elif end:
        life.say(f"dossier.{end}", f"{end}_at")
    life.say("notification.sent", "at")
    return life.streams


@st.composite
def shuffled(draw: st.DrawFn, streams: Streams) -> Sequence[tuple[str, int, DossierEvent]]:
    """Stream, sequence and event in an order that keeps each stream's own, some of them again after that."""
    order = draw(st.permutations([name for name, events in streams.items() for _ in events]))
    told: list[tuple[str, int, DossierEvent]] = []
    at = dict.fromkeys(streams, 0)
    for name in order:
        at[name] += 1
        told.append((name, at[name], streams[name][at[name] - 1]))
        if draw(st.booleans()):
            told += draw(st.lists(st.sampled_from(told), max_size=2))
    return told

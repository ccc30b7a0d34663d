"""A delivery in any state, and what happens to it: for tests of its rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.decision import Decision
from cli.generate import GOLDENS
from schemas.parts import PostalAddress, Way
from schemas.personal import Personal
from schemas.topics import CATALOGUES
from services.delivery.domain import life
from services.delivery.domain.delivery import Delivery, ResultForm, Rules
from services.delivery.messages import ConsignmentTaken, DocumentRendered, Moved, PostTold

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ITEM = "RA473124829VN"
ADDRESS = PostalAddress(province="11", commune="03127", detail=Personal.of("Bản Ví Dụ"))


def golden(stream: str, name: str) -> Any:
    return CATALOGUES[stream].decode(f"{stream}.{name}.v1", (GOLDENS / f"{stream}.{name}.v1.json").read_bytes())


class Life:
    """One delivery and everything said and caused so far."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.handlers = life.handlers(self.rules)
        self.state: Delivery | None = None
        self.events: list[Any] = []
        self.effects: list[Any] = []
        self.due: datetime | None = None
        self.now = NOW

    def hear(self, message: Any, after: timedelta = timedelta()) -> Decision[Delivery]:
        self.now += after
        decision = self.handlers[type(message)](self.state, message, self.now)
        self.state = decision.state
        self.events += decision.events
        self.effects += decision.effects
        if decision.due is None or isinstance(decision.due, datetime):
            self.due = decision.due
        return decision

    @property
    def at(self) -> Delivery:
        assert self.state is not None
        return self.state

    def said(self, name: str) -> list[Any]:
        return [event for event in self.events if f"delivery.{name}" == event.TYPE]

    def caused(self, kind: str) -> list[Any]:
        return [effect for effect in self.effects if kind == effect.TYPE]


def making(way: Way = "online", rules: Rules | None = None) -> Life:
    """Its document is being made."""
    found = Life(rules)
    submitted = golden("dossier", "submitted").model_copy(update={"way": way, "address": ADDRESS})
    found.hear(submitted)
    found.hear(golden("dossier", "decided"))
    found.hear(golden("dossier", "result_issued"))
    return found


def rendered(document: str, sha256: str = "a" * 64) -> DocumentRendered:
    return DocumentRendered(document=document, sha256=sha256, size=9, pickup=Personal.of("12345678"))


def made(way: Way = "online", rules: Rules | None = None) -> Life:
    """Its document is there."""
    found = making(way, rules)
    found.hear(rendered(f"{found.at.dossier_id}/result"))
    return found


def travelling(rules: Rules | None = None) -> Life:
    """On its way by post."""
    found = made("post", rules)
    found.hear(ConsignmentTaken(tracking=ITEM))
    return found


def told(*moves: Moved, tracking: str = ITEM) -> PostTold:
    return PostTold(tracking=tracking, moves=moves)


def minutes(*steps: tuple[int, float]) -> tuple[Moved, ...]:
    """Statuses, each with the minutes after NOW it happened at."""
    return tuple(Moved(status=status, at=NOW + timedelta(minutes=at)) for status, at in steps)


def forms(**form: Any) -> Rules:
    """Rules under which the procedure of the golden gives what `form` says."""
    return Rules(forms={golden("dossier", "submitted").procedure: ResultForm(**form)})


def kinds(events: Iterable[Any]) -> list[str]:
    return [event.TYPE.partition(".")[2] for event in events]

"""Officers' work, as the `dossier` stream tells it: who acted, who holds a dossier, what is due."""

from __future__ import annotations

from typing import Literal

from schemas.event import DossierEvent, Instant, Record, Text

STREAM = "dossier"


class By(Record):
    """An officer as they acted: account, role and unit by their token; `on_behalf_of` whom, in whose absence."""

    officer: Text
    role: Text
    unit: Text | None = None
    on_behalf_of: Text | None = None

    @property
    def principal(self) -> str:
        """The account whose work it is."""
        return self.on_behalf_of or self.officer


class Act(By):
    """What an officer did in one step: how long it lay with them (`since`), when it was due, and why."""

    step: Text | None = None
    since: Instant | None = None
    due_at: Instant | None = None
    note: Text | None = None


class DossierAssigned(DossierEvent):
    """The leader gave it to a unit, or to one officer of it."""

    STREAM = STREAM
    TYPE = "dossier.assigned"
    unit: Text
    officer: Text | None = None
    assigned_at: Instant
    by: Act | None = None


class DossierTaken(DossierEvent):
    """An officer of the unit holds it from now on."""

    STREAM = STREAM
    TYPE = "dossier.taken"
    taken_at: Instant
    by: Act | None = None


class DossierReleased(DossierEvent):
    """Its holder put it back into the unit's inbox."""

    STREAM = STREAM
    TYPE = "dossier.released"
    released_at: Instant
    by: Act | None = None


class DossierHandedOver(DossierEvent):
    """Another officer holds it from now on."""

    STREAM = STREAM
    TYPE = "dossier.handed_over"
    to: Text
    handed_over_at: Instant
    by: Act | None = None


class StepDone(DossierEvent):
    """One step of the procedure's examination is done; `by` says which."""

    STREAM = STREAM
    TYPE = "dossier.step_done"
    step: Text
    done_at: Instant
    by: Act | None = None


Matter = Literal["first_answer", "term", "complaint"]
"""What is due: the desk's first answer, the dossier, the answer to a complaint."""


class DueSoon(DossierEvent):
    """A warning to whoever holds it (else to the unit): most of the term has run."""

    STREAM = STREAM
    TYPE = "dossier.due_soon"
    due_at: Instant
    step: Text | None = None
    holder: Text | None = None
    unit: Text | None = None
    warned_at: Instant


class Overdue(DossierEvent):
    """A breach: it is the leader's concern from now on."""

    STREAM = STREAM
    TYPE = "dossier.overdue"
    matter: Matter
    due_at: Instant
    step: Text | None = None
    holder: Text | None = None
    unit: Text | None = None
    escalated_at: Instant


EVENTS = (DossierAssigned, DossierTaken, DossierReleased, DossierHandedOver, StepDone, DueSoon, Overdue)

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


class StageAnswered(DossierEvent):
    """A term in several stages: the present one is answered, and the next runs from now on.

    `answer` is what the applicant is told, such as the date of a registration. `stage_due` is that of the next stage
    while it is not the last; `due_at` the dossier's.
    """

    STREAM = STREAM
    TYPE = "dossier.stage_answered"
    stage: Text
    answer: Text
    next: Text
    stage_due: Instant | None = None
    due_at: Instant
    answered_at: Instant
    by: Act | None = None


Matter = Literal["first_answer", "term", "complaint"]
"""What is due: the desk's first answer, the dossier, the answer to a complaint."""


class DueSoon(DossierEvent):
    """A warning to whoever holds it, else to those of that role in the unit: most of the term has run.

    `stage`: the stage of the term whose end is near, where the term has several and it is not the last.
    """

    STREAM = STREAM
    TYPE = "dossier.due_soon"
    due_at: Instant
    step: Text | None = None
    holder: Text | None = None
    unit: Text | None = None
    role: Text | None = None
    stage: Text | None = None
    warned_at: Instant


class Overdue(DossierEvent):
    """A breach: it is the leader's concern from now on. `role`: whose turn it is; `stage` as in a warning."""

    STREAM = STREAM
    TYPE = "dossier.overdue"
    matter: Matter
    due_at: Instant
    step: Text | None = None
    holder: Text | None = None
    unit: Text | None = None
    role: Text | None = None
    stage: Text | None = None
    escalated_at: Instant


class DossierRetimed(DossierEvent):
    """The calendar was changed and something is due at another instant now; both are kept.

    `matter` `term`: the dossier's due date, or, while a fee is open, the one promised at reception.
    """

    STREAM = STREAM
    TYPE = "dossier.retimed"
    matter: Matter
    was_due: Instant
    due_at: Instant
    was_calendar: Text | None = None
    calendar: Text
    retimed_at: Instant


EVENTS = (
    DossierAssigned,
    DossierTaken,
    DossierReleased,
    DossierHandedOver,
    StepDone,
    StageAnswered,
    DueSoon,
    Overdue,
    DossierRetimed,
)

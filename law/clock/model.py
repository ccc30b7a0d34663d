"""What happens to a term, and what the clock says."""

from datetime import date, datetime
from typing import Literal, Self

from pydantic import Field, model_validator

from law.facts import Strict
from law.terms import SupplementPolicy


class Pause(Strict):
    """Time for which the agency waits; `answered` is None while it is open. Instants carry a zone.

    `supplement`: from the request to the supplement, by the procedure's policy. `fee`: from the request to the time of
    payment, always `resume`.
    """

    kind: Literal["supplement", "fee"]
    requested: datetime
    answered: datetime | None = None
    policy: SupplementPolicy = "resume"

    @model_validator(mode="after")
    def _fee_resumes(self) -> Self:
        if self.kind == "fee" and self.policy == "restart":
            raise ValueError("a pause for the fee never restarts the term")
        return self


class Extension(Strict):
    """`amount` days more, in the unit of the term, granted at an instant."""

    amount: int = Field(ge=1, le=3660)
    granted: datetime


class Due(Strict):
    """What the clock says.

    due          UTC instant; None while a pause is open
    day          the last local day of the term; None likewise
    term_start   the local day that is not counted; after a restart, that of the answer
    paused_days  days by which pauses lengthened the term so far, in the term's unit
    predicted    the answer rests on a year whose calendar is not announced
    calendar     version of the calendar that it was computed with
    """

    due: datetime | None
    day: date | None
    term_start: date
    paused_days: int
    predicted: bool
    calendar: str

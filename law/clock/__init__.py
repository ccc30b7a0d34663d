"""The clock of a dossier: pure functions of calendar, term, filing, pauses and extensions.

This project's written rule (no decree settles all of it; a procedure may say otherwise), here and in no other place:

1. *Term start* is the day of filing when filed on a working day at a local time before the end of office hours
   (17:00:00.000), else the next working day, whenever the clerk receives it.
2. The day of the term's start is not counted (Civil Code 2015 Art. 147.2). A term in working days counts working days;
   one in calendar days counts all, and ends with the next working day where it would end on a day off (Art. 148.5).
3. A pause covers the days after the local day of the request up to and including the term-start day of the answer: the
   request's day counts, the answer's day does not. Overlapping pauses count once. While one is open there is no due
   date. A pause of the fee ends at the time of payment, not of its notice. An answer not after its request pauses
   nothing.
4. `resume` goes on with what was left; where nothing was left (asked for on the last day), the term ends with the day
   of the answer. `restart` begins anew with the answer and drops earlier pauses and extensions; what of another pause
   lies after the new start still covers its days.
5. An extension adds its amount, in the term's unit, after the pauses.
6. A `resume` asked for after the last day changes nothing once it is answered: a breach is not undone by it.
7. Due is the end of office hours on the last day, as an instant in UTC.
8. A term in stages: the next stage starts as if filed at the answer to the one before; until that answer it is planned
   to start on the last day of the one before. A pause or extension belongs to the stage in which it was asked for.
9. A step is due when its and the earlier steps' shares of the term have run, rounded up to half days; a half day ends
   with the first interval of office hours. An extension moves the steps that were not due before it was granted. A
   step whose day would be moved (rules 2 and 4) is due at the end of office hours, and never before the step before it.
10. Silence: until the due instant the citizen waits; after it, silence is consent where the procedure says so, else a
   breach.
11. What must be filed some days ahead of an event is in time on the working day that lies so many days before it, or
   on an earlier one.
12. A changed calendar moves due dates; both, the old and the new, are kept.

Legal days are days in Asia/Ho_Chi_Minh.
"""

from law.clock.ahead import latest_filing
from law.clock.count import due_date, term_start
from law.clock.hours import OFFICE_HOURS, ZONE, OfficeHours, after_office_hours
from law.clock.model import Due, Extension, Pause
from law.clock.recompute import Recomputed, recompute
from law.clock.silence import Silence, meaning_of_silence
from law.clock.stages import StageDue, stage_dues
from law.clock.steps import StepDue, step_dues

__all__ = [
    "OFFICE_HOURS",
    "ZONE",
    "Due",
    "Extension",
    "OfficeHours",
    "Pause",
    "Recomputed",
    "Silence",
    "StageDue",
    "StepDue",
    "after_office_hours",
    "due_date",
    "latest_filing",
    "meaning_of_silence",
    "recompute",
    "stage_dues",
    "step_dues",
    "term_start",
]

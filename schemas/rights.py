"""What a person had done with their data, as the `dossier` stream tells it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.event import DossierEvent, Instant, Text
from schemas.parts import Applicant, PostalAddress
from schemas.work import Act

STREAM = "dossier"


class PersonCorrected(DossierEvent):
    """Data of the applicant were put right: `applicant` is how they are called and reached from now on.

    `fields`: which, as `phone` or `form.full_name`. `note`: the dossier had ended, so what it was decided on stays as
    it was, and this is attached to it. `reason` holds no personal data.
    """

    STREAM = STREAM
    TYPE = "dossier.person_corrected"
    fields: Annotated[tuple[Text, ...], Field(min_length=1, max_length=64)]
    applicant: Applicant
    address: PostalAddress | None = None
    note: bool = False
    reason: Text
    corrected_at: Instant
    by: Act


class ProcessingRestricted(DossierEvent):
    """From now on nothing is done with the applicant's data but what the law asks for. `reason`: no personal data."""

    STREAM = STREAM
    TYPE = "dossier.processing_restricted"
    reason: Text
    restricted_at: Instant
    by: Act


class RestrictionLifted(DossierEvent):
    """The end of that."""

    STREAM = STREAM
    TYPE = "dossier.restriction_lifted"
    reason: Text
    lifted_at: Instant
    by: Act


EVENTS = (PersonCorrected, ProcessingRestricted, RestrictionLifted)

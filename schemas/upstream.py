"""What upstream portals send and what they get back.

An upstream record's value is a JWE (to submission's public key) around a JWS (by the portal) around the JSON of one
of these models; see `chassis.jose`. Such portals send no sequence: a repeat is recognised by (source, event id).
Unlike our own events these are strict: a field we do not know is named in the reply rather than ignored.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.event import DossierId, Event, Instant, Record, Text
from schemas.parts import Basis, Way

FILED = "upstream.dossier_filed.v1"
STREAM = "replies"
MAX_FORM_FIELDS = 200

Line = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]
Answer = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
"""Of a form; each field of it has a limit of its own, at most this one."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FiledApplicant(_Strict):
    """Who files, in clear: it is sealed as soon as it is accepted."""

    kind: Literal["individual", "household", "enterprise", "organisation"]
    name: Line
    phone: Line
    email: Line | None = None
    identity_number: Annotated[str, StringConstraints(pattern=r"^\d{9,14}$")] | None = None


class FiledAgent(_Strict):
    """Who files for the applicant, by what right, and the document that says so: its number, date and who issued it."""

    basis: Basis
    name: Line
    phone: Line | None = None
    identity_number: Annotated[str, StringConstraints(pattern=r"^\d{9,12}$")] | None = None
    paper: Line


class FiledAddress(_Strict):
    """Where to send the result: official codes of province and commune, and the line below them."""

    province: Annotated[str, StringConstraints(pattern=r"^\d{2}$")]
    commune: Annotated[str, StringConstraints(pattern=r"^\d{5}$")]
    detail: Line


class Filing(_Strict):
    """One dossier as an applicant files it, through an upstream portal or over HTTP."""

    procedure: Annotated[str, StringConstraints(pattern=r"^\d\.\d{6}$")]
    applicant: FiledApplicant
    agent: FiledAgent | None = None
    form: Annotated[dict[str, Answer | int], Field(max_length=MAX_FORM_FIELDS)]
    way: Way
    address: FiledAddress | None = None


class UpstreamFiling(Filing):
    """A filing by an upstream portal. `account`: the applicant's `sub` at the identity provider both share.

    Without it nobody but the portal and officers may see the dossier here, and it is paid at the desk.
    """

    account: Line | None = None


class Problem(Record):
    """One wrong field: its path, what is wrong and what would be right."""

    field: Text
    problem: Text


class ReplyAccepted(Event):
    """The dossier was filed (or had been: the same event again gets the same answer)."""

    STREAM: ClassVar[str] = STREAM
    TYPE: ClassVar[str] = "reply.accepted"
    source: Text
    reference: Text
    event: Text
    dossier_id: DossierId
    filed_at: Instant


class ReplyRefused(Event):
    """The event was refused; nothing was filed. Every wrong field is named."""

    STREAM: ClassVar[str] = STREAM
    TYPE: ClassVar[str] = "reply.refused"
    source: Text
    reference: Text
    event: Text
    problems: tuple[Problem, ...]


EVENTS = (ReplyAccepted, ReplyRefused)

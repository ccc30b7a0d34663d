"""What upstream portals send and what they get back.

An upstream record's value is a JWE (to submission's public key) around a JWS (by the portal) around the JSON of one
of `SENT`; see `chassis.jose`. Such portals send no sequence: a repeat is recognised by (source, event id).
Unlike our own events these are strict: a field we do not know is named in the reply rather than ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from schemas.event import Dong, DossierId, Event, Instant, Record, Text
from schemas.parts import Basis, SupplementItem, Way

FILED: Final = "upstream.dossier_filed.v1"
SUPPLEMENTED: Final = "upstream.dossier_supplemented.v1"
WITHDRAWN: Final = "upstream.dossier_withdrawn.v1"
STREAM: Final = "replies"
MAX_FORM_FIELDS: Final = 200
MAX_SUPPLEMENT: Final = 50
MAX_FILES: Final = 10
MAX_URL: Final = 1000
MAX_SUPPLEMENT_BYTES: Final = 8 * 1024

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


class FileReference(_Strict):
    """A file to fetch: which document of the procedure it is, where it is, SHA-256 (hex) and bytes of its content."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    url: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=MAX_URL)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]
    name: Line = "tep"


References = Annotated[tuple[FileReference, ...], Field(max_length=MAX_FILES)]


class UpstreamFiling(Filing):
    """A filing by an upstream portal; `files` are fetched before it is filed.

    `account`: the applicant's `sub` at the identity provider both share. Without it
    nobody but the portal and officers may see the dossier here, and it is paid at the desk.
    """

    account: Line | None = None
    files: References = ()


def _short(form: dict[str, str | int]) -> dict[str, str | int]:
    if len(json.dumps(form, ensure_ascii=False).encode()) > MAX_SUPPLEMENT_BYTES:
        raise ValueError(f"the form of a supplement has at most {MAX_SUPPLEMENT_BYTES} bytes of JSON")
    return form


Changes = Annotated[
    dict[str, Answer | int], Field(max_length=MAX_SUPPLEMENT, default_factory=dict), AfterValidator(_short)
]


class UpstreamSupplement(_Strict):
    """The answer to the request for a supplement: fields of the form put right, codes of documents brought, files."""

    form: Changes
    documents: Annotated[tuple[Line, ...], Field(max_length=MAX_SUPPLEMENT)] = ()
    files: References = ()


class UpstreamWithdrawal(_Strict):
    """The applicant takes the dossier back; why, if they say so."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)] | None = None


SENT: Final[Mapping[str, type[BaseModel]]] = {
    FILED: UpstreamFiling,
    SUPPLEMENTED: UpstreamSupplement,
    WITHDRAWN: UpstreamWithdrawal,
}
"""What a portal may send, by type."""

Asked = Literal["supplement", "withdrawal"]
"""What a portal asks of a dossier it filed."""
Step = Literal[
    "accepted", "fee_requested", "fee_settled", "rejected", "assigned", "supplement_requested", "supplemented",
    "extended", "retimed", "stage_answered", "stopped", "withdrawn", "decided", "result_issued", "completed",
]  # fmt: skip
"""What happened to a dossier, as its portal is told."""


class Problem(Record):
    """One thing wrong: the field it is about, and what is wrong or would be right.

    `code`: a stable word for machines; docs/integration.md lists them. `problem_vi`: the same in Vietnamese.
    """

    field: Text
    problem: Text
    code: Text = "invalid"
    problem_vi: Text | None = None


class ReplyAccepted(Event):
    """The dossier was filed (or had been: the same event again gets the same answer)."""

    STREAM: ClassVar[str] = STREAM
    TYPE: ClassVar[str] = "reply.accepted"
    source: Text
    reference: Text
    event: Text
    dossier_id: DossierId
    filed_at: Instant


class ReplyDone(Event):
    """The supplement or the withdrawal was carried out (or had been: the same event again gets the same answer)."""

    STREAM: ClassVar[str] = STREAM
    TYPE: ClassVar[str] = "reply.done"
    source: Text
    reference: Text
    event: Text
    dossier_id: DossierId
    asked: Asked
    done_at: Instant


class ReplyRefused(Event):
    """The event was refused; nothing was done. Every wrong field is named."""

    STREAM: ClassVar[str] = STREAM
    TYPE: ClassVar[str] = "reply.refused"
    source: Text
    reference: Text
    event: Text
    problems: tuple[Problem, ...]


class StatusChange(Record):
    """A step of a dossier. `number` counts them from 1, without holes; `status` is the national code, 1 to 10.

    `code`: the dossier code, once it has one. `total`: the fee in VND. `due_at`: when the result is due;
    `answer_by`: until when a supplement is waited for, of which `items` name every part. `answer`: what the applicant
    is told at the end of one stage of a term in several.
    """

    number: Annotated[int, Field(ge=1)]
    step: Step
    status: Annotated[int, Field(ge=1, le=10)]
    happened_at: Instant
    code: Text | None = None
    due_at: Instant | None = None
    total: Dong | None = None
    items: tuple[SupplementItem, ...] = ()
    answer_by: Instant | None = None
    answer: Text | None = None
    outcome: Literal["approved", "refused"] | None = None
    result_number: Text | None = None
    reason: Text | None = None
    ground: Text | None = None


class ReplyStatus(StatusChange, Event):
    """A step of a dossier this portal filed. Told after its acceptance and in the order of `number`."""

    STREAM: ClassVar[str] = STREAM
    TYPE: ClassVar[str] = "reply.status"
    source: Text
    reference: Text
    dossier_id: DossierId


Reply = ReplyAccepted | ReplyDone | ReplyRefused | ReplyStatus
EVENTS: Final = (ReplyAccepted, ReplyDone, ReplyRefused, ReplyStatus)

"""Commands, outcomes and effects of submission. Those of officers say who acts and on which revision."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chassis.decision import Command
from schemas.event import DossierId, Instant, Text
from schemas.parts import (
    Agent,
    Applicant,
    Assistance,
    AttachedFile,
    Bilingual,
    LegalForm,
    PostalAddress,
    Route,
    SupplementItem,
    Way,
)
from schemas.personal import Comment, Form
from schemas.work import By


class FileDossier(Command):
    """A filing that was checked; `filed_at` is the instant it came in. `source`, `reference`: of an upstream portal."""

    dossier_id: DossierId
    owner: Text
    route: Route
    source: Text | None = None
    reference: Text | None = None
    procedure: Text
    version: Text
    procedure_name: Bilingual
    applicant: Applicant
    agent: Agent | None = None
    assistance: Assistance | None = None
    form: Form
    answers: dict[str, str | int] = Field(default_factory=dict)
    way: Way
    address: PostalAddress | None = None
    filed_at: Instant
    tokens: tuple[Text, ...] = ()
    files: tuple[AttachedFile, ...] = ()
    legal_form: LegalForm | None = None


class Official(Command):
    """An officer's command. `revision`: the one they saw (If-Match); None: whichever it is (``If-Match: *``)."""

    by: By
    revision: int | None = None


class AcceptDossier(Official):
    """The one-stop desk receives it (tiếp nhận)."""


class RejectDossier(Official):
    """The one-stop desk does not receive it, with the reason (form 03)."""

    reason: Text


class RequestSupplement(Official):
    """Asks the applicant, once, for everything that is missing (form 02)."""

    items: Annotated[tuple[SupplementItem, ...], Field(min_length=1, max_length=30)]


class CheckOriginal(Official):
    """The one-stop desk held the paper against a file of the dossier."""

    file: DossierId


class AssignDossier(Official):
    """The leader gives it to a unit, or to one officer of it; again: to another."""

    unit: Text
    officer: Text | None = None


class TakeDossier(Official):
    """An officer of the unit takes it."""


class ReleaseDossier(Official):
    """Its holder puts it back, with the reason."""

    reason: Text


class HandOver(Official):
    """Its holder gives it to a colleague."""

    to: Text
    reason: Text


class PassStep(Official):
    """The present step of the examination is done; the next begins."""

    note: Text | None = None


class AnswerStage(Official):
    """A term in several stages: the present one is answered, with what the applicant is told."""

    answer: Text


class ExamineDossier(Official):
    """The last step of the examination: the specialist proposes an outcome."""

    proposal: Literal["approve", "refuse"]
    note: Text | None = None


class ExtendTerm(Official):
    """The leader extends the term, once, before the breach, with a reason and an apology (form 04)."""

    days: Annotated[int, Field(ge=1, le=60)]
    reason: Text


class StopDossier(Official):
    """The leader stops it without a decision (form 05)."""

    reason: Text
    ground: Text


class DecideDossier(Official):
    """The leader decides; a refusal says why and names its legal ground."""

    outcome: Literal["approved", "refused"]
    reason: Text | None = None
    ground: Text | None = None


class IssueResult(Official):
    """The registrar numbers and dates the result."""


class AnswerComplaint(Official):
    """The leader answers a complaint."""

    answer: Comment
    upheld: bool


class RecountDates(Command):
    """The calendar was changed: whatever is due is counted again."""


class ForgetPerson(Command):
    """The dossier's key was erased: what needs no key to tell about a person goes too."""


class CorrectPerson(Command):
    """Data of the applicant are put right, as they asked. `revision`: the one that was read for it.

    `fields`: which; `applicant`, `address`, `form` as they are from now on, None where they stay; `tokens`: of the
    applicant. `reason` holds no personal data.
    """

    by: By
    reason: Text
    revision: int
    fields: Annotated[tuple[Text, ...], Field(min_length=1, max_length=64)]
    applicant: Applicant
    tokens: tuple[Text, ...]
    address: PostalAddress | None = None
    form: Form | None = None
    answers: dict[str, str | int] = Field(default_factory=dict)


class RestrictProcessing(Command):
    """Nothing is to be done with the person's data but what the law asks for."""

    by: By
    reason: Text


class LiftRestriction(Command):
    """The end of that."""

    by: By
    reason: Text


class Own(Command):
    """An applicant's command about their own dossier; `owner` is the caller's account."""

    owner: Text


class SupplementDossier(Own):
    """The applicant's answer: the form with `fields` put right, and the documents brought."""

    form: Form
    answers: dict[str, str | int] = Field(default_factory=dict)
    fields: tuple[Text, ...] = ()
    documents: tuple[Text, ...] = ()
    files: tuple[AttachedFile, ...] = ()


class WithdrawDossier(Own):
    """The applicant takes it back."""

    reason: Text | None = None


class RateDossier(Own):
    """The applicant's opinion, once."""

    score: Annotated[int, Field(ge=1, le=5)]
    comment: Comment | None = None


class Complain(Own):
    """The applicant complains, once."""

    text: Comment

"""Commands, outcomes and effects of submission."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from chassis.decision import Command, Effect, Outcome, Policy
from schemas.dossier import Applicant, Bilingual, PostalAddress, Route, Way
from schemas.event import DossierId, Instant, Text
from schemas.personal import Form
from schemas.upstream import Problem


class FileDossier(Command):
    """A filing that was checked; `filed_at` is the instant it came in."""

    dossier_id: DossierId
    owner: Text
    route: Route
    source: Text | None = None
    procedure: Text
    version: Text
    procedure_name: Bilingual
    applicant: Applicant
    form: Form
    answers: dict[str, str | int] = Field(default_factory=dict)
    way: Way
    address: PostalAddress | None = None
    filed_at: Instant


class AcceptDossier(Command):
    """The one-stop desk receives it (tiếp nhận)."""

    officer: Text


class RejectDossier(Command):
    """The one-stop desk does not receive it, with the reason (form 03)."""

    officer: Text
    reason: Text


class ExamineDossier(Command):
    """A specialist examined it and proposes an outcome."""

    officer: Text
    proposal: Literal["approve", "refuse"]


class DecideDossier(Command):
    """The leader decides; a refusal says why."""

    officer: Text
    outcome: Literal["approved", "refused"]
    reason: Text | None = None


class IssueResult(Command):
    """The registrar numbers and dates the result."""

    officer: Text


class UpstreamFiled(Command):
    """A portal's event that can be filed."""

    source: Text
    reference: Text
    event: Text
    filing: FileDossier


class UpstreamInvalid(Command):
    """A portal's event with wrong fields."""

    source: Text
    reference: Text
    event: Text
    problems: tuple[Problem, ...]


class FileUpstream(Effect):
    """Files the dossier of an exchange; the dossier's id makes it repeatable."""

    TYPE: ClassVar[str] = "upstream.file"
    POLICY: ClassVar[Policy] = "repeat"
    filing: FileDossier
    event: Text


class FiledUpstream(Outcome):
    """The dossier exists."""

    event: Text
    dossier_id: DossierId
    filed_at: Instant

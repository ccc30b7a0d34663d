"""Officers act. Each command names the revision it was decided on (If-Match) and says who acted for whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from chassis.service import Platform
from schemas.event import DossierId, Text
from schemas.parts import SupplementItem
from schemas.personal import Personal
from services.submission import messages as do
from services.submission.api.common import Asker, Body, Clerk, Doors, Leader, Registrar, Specialist


class Reason(Body):
    """Why."""

    reason: Text


class Supplement(Body):
    """Everything that is missing."""

    items: Annotated[tuple[SupplementItem, ...], Field(min_length=1, max_length=30)]


class Assignment(Body):
    """To whom."""

    unit: Text
    officer: Text | None = None


class Handing(Body):
    """To whom and why."""

    to: Text
    reason: Text


class Note(Body):
    """What was found."""

    note: Text | None = None


class StageAnswer(Body):
    """What the applicant is told."""

    answer: Text


class Examination(Body):
    """What the specialist proposes."""

    proposal: Literal["approve", "refuse"]
    note: Text | None = None


class Extension(Body):
    """By how many days of the term's unit, and why."""

    days: Annotated[int, Field(ge=1, le=60)]
    reason: Text


class Stop(Body):
    """Why, and by which rule."""

    reason: Text
    ground: Text


class Decided(Body):
    """What the leader decides; a refusal says why and names its legal ground."""

    outcome: Literal["approved", "refused"]
    reason: Text | None = None
    ground: Text | None = None


class ComplaintAnswer(Body):
    """What the complainant is answered."""

    answer: Text
    upheld: bool


Act = Callable[..., Awaitable[dict[str, Any]]]


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of officers."""
    act = Doors(platform).act
    _desk(routes, act)
    _examining(routes, act)
    _leading(routes, act)


def _desk(routes: APIRouter, act: Act) -> None:
    @routes.post("/dossiers/{dossier}/accept")
    async def accept(dossier: DossierId, turn: Clerk) -> dict[str, Any]:
        """Receives it: it gets its code, its due date and its fee."""
        return await act(turn, dossier, do.AcceptDossier)

    @routes.post("/dossiers/{dossier}/reject")
    async def reject(dossier: DossierId, body: Reason, turn: Clerk) -> dict[str, Any]:
        """Does not receive it."""
        return await act(turn, dossier, do.RejectDossier, **dict(body))

    @routes.post("/dossiers/{dossier}/supplement")
    async def supplement(dossier: DossierId, body: Supplement, turn: Asker) -> dict[str, Any]:
        """Asks for a supplement, once: the desk before reception, the holder during the examination."""
        return await act(turn, dossier, do.RequestSupplement, **dict(body))

    @routes.post("/dossiers/{dossier}/issue")
    async def issue(dossier: DossierId, turn: Registrar) -> dict[str, Any]:
        """Numbers and dates the result."""
        return await act(turn, dossier, do.IssueResult)


def _examining(routes: APIRouter, act: Act) -> None:
    @routes.post("/dossiers/{dossier}/take")
    async def take(dossier: DossierId, turn: Specialist) -> dict[str, Any]:
        """Takes it out of the unit's inbox; of two who try, one is told who was first."""
        return await act(turn, dossier, do.TakeDossier)

    @routes.post("/dossiers/{dossier}/release")
    async def release(dossier: DossierId, body: Reason, turn: Specialist) -> dict[str, Any]:
        """Puts it back into the unit's inbox."""
        return await act(turn, dossier, do.ReleaseDossier, **dict(body))

    @routes.post("/dossiers/{dossier}/hand-over")
    async def hand_over(dossier: DossierId, body: Handing, turn: Specialist) -> dict[str, Any]:
        """Gives it to a colleague."""
        return await act(turn, dossier, do.HandOver, **dict(body))

    @routes.post("/dossiers/{dossier}/steps")
    async def step(dossier: DossierId, body: Note, turn: Specialist) -> dict[str, Any]:
        """The present step of the examination is done."""
        return await act(turn, dossier, do.PassStep, **dict(body))

    @routes.post("/dossiers/{dossier}/stages")
    async def stage(dossier: DossierId, body: StageAnswer, turn: Specialist) -> dict[str, Any]:
        """The present stage of a term in several is answered; the next begins."""
        return await act(turn, dossier, do.AnswerStage, **dict(body))

    @routes.post("/dossiers/{dossier}/examine")
    async def examine(dossier: DossierId, body: Examination, turn: Specialist) -> dict[str, Any]:
        """Proposes an outcome to the leader; steps not yet done are done with it."""
        return await act(turn, dossier, do.ExamineDossier, **dict(body))


def _leading(routes: APIRouter, act: Act) -> None:
    @routes.post("/dossiers/{dossier}/assign")
    async def assign(dossier: DossierId, body: Assignment, turn: Leader) -> dict[str, Any]:
        """Gives it to a unit, or to one officer of it."""
        return await act(turn, dossier, do.AssignDossier, **dict(body))

    @routes.post("/dossiers/{dossier}/decide")
    async def decide(dossier: DossierId, body: Decided, turn: Leader) -> dict[str, Any]:
        """Records the decision."""
        return await act(turn, dossier, do.DecideDossier, **dict(body))

    @routes.post("/dossiers/{dossier}/extend")
    async def extend(dossier: DossierId, body: Extension, turn: Leader) -> dict[str, Any]:
        """Extends the term once, before its breach, with an apology."""
        return await act(turn, dossier, do.ExtendTerm, **dict(body))

    @routes.post("/dossiers/{dossier}/stop")
    async def stop(dossier: DossierId, body: Stop, turn: Leader) -> dict[str, Any]:
        """Ends it without a decision."""
        return await act(turn, dossier, do.StopDossier, **dict(body))

    @routes.post("/dossiers/{dossier}/complaint/answer")
    async def answer(dossier: DossierId, body: ComplaintAnswer, turn: Leader) -> dict[str, Any]:
        """Answers the complaint."""
        return await act(turn, dossier, do.AnswerComplaint, answer=Personal.of(body.answer), upheld=body.upheld)

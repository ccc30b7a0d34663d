"""The supplement: asked for once, in writing, for everything at once; answered for everything at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from chassis.decision import Decision, Impossible, Refused
from law import clock
from law.procedures import Procedure
from law.terms import Term
from schemas.dossier import DossierSupplemented, SupplementRequested
from schemas.parts import Bilingual, SupplementItem
from schemas.work import By
from services.submission.domain import papers, timing
from services.submission.domain.dossier import Ask, Dossier, Rules
from services.submission.domain.graph import enter
from services.submission.domain.holding import mine
from services.submission.messages import RequestSupplement, SupplementDossier


def askable(dossier: Dossier, by: By, now: datetime) -> None:
    """Raises Refused `not_holder`, `forbidden`, `already_asked`, `too_late` (the procedure limits when)."""
    if dossier.stage == "examining":
        mine(dossier, by)
    elif by.role != "clerk":
        raise Refused("forbidden", "before reception the one-stop desk asks")
    if dossier.supplement is not None:
        raise Refused("already_asked", "a supplement is asked for once, for everything that is missing")
    _in_time(dossier, timing.procedure_of(dossier), now)


def request(dossier: Dossier | None, command: RequestSupplement, now: datetime, rules: Rules) -> Decision[Dossier]:
    """Pauses the term: at the desk a clerk asks, in the examination its holder.

    Raises:
        Refused: as `askable`, and `invalid` (names the item at fault).
    """
    dossier = enter(dossier, command)
    askable(dossier, command.by, now)
    items = _checked(dossier, timing.procedure_of(dossier), command.items)
    answer_by = _last_instant(rules.supplement, now)
    ask = Ask(items=items, requested_at=now, answer_by=answer_by, back=dossier.stage)
    by = timing.act(dossier, command.by)
    asked = dossier.to("supplementing", now, supplement=ask, answer_by=None, alert=None)
    event = SupplementRequested(dossier_id=dossier.id, items=items, answer_by=answer_by, requested_at=now, by=by)
    return Decision(timing.retimed(asked, rules), (event,), answer=asked.answer)


def _last_instant(term: Term, now: datetime) -> datetime:
    due = clock.due_date(term, now).due
    if due is None:
        raise Impossible("a term without pauses has no due date")
    return due


def _in_time(dossier: Dossier, procedure: Procedure, now: datetime) -> None:
    within = procedure.supplement_within
    if within is None or not within.mark.sure:
        return
    until = clock.due_date(within.value, dossier.filed_at, timing.pauses(dossier)).due
    if until is not None and now > until:
        raise Refused("too_late", f"a supplement could be asked for until {until.isoformat()}")


def _checked(dossier: Dossier, procedure: Procedure, items: tuple[SupplementItem, ...]) -> tuple[SupplementItem, ...]:
    """The items with what they are called."""
    fields = {field.name: Bilingual(vi=field.label_vi, en=field.label_en) for field in procedure.form.fields}
    documents = {doc.code: Bilingual(vi=doc.name_vi, en=doc.name_en) for doc in procedure.documents}
    if len({(item.kind, item.name) for item in items}) < len(items):
        raise Refused("invalid", "each field and document once", field="items")
    found = []
    for n, item in enumerate(items):
        there = fields if item.kind == "field" else documents
        if item.name not in there:
            text = f"no such {item.kind}; there are {', '.join(sorted(there))}"
            raise Refused("invalid", text, field=f"items.{n}.name")
        counted = dossier.code is not None or dossier.fee_at is not None
        if counted and item.kind == "field" and item.name in procedure.counted_by:
            text = "fee and term were counted by it before: it cannot be changed any more"
            raise Refused("invalid", text, field=f"items.{n}.name")
        found.append(item.model_copy(update={"label": there[item.name]}))
    return tuple(found)


def unfit(dossier: Dossier, fields: Iterable[str], documents: Iterable[str]) -> list[tuple[str, bool, str]]:
    """What was not asked for, or was and is missing: its path, whether it was given, and a sentence."""
    given = {("field", name) for name in fields} | {("document", name) for name in documents}
    wanted = {(item.kind, item.name) for item in dossier.supplement.items} if dossier.supplement else set()
    found = []
    for kind, name in sorted(given ^ wanted):
        extra = (kind, name) in given
        problem = "was not asked for" if extra else "was asked for and is missing"
        found.append((f"form.{name}" if kind == "field" else f"documents.{name}", extra, f"{name} {problem}"))
    return found


def answer(dossier: Dossier | None, command: SupplementDossier, now: datetime, rules: Rules) -> Decision[Dossier]:
    """The applicant put right what was asked for, all of it and nothing else: the term goes on, or anew.

    Raises:
        Refused: `invalid`, with the field or document that is missing or was not asked for.
    """
    dossier = enter(dossier, command)
    ask = dossier.supplement
    if ask is None:
        raise Impossible("an answer to a supplement that was never asked for")
    for path, _, problem in unfit(dossier, command.fields, command.documents):
        raise Refused("invalid", problem, field=path)
    answered = ask.model_copy(update={"answered_at": now})
    changes = {"supplement": answered, "form": command.form, "answers": command.answers, "held_since": None}
    changes["documents"] = papers.added(dossier, command.files)
    if ask.back == "filed":
        changes["answer_by"] = timing.first_answer_by(now, rules)
    elif dossier.holder is not None:
        changes["held_since"] = now
    back = dossier.to(ask.back, now, **changes)
    back = back if back.received_at is None else timing.retimed(back, rules)
    event = DossierSupplemented(
        dossier_id=dossier.id,
        fields=command.fields,
        documents=command.documents,
        due_at=back.due_at,
        supplemented_at=now,
        files=command.files,
    )
    return Decision(back, (event,), answer=back.answer)

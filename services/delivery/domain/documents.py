"""Result documents: made once, replaced, revoked, uploaded; cards and plaques registered. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from chassis.decision import Decision, Effect, Impossible, Refused
from schemas.delivery import DocumentFailed, DocumentRevoked, DocumentStored, PhysicalRegistered, ResultAvailable
from schemas.event import Event
from services.delivery.domain import way
from services.delivery.domain.delivery import (
    MAX_DOCUMENTS,
    MAX_PHYSICAL,
    Delivery,
    Issued,
    Physical,
    Rules,
    known,
    verification_code,
)
from services.delivery.duties import RenderDocument, SignDocument
from services.delivery.messages import (
    AddDocument,
    DocumentRefused,
    DocumentRendered,
    MakeAgain,
    RegisterPhysical,
    ReplaceDocument,
    RevokeDocument,
    Role,
)

BOTH: Final[tuple[Role, ...]] = ("leader", "agency")


def begin(delivery: Delivery, rules: Rules) -> Decision[Delivery]:
    """Makes the first document once both are known: what it says, and who gets it."""
    if delivery.status != "waiting" or delivery.result is None or delivery.applicant is None:
        return Decision(delivery)
    if rules.form(delivery.papers.procedure).scanned:
        return Decision(delivery.to("rendering", held="scan"))
    first = _new(delivery, _next(delivery))
    making = delivery.to("rendering", documents=(first,))
    return Decision(making, effects=(_make(making, first, rules),))


def _new(delivery: Delivery, document: str, **details: str | None) -> Issued:
    result = delivery.result
    if result is None:
        raise Refused("not_available", "no result was issued yet")
    described = {"title": result.title.vi, "number": result.number, "leader": delivery.leader} | details
    return Issued(document=document, code=verification_code(document), **described)


def _make(delivery: Delivery, issued: Issued, rules: Rules) -> Effect:
    """The effect that makes it: signed unless the procedure gives its results without; a scan is always sealed."""
    form = rules.form(delivery.papers.procedure)
    old = next((d for d in delivery.documents if d.document == issued.replaces), None)
    note = f"Văn bản này thay thế văn bản có mã xác thực {old.code}." if old else None
    if delivery.result is None or delivery.applicant is None:
        raise Impossible("a document without a result")
    if issued.scan is None and not form.signed:
        return RenderDocument(
            document=issued.document,
            holder=delivery.applicant.name,
            result=delivery.result,
            code=issued.code,
            template=form.template,
            note=note,
        )
    return SignDocument(
        document=issued.document,
        holder=None if issued.scan else delivery.applicant.name,
        result=None if issued.scan else delivery.result,
        scan=issued.scan,
        code=issued.code,
        template=form.template,
        note=note,
        leader=issued.leader,
        roles=("agency",) if issued.scan else BOTH,
    )


def rendered(delivery: Delivery | None, outcome: DocumentRendered, now: datetime, rules: Rules) -> Decision[Delivery]:
    """A document is there. The first: now its way. A later one takes the place of what it replaces."""
    if delivery is None or delivery.way is None or delivery.applicant is None:
        raise Impossible("a document nobody asked for")
    if not delivery.documents:
        # begun by the release before, which kept no list
        delivery = delivery.having(documents=(_new(delivery, outcome.document),))
    before = next((d for d in delivery.documents if d.document == outcome.document), None)
    if before is None or before.sha256 is not None:
        return Decision(delivery)
    made = before.model_copy(
        update={
            "sha256": outcome.sha256,
            "size": outcome.size,
            "signatures": outcome.signatures,
            "stored_at": now,
        }
    )
    delivery = delivery.with_document(made)
    events: list[Event] = [
        DocumentStored(
            dossier_id=delivery.dossier_id,
            document=made.document,
            sha256=outcome.sha256,
            size=outcome.size,
            stored_at=now,
            code=made.code,
            signatures=tuple(s.signer for s in made.signatures),
            replaces=made.replaces,
        )
    ]
    if made.replaces is not None:
        delivery, revoked = _revoke(delivery, made.replaces, made.reason or "", now, by=made.document)
        events.append(revoked)
    if delivery.document in {None, made.replaces}:
        delivery = delivery.having(document=made.document, sha256=made.sha256)
    if delivery.pickup is None:
        delivery = delivery.having(pickup=outcome.pickup)
    if delivery.status != "rendering" and delivery.trouble != "document":
        if made.replaces is None:
            events.append(
                ResultAvailable(dossier_id=delivery.dossier_id, way="online", available_at=now, document=made.document)
            )
        return Decision(delivery, tuple(events))
    return way.dispatch(delivery, now, rules, tuple(events))


def refused(delivery: Delivery | None, outcome: DocumentRefused, now: datetime) -> Decision[Delivery]:
    """It cannot be made: an officer must act. What is on its way already stays so."""
    if delivery is None:
        raise Impossible("a refusal of a document nobody asked for")
    if any(d.sha256 is not None for d in delivery.documents):
        left = tuple(d for d in delivery.documents if d.sha256 is not None or d.document != outcome.document)
        said = DocumentFailed(dossier_id=delivery.dossier_id, reason=outcome.reason, failed_at=now)
        return Decision(delivery.having(documents=left), (said,))
    return way.failed(delivery, "document", outcome.reason, now)


def again(delivery: Delivery | None, _command: MakeAgain, _now: datetime, rules: Rules) -> Decision[Delivery]:
    """Under the same name, so that there is still one document if the first attempt was stored after all."""
    delivery = known(delivery)
    if delivery.trouble != "document" or not delivery.documents:
        raise Refused("not_available", "nothing failed to be made")
    making = delivery.to("rendering")
    first = delivery.documents[0]
    return Decision(making, effects=(_make(making, first, rules),), answer={"document": first.document})


def _revoke(
    delivery: Delivery, document: str, reason: str, now: datetime, *, by: str | None = None
) -> tuple[Delivery, DocumentRevoked]:
    old = delivery.issued(document)
    changed = old.model_copy(update={"revoked_at": now, "replaced_by": by, "reason": reason})
    said = DocumentRevoked(
        dossier_id=delivery.dossier_id,
        document=document,
        code=old.code,
        reason=reason or "thay thế",
        replaced_by=by,
        revoked_at=now,
    )
    return delivery.with_document(changed), said


def _next(delivery: Delivery) -> str:
    if len(delivery.documents) >= MAX_DOCUMENTS:
        raise Refused("too_many", f"a dossier has {MAX_DOCUMENTS} documents at most")
    first = f"{delivery.dossier_id}/result"
    return f"{first}-{len(delivery.documents) + 1}" if delivery.documents else first


def _replaceable(delivery: Delivery, document: str) -> Issued:
    old = delivery.issued(document)
    if not old.valid:
        raise Refused("not_valid", "this document is not made yet, or was replaced or revoked")
    if any(d.replaces == document and d.sha256 is None for d in delivery.documents):
        raise Refused("being_replaced", "another document is being made in its place")
    return old


def add(delivery: Delivery | None, command: AddDocument, _now: datetime, rules: Rules) -> Decision[Delivery]:
    """A scanned result: sealed by the agency, and downloaded like any other."""
    delivery = known(delivery)
    if command.replaces is not None:
        _replaceable(delivery, command.replaces)
    issued = _new(
        delivery,
        _next(delivery),
        title=command.title,
        scan=command.file,
        replaces=command.replaces,
        reason=command.reason,
    )
    return _begun(delivery.having(held=None) if delivery.held == "scan" else delivery, issued, rules)


def replace(delivery: Delivery | None, command: ReplaceDocument, _now: datetime, rules: Rules) -> Decision[Delivery]:
    """Made anew; the old one is valid until the new one is stored."""
    delivery = known(delivery)
    old = _replaceable(delivery, command.document)
    if old.scan is not None:
        raise Refused("not_replaceable", "a scan is replaced by another scan")
    issued = _new(delivery, _next(delivery), replaces=old.document, reason=command.reason, leader=old.leader)
    return _begun(delivery, issued, rules)


def _begun(delivery: Delivery, issued: Issued, rules: Rules) -> Decision[Delivery]:
    having = delivery.having(documents=(*delivery.documents, issued))
    answer = {"document": issued.document, "code": issued.code}
    return Decision(having, effects=(_make(having, issued, rules),), answer=answer)


def revoke(delivery: Delivery | None, command: RevokeDocument, now: datetime) -> Decision[Delivery]:
    """No longer valid from now on; its verification page says so and why."""
    delivery = known(delivery)
    _replaceable(delivery, command.document)
    delivery, said = _revoke(delivery, command.document, command.reason, now)
    return Decision(delivery, (said,), answer={"code": said.code})


def register(delivery: Delivery | None, command: RegisterPhysical, now: datetime, rules: Rules) -> Decision[Delivery]:
    """A card or a plaque lies at the desk; what waited for it goes on."""
    delivery = known(delivery)
    if delivery.result is None or delivery.result.outcome != "approved":
        raise Refused("not_available", "there is no approved result to give a card or a plaque for")
    if any(p.serial == command.serial for p in delivery.physical):
        return Decision(delivery, answer={"serial": command.serial})
    if len(delivery.physical) >= MAX_PHYSICAL:
        raise Refused("too_many", f"{MAX_PHYSICAL} at most")
    item = Physical(kind=command.kind, serial=command.serial, officer=command.officer, at=now)
    said = PhysicalRegistered(
        dossier_id=delivery.dossier_id, kind=command.kind, serial=command.serial, registered_at=now
    )
    delivery = delivery.having(physical=(*delivery.physical, item))
    answer = {"serial": command.serial}
    if delivery.held != "physical":
        return Decision(delivery, (said,), answer=answer)
    decided = way.dispatch(delivery.having(held=None), now, rules, (said,))
    return Decision(decided.state, decided.events, decided.effects, decided.due, answer)

"""The table of contents: the aggregates of submission and what each reacts to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chassis import jose
from chassis.document import AggregateType
from chassis.jose import Keys
from chassis.series import SERIES, ConfirmNumber, TakeNumber
from schemas.topics import STREAMS, reply_topic
from services.submission.domain import drafts, exchange, life, officer, privacy, requests
from services.submission.domain.correspondence import Exchange
from services.submission.domain.dossier import Dossier, Rules
from services.submission.domain.exchange import NOBODY
from services.submission.domain.timing import ROLES, order
from services.submission.domain.webhooks import Callbacks
from services.submission.files.attachment import FileRules, files
from services.submission.portal_messages import CallPortal, CarryOut, FetchFile, FileUpstream, SyncNational, TellPortal
from services.submission.upstream import reply_encoder

FILE_RULES: Final = FileRules()
INDEXES: Final = (
    ("stage",),
    ("owner",),
    ("inbox", "order"),
    ("holder", "order"),
    ("alert", "order"),
    ("code",),
    ("tokens",),
)


def view(state: Dossier) -> dict[str, Any]:
    """What lists filter by. `inbox`: whose turn it is (a specialist's is their unit's); `order`: due first."""
    role = "leader" if state.grievance else ROLES.get(state.stage)
    alert = "overdue" if state.grievance and state.grievance.overdue else state.alert
    return {
        "stage": state.stage,
        "owner": state.owner,
        "procedure": state.procedure,
        "inbox": f"{role}:{state.unit}" if role == "specialist" else role,
        "holder": state.holder,
        "code": state.code,
        "tokens": list(state.tokens),
        "alert": alert if role else None,
        "order": order(state),
    }


def aggregates(
    rules: Rules,
    own: Keys,
    portals: Mapping[str, Keys],
    keeping: FileRules = FILE_RULES,
    callbacks: Callbacks = NOBODY,
) -> tuple[AggregateType[Any], ...]:
    """Dossiers, exchanges with portals, absences, people's drafts, number series, files, what persons asked."""
    dossiers = AggregateType(
        name="dossiers",
        state=Dossier,
        handlers=life.handlers(rules),
        effects=(TakeNumber, ConfirmNumber, TellPortal, SyncNational),
        topic_of=lambda _event, _state: STREAMS["dossier"].name,
        says=(STREAMS["dossier"].name,),
        view=view,
        indexes=INDEXES,
        forgets=privacy.FORGOTTEN,
    )
    exchanges = AggregateType(
        name="exchanges",
        state=Exchange,
        handlers=exchange.handlers(callbacks),
        effects=(FileUpstream, FetchFile, CarryOut, CallPortal),
        topic_of=lambda _event, state: reply_topic(state.source),
        says=tuple(reply_topic(source) for source in portals),
        encode=reply_encoder(own, portals),
        content_type=jose.CONTENT_TYPE,
    )
    officers = AggregateType(
        name="officers", state=officer.Officer, handlers=officer.HANDLERS, view=officer.view, indexes=(("to",),)
    )
    drawers = AggregateType(
        name="drafts",
        state=drafts.Drawer,
        handlers=drafts.handlers(rules.drafts),
        effects=(drafts.FileDraft,),
        topic_of=lambda _event, _state: STREAMS["draft"].name,
        says=(STREAMS["draft"].name,),
    )
    asked = AggregateType(
        name="requests",
        state=requests.Request,
        handlers=requests.HANDLERS,
        view=requests.view,
        indexes=(("open", "order"),),
    )
    return dossiers, exchanges, officers, drawers, SERIES, files(keeping), asked

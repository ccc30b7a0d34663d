"""The table of contents: the aggregates of submission and what each reacts to."""

from __future__ import annotations

from collections.abc import Mapping

from joserfc.jwk import ECKey

from chassis import jose
from chassis.document import AggregateType
from chassis.series import SERIES, ConfirmNumber, TakeNumber
from law.codes import CodeSeries
from schemas.topics import STREAMS, reply_topic
from services.submission.domain import dossier, exchange
from services.submission.messages import FileUpstream
from services.submission.upstream import reply_encoder


def aggregates(codes: CodeSeries, own: ECKey, portals: Mapping[str, ECKey]) -> tuple[AggregateType, ...]:  # type: ignore[type-arg]
    """Dossiers, exchanges with upstream portals, and number series."""
    dossiers = AggregateType(
        name="dossiers",
        state=dossier.Dossier,
        handlers=dossier.handlers(codes),
        effects=(TakeNumber, ConfirmNumber),
        topic_of=lambda _event, _state: STREAMS["dossier"].name,
        view=lambda state: {"stage": state.stage, "owner": state.owner, "procedure": state.procedure},
        indexes=(("stage",), ("owner",)),
    )
    exchanges = AggregateType(
        name="exchanges",
        state=exchange.Exchange,
        handlers=exchange.HANDLERS,
        effects=(FileUpstream,),
        topic_of=lambda _event, state: reply_topic(state.source),
        encode=reply_encoder(own, portals),
        content_type=jose.CONTENT_TYPE,
    )
    return dossiers, exchanges, SERIES

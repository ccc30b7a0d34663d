"""What an upstream portal is answered."""

from __future__ import annotations

import pytest

from chassis.decision import Impossible
from schemas.upstream import ReplyAccepted, ReplyRefused
from services.submission.domain import exchange
from services.submission.messages import FiledUpstream, UpstreamFiled
from tests.unit.services import lives
from tests.unit.services.lives import FILED, ID


def event(name: str, *, filed: bool = True) -> UpstreamFiled:
    at = FILED if filed else None
    return UpstreamFiled(source="dvc", reference="r1", event=name, filing=lives.filing(), filed_at=at)


def test_a_filed_event_is_answered_again_and_another_is_refused() -> None:
    first = exchange.filed(None, event("e1"), FILED)
    again = exchange.filed(first.state, event("e1"), FILED)
    other = exchange.filed(again.state, event("e2"), FILED)
    for decision in (first, again):
        (reply,) = decision.events
        assert isinstance(reply, ReplyAccepted)
        assert (reply.dossier_id, reply.event, reply.filed_at) == (ID, "e1", FILED)
        assert not decision.effects
    (refusal,) = other.events
    assert isinstance(refusal, ReplyRefused)
    assert refusal.problems[0].problem == "already filed by event e1"
    assert other.state is not None
    assert other.state.events == ("e1", "e2")


def test_no_answer_before_the_dossier_is_filed() -> None:
    with pytest.raises(Impossible):
        exchange.filed(None, event("e1", filed=False), FILED)


def test_an_exchange_of_the_release_before_still_hears_of_its_effect() -> None:
    waiting = exchange.Exchange(dossier_id=ID, source="dvc", reference="r1", events=("e1",), filed_by="e1")
    decision = exchange.answered(waiting, FiledUpstream(event="e1", dossier_id=ID, filed_at=FILED), FILED)
    assert [type(e) for e in decision.events] == [ReplyAccepted]

"""One person's drafts: bounded, warned of once, removed when their time is over, filed once. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.decision import DeadlineDue, Decision, Refused
from cli.demo.filings import plan
from schemas.draft import DraftExpiring
from schemas.parts import Bilingual
from schemas.personal import Personal
from services.submission.domain import drafts as do
from services.submission.domain.dossier import Keeping
from services.submission.domain.filing import checked
from services.submission.domain.unfinished import Unfinished

NOW: Final = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
KEEPING: Final = Keeping(most=3, bytes_each=100, bytes_together=200)
HANDLERS: Final = do.handlers(KEEPING)
NAMES: Final = tuple(f"00000000-0000-4000-8000-00000000000{n}" for n in range(5))


def save(name: str = NAMES[0], size: int = 10, revision: int | None = None) -> do.SaveDraft:
    return do.SaveDraft(
        drawer=do.drawer_id("citizen1"),
        draft=name,
        owner=Personal.of("citizen1"),
        procedure="1.008895",
        procedure_name=Bilingual(vi="Thư viện", en="Library"),
        content=Personal.of("{}"),
        size=size,
        phone=Personal.of("+84912345678"),
        revision=revision,
    )


def after(*messages: Any, at: datetime = NOW, drawer: do.Drawer | None = None) -> Decision[do.Drawer]:
    decision: Decision[do.Drawer] = Decision(drawer)
    for message in messages:
        decision = HANDLERS[type(message)](decision.state, message, at)
    return decision


def drawer(decision: Decision[do.Drawer]) -> do.Drawer:
    assert decision.state is not None
    return decision.state


def begin(name: str = NAMES[0], revision: int = 1) -> do.BeginFiling:
    return do.BeginFiling(draft=name, revision=revision, dossier_id=do.dossier_of("citizen1", name))


def test_every_answer_says_that_nothing_was_submitted_and_until_when_it_is_kept() -> None:
    saved = after(save())
    assert saved.answer["submitted"] is False
    assert saved.answer["expires_at"] == (NOW + KEEPING.life).isoformat()
    assert saved.due == NOW + KEEPING.life - KEEPING.warning


@pytest.mark.parametrize(
    ("held", "new", "code"),
    [
        ([save(name) for name in NAMES[:3]], save(NAMES[3]), "too_many_drafts"),
        ([], save(size=101), "too_large"),
        ([save(NAMES[0], 100), save(NAMES[1], 100)], save(NAMES[2], 1), "too_large"),
        ([save()], save(revision=2), "stale"),
        ([], save(revision=1), "stale"),
        ([save(), begin()], save(), "already_filed"),
        ([save(), begin()], do.RemoveDraft(draft=NAMES[0]), "already_filed"),
        ([save(), begin(), do.DraftFiled(draft=NAMES[0])], save(), "already_filed"),
        ([save()], begin(revision=2), "stale"),
        ([save()], begin(NAMES[1]), "not_found"),
        ([], do.RemoveDraft(draft=NAMES[0]), "not_found"),
    ],
)
def test_what_may_not_be_is_refused_by_name(held: list[Any], new: Any, code: str) -> None:
    before = after(*held)
    with pytest.raises(Refused) as refused:
        after(new, drawer=before.state)
    assert refused.value.code == code


def test_saving_again_keeps_it_longer_and_counts_once() -> None:
    full = after(*(save(name) for name in NAMES[:3]))
    later = NOW + timedelta(days=29)
    again = after(save(NAMES[0], revision=1), at=later, drawer=full.state)
    assert drawer(again).drafts[NAMES[0]].revision == 2
    assert drawer(again).drafts[NAMES[0]].expires_at == later + KEEPING.life


def test_its_owner_is_told_once_and_then_it_is_removed() -> None:
    saved = after(save())
    assert saved.due is not None
    warned = after(DeadlineDue(), at=saved.due, drawer=saved.state)  # type: ignore[arg-type]
    (event,) = warned.events
    assert isinstance(event, DraftExpiring)
    assert (event.draft_id, event.phone) == (NAMES[0], Personal.of("+84912345678"))
    assert warned.due == event.expires_at == NOW + KEEPING.life
    gone = after(DeadlineDue(), at=NOW + KEEPING.life, drawer=warned.state)
    assert (gone.events, drawer(gone).drafts, gone.due) == ((), {}, None)


def test_a_draft_that_is_being_filed_is_not_told_of_and_is_removed_when_the_dossier_exists() -> None:
    begun = after(save(), begin())
    (effect,) = begun.effects
    assert isinstance(effect, do.FileDraft)
    assert begun.due is None
    again = after(begin(), drawer=begun.state)
    assert (again.state, again.effects) == (begun.state, ())
    done = after(do.DraftFiled(draft=NAMES[0]), do.DraftFiled(draft=NAMES[0]), drawer=begun.state)
    assert drawer(done).drafts == {}


def test_what_could_not_be_filed_is_a_draft_again() -> None:
    begun = after(save(), begin())
    back = after(do.DraftNotFiled(draft=NAMES[0], reason="invalid"), drawer=begun.state)
    assert drawer(back).drafts[NAMES[0]].dossier is None
    assert after(save(), drawer=back.state).answer["revision"] == 3
    assert drawer(after(do.DraftNotFiled(draft=NAMES[1], reason="invalid"), drawer=back.state)) == drawer(back)


MESSAGES = st.one_of(
    st.builds(save, st.sampled_from(NAMES), st.integers(0, 120)),
    st.builds(begin, st.sampled_from(NAMES), st.integers(1, 3)),
    st.sampled_from(NAMES).map(lambda name: do.RemoveDraft(draft=name)),
    st.sampled_from(NAMES).map(lambda name: do.DraftFiled(draft=name)),
    st.sampled_from(NAMES).map(lambda name: do.DraftNotFiled(draft=name, reason="invalid")),
    st.just(DeadlineDue()),
)


@given(st.lists(st.tuples(MESSAGES, st.integers(0, 20)), max_size=30))
def test_whatever_comes_the_bounds_hold_and_nothing_that_is_due_is_forgotten(steps: list[tuple[Any, int]]) -> None:
    state: do.Drawer | None = None
    now = NOW
    for message, days in steps:
        now += timedelta(days=days)
        if state is None and not isinstance(message, do.SaveDraft | do.BeginFiling | do.RemoveDraft):
            continue
        try:
            decision = HANDLERS[type(message)](state, message, now)
        except Refused:
            continue
        state = decision.state
        if state is None:
            continue
        assert len(state.drafts) <= KEEPING.most
        assert sum(draft.size for draft in state.drafts.values()) <= KEEPING.bytes_together
        waiting = [draft for draft in state.drafts.values() if draft.dossier is None]
        assert (decision.due is None) == (not waiting)
        if isinstance(message, DeadlineDue):
            assert all(draft.expires_at > now for draft in waiting)
            assert decision.due is None or decision.due > now  # type: ignore[operator]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_whole_draft_is_the_filing_it_would_have_been(number: int) -> None:
    filing = plan(number, "t")[number - 1].filing
    held = Unfinished.model_validate(filing | {"form": {**filing["form"], "nothing": " "}})
    assert held.faults(NOW) == ()
    command = checked(held.filing(), NOW, dossier=NAMES[0], owner="citizen1", route="portal", token=lambda *_: "t")
    assert command.procedure == filing["procedure"]


def test_an_empty_draft_says_what_is_missing_in_both_languages() -> None:
    faults = {wrong.field: wrong for wrong in Unfinished(procedure="1.008895").faults(NOW)}
    assert {"applicant.kind", "applicant.name", "applicant.phone", "way", "form.library_name"} <= faults.keys()
    assert (faults["way"].problem, faults["way"].problem_vi) == ("is required", "bắt buộc nhập")

"""A person has data put right or restricted: what changes, what stays, and what goes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.decision import Refused
from cli.generate import GOLDENS
from schemas.event import Record
from schemas.parts import Applicant
from schemas.personal import Personal
from schemas.topics import CATALOGUES
from schemas.work import By
from services.delivery.domain import life as deliveries
from services.delivery.domain.delivery import Rules as Ways
from services.payment.domain import invoice
from services.submission import messages as do
from services.submission.api.rights import Changes, Correcting
from services.submission.domain import privacy, rights, timing
from services.submission.domain.dossier import Dossier
from services.submission.domain.graph import ENDS
from services.submission.domain.telling import STEPS

from .lives import HANDLERS, LEADER, OWNER, PAYING, Player, to_stage

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
KEEPER = By(officer="operator1", role="operator")
NEW = Applicant(kind="individual", name=Personal.of("Lò Thị Đúng"), phone=Personal.of("+84919999999"))
OPEN = ("filed", "awaiting_fee", "assigning", "examining", "deciding", "issuing", "numbering", "returning")


def command(dossier: Dossier, **changes: Any) -> do.CorrectPerson:
    given = {"fields": ("phone",), "applicant": NEW, "tokens": ("new phone",), "revision": dossier.revision}
    return do.CorrectPerson(by=KEEPER, reason="request 7", **(given | changes))


def others(dossier: Record, *changed: str) -> Mapping[str, Any]:
    """All but what may have changed."""
    return {name: value for name, value in dossier if name not in {"revision", "corrections", *changed}}


@pytest.mark.parametrize("stage", OPEN)
def test_an_open_dossier_is_put_right_and_nothing_else_of_it_changes(stage: str) -> None:
    player = to_stage(stage, PAYING)
    before, due, said = player.dossier, player.due, len(player.events)
    answer = player.tell(command(before)).answer
    after = player.dossier
    assert (after.applicant, after.tokens, answer["note"]) == (NEW, ("new phone",), False)
    assert others(after, "applicant", "tokens") == others(before, "applicant", "tokens")
    assert player.due == due, "terms go on"
    event: Any
    (event,) = player.events[said:]
    assert (event.applicant, event.fields, event.note, event.by.officer) == (NEW, ("phone",), False, "operator1")
    (correction,) = after.corrections
    assert (correction.applicant, correction.form, correction.fields) == (None, None, ("phone",))


@pytest.mark.parametrize("stage", sorted(ENDS))
def test_to_what_has_ended_it_is_attached_and_the_record_stays(stage: str) -> None:
    player = to_stage(stage)
    before = player.dossier
    assert player.tell(command(before)).answer["note"] is True
    after = player.dossier
    assert others(after, "tokens") == others(before, "tokens")
    assert after.tokens == (*before.tokens, "new phone"), "found by what it was, and by what it is"
    assert after.corrections[0].applicant == NEW
    assert player.said("person_corrected")[0].applicant == NEW, "how the person is reached from now on"
    assert rights.present(after) == (NEW, before.address, before.form)
    form = Personal.of("{}")
    player.tell(command(after, fields=("form.address",), form=form))
    assert rights.present(player.dossier) == (NEW, before.address, form)
    assert player.dossier.form == before.form


def test_the_form_is_put_right_where_nothing_was_counted_by_it() -> None:
    player = to_stage("examining")
    form = Personal.of('{"address": "Tổ 2"}')
    player.tell(command(player.dossier, fields=("form.address",), form=form, answers={"n": 1}))
    assert (player.dossier.form, player.dossier.answers) == (form, {"n": 1})


@pytest.mark.parametrize("stage", [*OPEN, *sorted(ENDS)])
def test_what_was_read_before_somebody_acted_is_refused(stage: str) -> None:
    player = to_stage(stage, PAYING)
    before = player.dossier
    with pytest.raises(Refused) as refused:
        player.tell(command(before, revision=before.revision - 1))
    assert (refused.value.code, player.dossier) == ("stale", before)


def test_what_cannot_be_put_right_is_refused_by_name() -> None:
    form = {"fields": ("form.address",), "form": Personal.of("{}")}
    waits = to_stage("supplementing")
    with pytest.raises(Refused, match="wait for their answer") as refused:
        waits.tell(command(waits.dossier, **form))
    assert refused.value.code == "supplementing"
    waits.tell(command(waits.dossier))
    for n in range(1, rights.MAX_CORRECTIONS):
        waits.tell(command(waits.dossier, tokens=(str(n),)))
    with pytest.raises(Refused) as refused:
        waits.tell(command(waits.dossier))
    assert refused.value.code == "too_many"
    gone = waits.dossier.model_copy(update={"owner": privacy.NOBODY, "corrections": ()})
    said: dict[str, Any] = {"by": KEEPER, "reason": "r"}
    for asked in (command(gone), do.RestrictProcessing(**said), do.LiftRestriction(**said)):
        for state, code in ((gone, "erased"), (None, "not_found")):
            with pytest.raises(Refused) as refused:
                HANDLERS[type(asked)](state, asked, waits.now)
            assert refused.value.code == code


def test_what_the_fee_was_counted_by_is_not_changed_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    player = to_stage("assigning", PAYING)
    procedure = timing.procedure_of(player.dossier)
    monkeypatch.setattr(type(procedure), "counted_by", property(lambda _self: frozenset({"language"})))
    with pytest.raises(Refused) as refused:
        player.tell(command(player.dossier, fields=("form.language",), form=Personal.of("{}")))
    assert (refused.value.code, refused.value.field) == ("counted", "form.language")
    player.tell(command(player.dossier, fields=("form.full_name",), form=Personal.of("{}")))


def restricted(stage: str) -> Player:
    player = to_stage(stage)
    player.tell(do.RestrictProcessing(by=KEEPER, reason="request 8"))
    return player


def test_a_restriction_is_said_once_and_changes_no_term() -> None:
    player = to_stage("examining")
    before, due = player.dossier, player.due
    for _ in range(2):
        player.tell(do.RestrictProcessing(by=KEEPER, reason="request 8"))
    assert player.dossier.restricted is not None
    assert (player.dossier.stage, player.due, player.dossier.due_at) == (before.stage, due, before.due_at)
    for _ in range(2):
        player.tell(do.LiftRestriction(by=KEEPER, reason="request 9"))
    assert others(player.dossier) == others(before)
    assert [len(player.said(name)) for name in ("processing_restricted", "restriction_lifted")] == [1, 1]


def test_what_the_law_asks_for_goes_on_while_it_is_restricted() -> None:
    player = restricted("deciding")
    player.tell(do.DecideDossier(by=LEADER, outcome="approved"))
    assert player.dossier.stage == "issuing"
    late = restricted("examining").until(datetime.fromisoformat("2027-03-01T00:00:00Z"))
    assert late.said("overdue"), "its term runs on"
    back = restricted("filed")
    back.tell(do.WithdrawDossier(owner=OWNER))
    kept = privacy.kept(back.dossier)
    assert kept is not None
    back.now = datetime(kept.until.year + 1, 1, 2, tzinfo=back.now.tzinfo) + timedelta(days=1)
    back.tell(do.ForgetPerson())
    assert (back.dossier.owner, back.dossier.tokens) == (privacy.NOBODY, ())


def test_portals_are_not_told() -> None:
    assert not {event.TYPE for event in STEPS} & {"dossier.person_corrected", "dossier.processing_restricted"}


@pytest.mark.parametrize(
    "body",
    [
        {"phone": "0912345678", "right": {"name": "Lò Thị Đúng"}},
        {"phone": "0912345678", "right": {"form": {"full_name": "Lò Thị Đúng"}}},
        {"phone": "0912345678", "right": {}},
        {"phone": "0912345678", "right": {"sex": "female"}},
        {"right": {"phone": "0912345678"}},
    ],
)
def test_who_somebody_is_is_put_right_in_one_dossier_only(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Correcting.model_validate({**body, "reason": "request 7"})


def test_what_is_put_right_has_names() -> None:
    right = Changes.model_validate({"email": "a@example.vn", "phone": "0912345678", "form": {"b": 1, "a": "x"}})
    assert right.fields == ("phone", "email", "form.a", "form.b")


def golden(name: str, **changes: Any) -> Any:
    path = GOLDENS / f"dossier.{name}.v1.json"
    return CATALOGUES["dossier"].decode(path.stem, path.read_bytes()).model_copy(update=changes)


def test_later_receipts_name_who_was_put_right_and_a_dossier_without_a_fee_stays_without() -> None:
    corrected = golden("person_corrected", applicant=NEW)
    known: Any = invoice.HANDLERS[type(golden("accepted"))](
        None, golden("accepted", payer=Personal.of("sai")), NOW
    ).state
    found: Any = invoice.HANDLERS[type(corrected)](known, corrected, NOW).state
    assert found.payer == NEW.name
    assert invoice.HANDLERS[type(corrected)](None, corrected, NOW).state is None


def test_a_result_goes_to_who_was_put_right_at_the_address_that_is_right() -> None:
    handlers, submitted = deliveries.handlers(Ways()), golden("submitted")
    known: Any = handlers[type(submitted)](None, submitted, NOW).state
    address = submitted.address.model_copy(update={"detail": Personal.of("Ngõ 8")})
    for given, expected in ((None, submitted.address), (address, address)):
        corrected = golden("person_corrected", applicant=NEW, address=given)
        found: Any = handlers[type(corrected)](known, corrected, NOW).state
        assert (found.applicant, found.address) == (NEW, expected)
        assert others(found, "applicant", "address") == others(known, "applicant", "address")

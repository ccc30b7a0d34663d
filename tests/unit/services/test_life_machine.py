"""No sequence of commands, and no shuffle of the payment and delivery streams, breaks what must hold of a dossier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.decision import Refused
from chassis.series import NumberTaken
from law import procedures
from law.clock import Extension, Pause
from schemas import dossier as events
from schemas.event import Event
from schemas.payment import InvoiceExpired, InvoiceOpened, PaymentReceived
from schemas.personal import Personal
from schemas.work import Act
from services.submission import messages as do
from services.submission.domain.graph import ENDS, STATUS, WORKED
from services.submission.handlers import view
from services.tracking.domain import timeline
from tests.unit.law.test_clock_oracle import naive
from tests.unit.services import lives
from tests.unit.services.lives import (
    CLERK,
    COLLEAGUE,
    FREE,
    ITEMS,
    LATE,
    LEADER,
    OWNER,
    PAYING,
    REGISTRAR,
    SPECIALIST,
    STAGED,
    UPFRONT,
)

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
LAST = START + timedelta(days=120)
BOTH = SPECIALIST.model_copy(update={"role": "leader"})
OFFICERS = st.sampled_from([CLERK, SPECIALIST, COLLEAGUE, LEADER, BOTH, REGISTRAR])
MINUTES = st.one_of(st.integers(0, 90), st.integers(0, 60 * 24 * 12))


class Life(RuleBasedStateMachine):
    """One dossier; `payments` and `deliveries` are said by others and not heard yet."""

    @initialize(kind=st.sampled_from([FREE, PAYING, STAGED, UPFRONT, LATE]), minutes=MINUTES)
    def file(self, kind: int, minutes: int) -> None:
        self.player = lives.Player(kind, now=START + timedelta(minutes=minutes))
        self.payments: list[PaymentReceived | InvoiceExpired] = []
        self.deliveries: list[Any] = []
        self.paid: PaymentReceived | None = None
        self.ended: str | None = None
        self.granted: list[Extension] = []
        self.player.tell(lives.filing(kind, self.player.now))

    def attempt(self, message: Any) -> None:
        """Carries it out or is refused; a refusal changes nothing."""
        before, said, revision = self.player.dossier, len(self.player.events), self.player.dossier.revision
        try:
            self.player.tell(message)
        except Refused:
            assert self.player.dossier is before
            return
        assert self.player.dossier.revision >= revision + (len(self.player.events) > said)
        for event in self.player.events[said:]:
            self.check(event)

    def check(self, event: Event) -> None:
        """What must hold at the moment an event is said."""
        match event:
            case events.DossierAccepted() if self.player.kind == UPFRONT:
                assert self.paid is not None, "received before the fee was paid"
            case events.DossierExamined() if self.player.dossier.total:
                assert self.paid is not None, "examined before the fee was paid"
            case events.ResultIssued() if self.player.dossier.total:
                assert self.paid is not None, "issued before the fee was paid"
                self.deliveries.append(lives.delivery(self.player.now))
            case events.DossierExtended():
                self.granted.append(Extension(amount=self.days, granted=event.extended_at))
                assert event.extended_at <= event.was_due < event.due_at
            case events.ResultIssued():
                self.deliveries.append(lives.delivery(self.player.now))
            case _:
                pass

    @rule(by=OFFICERS, what=st.sampled_from(["accept", "reject", "assign", "take", "release", "pass", "issue"]))
    def desk(self, by: Any, what: str) -> None:
        made: dict[str, Callable[[], Any]] = {
            "accept": lambda: do.AcceptDossier(by=by),
            "reject": lambda: do.RejectDossier(by=by, reason="r"),
            "assign": lambda: do.AssignDossier(by=by, unit="culture"),
            "take": lambda: do.TakeDossier(by=by),
            "release": lambda: do.ReleaseDossier(by=by, reason="r"),
            "pass": lambda: do.PassStep(by=by),
            "issue": lambda: do.IssueResult(by=by),
        }
        if what == "reject" and self.player.now.minute % 9 != 8:
            return  # most are received: an end is the end of the story
        self.attempt(made[what]())

    @rule(officer=st.sampled_from([SPECIALIST, COLLEAGUE, BOTH]))
    def go_on(self, officer: Any) -> None:
        """What comes next, by whoever should."""
        following: dict[str, Any] = {
            "filed": do.AcceptDossier(by=CLERK),
            "supplementing": lives.answer(ITEMS[self.player.kind], self.player.dossier),
            "assigning": do.AssignDossier(by=LEADER, unit="culture"),
            "examining": do.ExamineDossier(by=officer, proposal="approve"),
            "deciding": do.DecideDossier(by=LEADER, outcome="approved"),
            "issuing": do.IssueResult(by=REGISTRAR),
        }
        if self.player.dossier.stage == "examining" and self.player.dossier.holder is None:
            self.attempt(do.TakeDossier(by=officer))
        elif (message := following.get(self.player.dossier.stage)) is not None:
            self.attempt(message)

    @rule(by=OFFICERS)
    def ask(self, by: Any) -> None:
        self.attempt(do.RequestSupplement(by=by, items=ITEMS[self.player.kind]))

    @rule(everything=st.booleans())
    def answer(self, everything: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        items = ITEMS[self.player.kind] if everything else ()
        self.attempt(lives.answer(items, self.player.dossier))

    @rule(by=OFFICERS, proposal=st.sampled_from(["approve", "refuse"]))
    def examine(self, by: Any, proposal: Any) -> None:
        self.attempt(do.ExamineDossier(by=by, proposal=proposal))

    @rule(by=st.sampled_from([SPECIALIST, COLLEAGUE]))
    def answer_stage(self, by: Any) -> None:
        self.attempt(do.AnswerStage(by=by, answer="a"))

    @rule(by=OFFICERS, outcome=st.sampled_from(["approved", "refused"]))
    def decide(self, by: Any, outcome: Any) -> None:
        self.attempt(do.DecideDossier(by=by, outcome=outcome, reason="r", ground="g"))

    @rule(by=OFFICERS, days=st.integers(1, 9))
    def extend(self, by: Any, days: int) -> None:
        self.days = days
        self.attempt(do.ExtendTerm(by=by, days=days, reason="r"))

    @rule(what=st.sampled_from(["stop", "withdraw"]), unlikely=st.integers(0, 9))
    def end(self, what: str, unlikely: int) -> None:
        if unlikely == 9:
            stop = do.StopDossier(by=LEADER, reason="r", ground="g")
            self.attempt(stop if what == "stop" else do.WithdrawDossier(owner=OWNER))

    @rule(what=st.sampled_from(["rate", "complain", "answer"]))
    def feedback(self, what: str) -> None:
        text = Personal.of("t")
        made = {
            "rate": do.RateDossier(owner=OWNER, score=3),
            "complain": do.Complain(owner=OWNER, text=text),
            "answer": do.AnswerComplaint(by=LEADER, answer=text, upheld=True),
        }
        self.attempt(made[what])

    @precondition(lambda self: self.player.dossier.stage in {"receiving", "numbering"})
    @rule()
    def number(self) -> None:
        self.attempt(NumberTaken(series="s", number=1))

    @precondition(lambda self: self.player.dossier.total)
    @rule()
    def pay(self) -> None:
        """The applicant pays now, perhaps twice; submission hears of it later."""
        self.payments.append(lives.payment(self.player.now))

    @precondition(lambda self: self.player.dossier.total)
    @rule()
    def expire(self) -> None:
        """Payment gives up waiting now; a payment may still come after it."""
        self.payments.append(lives.expiry(self.player.now))

    @precondition(lambda self: self.payments)
    @rule()
    def hear_of_payment(self) -> None:
        event = self.payments.pop(0)
        if isinstance(event, PaymentReceived):
            self.paid = self.paid or event
        self.attempt(event)

    @precondition(lambda self: self.deliveries)
    @rule()
    def hear_of_delivery(self) -> None:
        self.attempt(self.deliveries[0])

    @rule(minutes=MINUTES)
    def wait(self, minutes: int) -> None:
        before = len(self.player.events)
        self.player.until(min(self.player.now + timedelta(minutes=minutes), LAST))
        for event in self.player.events[before:]:
            self.check(event)
        assert self.player.due is None or self.player.due > self.player.now

    @invariant()
    def an_end_stays(self) -> None:
        stage = self.player.dossier.stage
        assert self.ended in {None, stage}
        self.ended = stage if stage in ENDS else None

    @invariant()
    def four_eyes(self) -> None:
        examined = {e.by.officer for e in self.player.events if isinstance(e, events.DossierExamined) and e.by}
        decided = {e.by.officer for e in self.player.events if isinstance(e, events.DossierDecided) and e.by}
        assert examined.isdisjoint(decided)

    @invariant()
    def once(self) -> None:
        for kind in ("submitted", "accepted", "supplement_requested", "extended", "decided", "completed", "rated"):
            assert len(self.player.said(kind)) <= 1
        soon = [e.due_at for e in self.player.said("due_soon")]
        late = [(e.matter, e.due_at) for e in self.player.said("overdue")]
        assert len(soon) == len(set(soon))
        assert len(late) == len(set(late))

    @invariant()
    def due_is_what_the_naive_clock_says(self) -> None:
        dossier = self.player.dossier
        if dossier.stage not in WORKED:
            assert dossier.stage not in {"supplementing", "awaiting_fee"} or dossier.due_at is None
            return
        procedure = procedures.default().version(dossier.procedure, dossier.version)
        assert dossier.due_at is not None
        ends = self.naive_ends(procedure)
        assert dossier.due_at == ends[-1]
        assert dossier.target == ends[min(len(self.player.said("stage_answered")), len(ends) - 1)]

    def naive_ends(self, procedure: procedures.Procedure) -> list[datetime]:
        """The end of each stage of the term; a stage begins with the answer to the one before, or where that ends."""
        stages = procedure.stages.value if procedure.stages else ()
        terms = [stage.term for stage in stages] or [procedure.term]
        begins, since, ends = self.player.dossier.filed_at, START, list[datetime]()
        answers = [event.answered_at for event in self.player.said("stage_answered")]
        for n, term in enumerate(terms):
            until = answers[n] if n < len(answers) else LAST + timedelta(days=1)
            pauses = [p for p in self.pauses() if since <= p.requested < until and n <= len(answers)]
            granted = [g for g in self.granted if since <= g.granted < until and n <= len(answers)]
            _, day, _ = naive(term, begins, pauses, granted)
            ends.append(datetime(day.year, day.month, day.day, 10, tzinfo=UTC))
            begins = since = until if n < len(answers) else ends[-1] - timedelta(hours=17)
        return ends

    def pauses(self) -> list[Pause]:
        """From the history, not from the state."""
        found = []
        requested = [e.requested_at for e in self.player.events if isinstance(e, events.FeeRequested)]
        accepted = [e.received_at for e in self.player.events if isinstance(e, events.DossierAccepted) and e.total]
        if self.paid and (requested or accepted):
            found.append(Pause(kind="fee", requested=(requested or accepted)[0], answered=self.paid.paid_at))
        asked = [e for e in self.player.events if isinstance(e, events.SupplementRequested)]
        answered = [e for e in self.player.events if isinstance(e, events.DossierSupplemented)]
        if asked and answered:
            policy = procedures.default().find(self.player.dossier.procedure, START.date()).supplement_policy.value
            at = answered[0].supplemented_at
            found.append(Pause(kind="supplement", requested=asked[0].requested_at, answered=at, policy=policy))
        return found

    @invariant()
    def every_act_names_its_officer_and_begins_before_it_ends(self) -> None:
        for event in self.player.events:
            act = getattr(event, "by", None)
            assert act is None or (isinstance(act, Act) and act.officer and act.since and act.since <= self.player.now)

    @invariant()
    def tracking_sees_the_same_status(self) -> None:
        tracked = None
        heard = list(self.player.events)
        if self.player.dossier.total:
            opened = InvoiceOpened(
                dossier_id=lives.ID, invoice="i", lines=(), total=1, opened_at=START, expires_at=LAST
            )
            heard.append(opened)
        for event in [*heard, *([self.paid] if self.paid else [])]:
            tracked = timeline.HANDLERS[type(event)](tracked, event, self.player.now).state
        assert tracked is not None
        told = STATUS[self.player.dossier.stage]
        assert tracked.status == told
        if self.player.dossier.stage in WORKED:
            assert tracked.due_at == self.player.dossier.due_at

    @invariant()
    def lists_hold_it_where_somebody_can_act(self) -> None:
        shown, dossier = view(self.player.dossier), self.player.dossier
        if dossier.grievance:
            assert shown["inbox"] == "leader"
        else:
            assert (shown["inbox"] is None) == (dossier.stage not in {*WORKED, "filed"})
        assert shown["alert"] is None or shown["inbox"] is not None


Life.TestCase.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
TestLife = Life.TestCase

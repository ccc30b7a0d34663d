"""Leases under crashes, stops, lost answers and lost requests: what the partner executed against what was told."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis.decision import Command, Decision, Effect, FailureReason, Outcome, Policy
from chassis.delivery import Delivery, Dropped, EffectDeferred, EffectDone, IdempotencyKey, Result, Sweep
from chassis.document import AggregateType, Document, PendingEffect
from chassis.effects.leases import NeverSent
from chassis.fold import Folder
from schemas.event import Record

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ID = "00000000-0000-0000-0000-000000000001"
CALL, MARGIN, LEASE = 4, 1, 10
POLICIES: tuple[Policy, ...] = ("never", "ask", "repeat")
Fate = Literal["executed", "request lost", "refused"]


class Told(Outcome):
    n: int
    result: str


class Never(Effect):
    TYPE: ClassVar[str] = "never"
    POLICY: ClassVar[Policy] = "never"
    LEASE: ClassVar[timedelta] = timedelta(seconds=LEASE)
    MAX_ATTEMPTS: ClassVar[int] = 3
    n: int

    def unknown(self) -> Outcome:
        return Told(n=self.n, result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        return Told(n=self.n, result=reason)


class Ask(Never):
    TYPE: ClassVar[str] = "ask"
    POLICY: ClassVar[Policy] = "ask"


class Repeat(Never):
    TYPE: ClassVar[str] = "repeat"
    POLICY: ClassVar[Policy] = "repeat"


KINDS: dict[Policy, type[Never]] = {"never": Never, "ask": Ask, "repeat": Repeat}


class Do(Command):
    policy: Policy
    n: int


class Log(Record):
    told: tuple[Told, ...] = ()


def do(state: Log | None, command: Do, _now: datetime) -> Decision[Log]:
    return Decision(state or Log(), effects=(KINDS[command.policy](n=command.n),))


def told(state: Log, outcome: Told, _now: datetime) -> Decision[Log]:
    return Decision(Log(told=(*state.told, outcome)))


KIND = AggregateType(name="logs", state=Log, handlers={Do: do, Told: told}, effects=tuple(KINDS.values()))


class Process:
    """A replica from its start to its crash. `calls`: sent and not ended: whether it was executed, and until when.

    `marked`: what it handed to the partner, which is known once it is dead (`chassis.effects.handed`).
    """

    def __init__(self, name: str, never_sent: NeverSent) -> None:
        self.jobs: dict[str, PendingEffect] = {}
        self.memory: dict[str, Literal["queued", "sent"]] = {}
        self.calls: dict[str, tuple[bool, int]] = {}
        self.marked: set[str] = set()
        self.stopped = False
        self.folder = Folder(KIND, name, _nothing_is_parked, held=self.memory.get, never_sent=never_sent)


def _nothing_is_parked(_position: object) -> Told:
    raise AssertionError


class Machine(RuleBasedStateMachine):
    """`excused`: effects whose holder was stopped; only those, and those sent, may be unknown.

    `dead`: what each process that crashed had handed over; of some nothing is known (another machine).
    """

    def __init__(self) -> None:
        super().__init__()
        self.doc: Document[Log] = Document(ID)
        self.now = 0
        self.names = 0
        self.dead: dict[str, set[str]] = {}
        self.processes = [self.fresh(), self.fresh()]
        self.decided: dict[int, Policy] = {}
        self.executed: Counter[int] = Counter()
        self.sent: set[int] = set()
        self.excused: set[int] = set()

    def fresh(self) -> Process:
        self.names += 1
        return Process(f"p{self.names}", self.never_sent)

    def never_sent(self, pending: PendingEffect) -> bool:
        return pending.holder in self.dead and pending.id not in self.dead[pending.holder]

    def write(self, process: Process, delivery: Delivery, *, answered: bool = True) -> Result:
        """One write; when its answer is lost the same delivery is folded again."""
        doc = self.doc.copy()
        result = process.folder.fold(doc, delivery, START + timedelta(seconds=self.now))
        assert doc.faults == []
        newborn, self.doc = list(doc.newborn), doc.copy()
        if not answered:
            return self.write(process, delivery)
        for pending in newborn:
            process.jobs[pending.id] = pending
            process.memory[pending.id] = "queued"
        return result

    def give(self, process: Process, message: EffectDone | EffectDeferred, *, answered: bool = True) -> None:
        """As the runner does, with the late word for what was never sent. What is known is told, and told once."""
        effect = process.jobs[message.effect_id].effect
        assert isinstance(effect, Never)
        result = self.write(process, Delivery(ID, message), answered=answered)
        if isinstance(message, EffectDone):
            assert self.results(effect.n)[-1] == "done"
            assert isinstance(self.write(process, Delivery(ID, message)), Dropped)
        if isinstance(result, Dropped) and isinstance(message, EffectDeferred) and effect.POLICY == "never":
            self.write(process, Delivery(ID, EffectDone(message.effect_id, effect.failed("lapsed"), late=True)))
        del process.memory[message.effect_id]

    def too_late(self, pending: PendingEffect) -> bool:
        return START + timedelta(seconds=self.now + CALL + MARGIN) >= pending.until

    # -- what happens -------------------------------------------------------------------------------------------

    @rule(at=st.integers(0, 1), policy=st.sampled_from(POLICIES), answered=st.booleans(), crashes=st.booleans())
    def decide(self, at: int, policy: Policy, answered: bool, crashes: bool) -> None:  # noqa: FBT001
        if self.processes[at].stopped:
            return
        n = len(self.decided) + 1
        self.decided[n] = policy
        delivery = Delivery(ID, Do(policy=policy, n=n), key=IdempotencyKey(str(n), "d"))
        self.write(self.processes[at], delivery, answered=answered or crashes)
        if crashes:
            self.crash(at, known=True)

    @rule(at=st.integers(0, 1), known=st.booleans())
    def crash(self, at: int, known: bool) -> None:  # noqa: FBT001
        process = self.processes[at]
        name = process.folder._leases._replica
        held = [e for e in self.doc.effects if e.holder == name and isinstance(e.effect, Never)]
        if known:
            self.dead[name] = process.marked
            held = [e for e in held if e.id in process.marked]
        self.excused |= {e.effect.n for e in held if isinstance(e.effect, Never)}
        self.processes[at] = self.fresh()

    @rule(at=st.integers(0, 1))
    def stop_or_continue(self, at: int) -> None:
        """Once it goes on, an answer that lay in its socket may be read before it notices how late it is."""
        process = self.processes[at]
        process.stopped = not process.stopped
        self.excused |= {p.effect.n for p in process.jobs.values() if isinstance(p.effect, Never)}

    @rule(at=st.integers(0, 1), fate=st.sampled_from(["executed", "request lost", "refused"]), data=st.data())
    def send(self, at: int, fate: Fate, data: st.DataObject) -> None:
        process = self.processes[at]
        queued = sorted(i for i, status in process.memory.items() if status == "queued")
        if queued and not process.stopped:
            effect_id = data.draw(st.sampled_from(queued))
            if self.too_late(process.jobs[effect_id]):
                self.hand_back(process, effect_id)
            else:
                self.send_one(process, effect_id, fate)

    def send_one(self, process: Process, effect_id: str, fate: Fate) -> None:
        pending = process.jobs[effect_id]
        effect = pending.effect
        assert isinstance(effect, Never)
        process.memory[effect_id] = "sent"
        process.marked.add(effect_id)
        if fate == "refused":
            self.give(process, EffectDeferred(effect_id, START + timedelta(seconds=self.now + 1)))
        elif pending.asks and effect.POLICY == "ask" and self.executed[effect.n]:
            self.give(process, EffectDone(effect_id, Told(n=effect.n, result="done")))
        else:
            self.sent.add(effect.n)
            self.executed[effect.n] += fate == "executed"
            process.calls[effect_id] = (fate == "executed", self.now + CALL)

    @rule(at=st.integers(0, 1), answered=st.booleans(), data=st.data())
    def answer(self, at: int, answered: bool, data: st.DataObject) -> None:  # noqa: FBT001
        process = self.processes[at]
        done = sorted(i for i, (executed, _) in process.calls.items() if executed)
        if done and not process.stopped:
            effect_id = data.draw(st.sampled_from(done))
            del process.calls[effect_id]
            effect = process.jobs[effect_id].effect
            assert isinstance(effect, Never)
            self.give(process, EffectDone(effect_id, Told(n=effect.n, result="done")), answered=answered)

    @rule(at=st.integers(0, 1), answered=st.booleans())
    def sweep(self, at: int, answered: bool) -> None:  # noqa: FBT001
        if not self.processes[at].stopped:
            self.write(self.processes[at], Delivery(ID, Sweep()), answered=answered)

    @rule(seconds=st.integers(1, 12))
    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.obey_the_clock()

    def obey_the_clock(self) -> None:
        """A process that runs hands back what it can no longer send, and gives up calls that take too long."""
        for process in [p for p in self.processes if not p.stopped]:
            process.calls = {i: (done, end) for i, (done, end) in process.calls.items() if self.now < end}
            for effect_id, status in list(process.memory.items()):
                if status == "queued" and self.too_late(process.jobs[effect_id]):
                    self.hand_back(process, effect_id)

    def hand_back(self, process: Process, effect_id: str) -> None:
        self.give(process, EffectDeferred(effect_id, START + timedelta(seconds=self.now), tried=False))

    # -- what must hold -----------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_executed_twice(self) -> None:
        for n, policy in self.decided.items():
            assert policy == "repeat" or self.executed[n] <= 1

    @invariant()
    def what_was_told_is_true(self) -> None:
        for n in self.decided:
            results = self.results(n)
            assert len(results) <= 1 or (len(results) == 2 and results[0] == "unknown" != results[1])
            if results and results[-1] == "done":
                assert self.executed[n] >= 1
            elif results and results[-1] != "unknown":
                assert self.executed[n] == 0

    @invariant()
    def only_what_was_sent_or_lost_with_its_process_is_unknown(self) -> None:
        for n in self.decided:
            assert "unknown" not in self.results(n) or n in self.sent | self.excused

    def results(self, n: int) -> list[str]:
        return [t.result for t in self.doc.state.told if t.n == n] if self.doc.state is not None else []

    def teardown(self) -> None:
        """With a partner that answers, every effect comes to an end."""
        for process in self.processes:
            process.stopped = False
        for _ in range(200):
            self.pass_time(1)
            for at, process in enumerate(self.processes):
                self.sweep(at, answered=True)
                for effect_id in [i for i, status in process.memory.items() if status == "queued"]:
                    if not self.too_late(process.jobs[effect_id]):
                        self.send_one(process, effect_id, "executed")
                for effect_id, (executed, _) in list(process.calls.items()):
                    if executed:
                        del process.calls[effect_id]
                        effect = process.jobs[effect_id].effect
                        assert isinstance(effect, Never)
                        self.give(process, EffectDone(effect_id, Told(n=effect.n, result="done")))
            if not self.doc.effects:
                break
        assert self.doc.effects == []
        assert all(self.results(n) for n in self.decided)
        self.nothing_is_executed_twice()
        self.what_was_told_is_true()
        self.only_what_was_sent_or_lost_with_its_process_is_unknown()


Machine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestLeases = Machine.TestCase

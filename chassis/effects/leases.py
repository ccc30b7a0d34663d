"""Side effects in a document: leased, put off, settled, unknown. Pure but for `held`, the runner's memory.

Invariants:
    - An effect is in the document from the write that decided it to the write that records its outcome.
    - Leased means perhaps executed, unless its holder says that it still waits in its own queue, or died before it
      handed it to the partner.
    - Waiting means that this attempt was certainly not made; `asks` says whether an earlier one perhaps was.
    - A *never* effect is unknown once its lease lapsed, and never leased again.
    - An outcome counts once; after `unknown` one more counts, the late one that corrects it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Literal

from chassis.decision import Decision, Effect, Outcome, S
from chassis.delivery import Dropped, EffectDeferred, EffectDone, EffectFailed, Handled, Result
from chassis.document import MAX_UNKNOWN, Document, PendingEffect

BUG_RETRY: Final = timedelta(seconds=60)

Decide = Callable[[Document[Any], object, datetime, str | None], Decision[Any]]
Held = Callable[[str], Literal["queued", "sent"] | None]
"""What this process did with an effect it holds the lease of: None if it never got to know of it."""
NeverSent = Callable[[PendingEffect], bool]
"""Whether another process, now dead, certainly did not hand it to the partner."""


class Leases(Generic[S]):
    """The rules of effects, for one replica. `replica` is the name of one process and is never used again."""

    def __init__(self, replica: str, decide: Decide, held: Held | None, never_sent: NeverSent | None = None) -> None:
        self._replica = replica
        self._decide = decide
        self._held = held
        self._never_sent = never_sent

    def grant(self, doc: Document[S], effect_id: str, effect: Effect, now: datetime, trace: str | None) -> None:
        """A new effect, born leased to us who decided it."""
        born = PendingEffect(effect_id, effect, "leased", now + effect.LEASE, self._replica, trace=trace)
        doc.effects.append(born)
        doc.newborn.append(born)

    def adopt(self, doc: Document[S], now: datetime) -> None:
        """Takes up leases of ours that we never saw: the answer to the write that granted them was lost."""
        if self._held is None or not doc.effects:
            return
        born = {e.id for e in doc.newborn}
        ours = [e for e in doc.effects if e.status == "leased" and e.holder == self._replica and e.id not in born]
        for pending in ours:
            if pending.until > now and self._held(pending.id) is None:
                doc.newborn.append(self._put(doc, replace(pending, until=now + pending.effect.LEASE)))

    def settle(self, doc: Document[S], done: EffectDone, now: datetime, trace: str | None) -> Result:
        """Records an outcome."""
        pending = _find(doc, done.effect_id)
        if pending is not None and not done.late:
            return self._record(doc, pending, done.outcome, now, trace)
        if pending is not None or done.effect_id not in doc.unknown:
            return Dropped()
        decision = self._decide(doc, done.outcome, now, trace)
        doc.unknown.remove(done.effect_id)
        doc.dirty = True
        return Handled(decision.answer)

    def fail(self, doc: Document[S], failed: EffectFailed, now: datetime, trace: str | None) -> Result:
        """Nothing more will be tried. A repeatable one whose earlier lease lapsed was perhaps executed all the same."""
        pending = self._ours(doc, failed.effect_id)
        if pending is None:
            return Dropped()
        try:
            if pending.asks and pending.effect.POLICY == "repeat":
                return self._unknown(doc, pending, now)
            return self._record(doc, pending, pending.effect.failed(failed.reason), now, trace)
        except Exception as error:  # noqa: BLE001 - tried again later, reported by the engine
            doc.faults.append(f"{pending.effect.TYPE}: {type(error).__name__}: {error}")
            self._put(doc, replace(pending, status="waiting", until=now + BUG_RETRY))
            return Handled({})

    def defer(self, doc: Document[S], deferred: EffectDeferred) -> Result:
        """Waits until it may be tried again."""
        pending = self._ours(doc, deferred.effect_id)
        if pending is None:
            return Dropped()
        attempts = pending.attempts if deferred.tried else pending.attempts - 1
        self._put(doc, replace(pending, status="waiting", until=deferred.until, attempts=attempts))
        return Handled({})

    def resume(self, doc: Document[S], now: datetime) -> None:
        """What fell due: a waiting effect is tried, the policy of one whose lease lapsed says what then.

        A lease of the dead that was never used is taken over at any time.
        """
        for pending in [e for e in doc.effects if e.until <= now or self._unused(e)]:
            if pending.status == "leased" and self._waits_here(pending):
                continue
            if self._unused(pending):
                pending = replace(pending, status="waiting")  # noqa: PLW2901 - that is what it is
            lapsed = pending.status == "leased"
            if lapsed and pending.effect.POLICY == "never":
                self._give_up(doc, pending, now)
            elif pending.attempts < pending.effect.MAX_ATTEMPTS or not self._give_up(doc, pending, now):
                self._lease_again(doc, replace(pending, asks=pending.asks or lapsed), now)

    def _unused(self, pending: PendingEffect) -> bool:
        return pending.status == "leased" and self._never_sent is not None and self._never_sent(pending)

    def _waits_here(self, pending: PendingEffect) -> bool:
        """It was never sent, and the runner is about to say so."""
        return pending.holder == self._replica and self._held is not None and self._held(pending.id) == "queued"

    def _lease_again(self, doc: Document[S], pending: PendingEffect, now: datetime) -> None:
        until = now + pending.effect.LEASE
        attempts = pending.attempts + 1
        leased = replace(pending, status="leased", until=until, holder=self._replica, attempts=attempts)
        doc.newborn.append(self._put(doc, leased))

    def _give_up(self, doc: Document[S], pending: PendingEffect, now: datetime) -> bool:
        """Reports it unknown, or failed if it was certainly never executed; False if a bug stands in the way.

        After a bug a *never* effect stays as it is, to be reported later; another goes on being tried.
        """
        try:
            if pending.status == "leased" or pending.asks:
                self._unknown(doc, pending, now)
            else:
                self._record(doc, pending, pending.effect.failed("exhausted"), now, pending.trace)
        except Exception as error:  # noqa: BLE001 - tried again later, reported by the engine
            doc.faults.append(f"{pending.effect.TYPE}: {type(error).__name__}: {error}")
            if pending.status == "leased" and pending.effect.POLICY == "never":
                self._put(doc, replace(pending, until=now + BUG_RETRY))
            return False
        return True

    def _unknown(self, doc: Document[S], pending: PendingEffect, now: datetime) -> Result:
        result = self._record(doc, pending, pending.effect.unknown(), now, pending.trace)
        doc.unknown = [*doc.unknown, pending.id][-MAX_UNKNOWN:]
        doc.doubtful.append(pending)
        return result

    def _record(
        self, doc: Document[S], pending: PendingEffect, outcome: Outcome, now: datetime, trace: str | None
    ) -> Result:
        decision = self._decide(doc, outcome, now, trace or pending.trace)
        doc.effects = [e for e in doc.effects if e.id != pending.id]
        doc.dirty = True
        return Handled(decision.answer)

    def _ours(self, doc: Document[S], effect_id: str) -> PendingEffect | None:
        pending = _find(doc, effect_id)
        ours = pending is not None and pending.status == "leased" and pending.holder == self._replica
        return pending if ours else None

    def _put(self, doc: Document[S], changed: PendingEffect) -> PendingEffect:
        doc.effects = [changed if e.id == changed.id else e for e in doc.effects]
        doc.dirty = True
        return changed


def _find(doc: Document[S], effect_id: str) -> PendingEffect | None:
    return next((e for e in doc.effects if e.id == effect_id), None)

"""What is done to the platform, and when: a pure function of the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

SERVICES: Final = ("submission", "payment", "notification", "delivery", "tracking")
PARTNERS: Final = ("identity", "sms_centre", "mail_sink", "post_office", "payment_gateway", "upstream_portal")
KINDS: Final = (*SERVICES, "statistics", "kafka", "store", *PARTNERS)
KILLS_PER_MINUTE: Final = len(KINDS)
FREEZE_EVERY: Final = 25.0
FREEZE: Final = (12.0, 16.0)
"""Seconds; past the session time-out of a consumer (10 s)."""
TROUBLE_EVERY: Final = 6.0
TROUBLES: Final[Sequence[tuple[str, Mapping[str, int | bool]]]] = (
    ("gateway", {"duplicate_ipn_next": 3}),
    ("gateway", {"late_ipn_next": 3, "late_ms": 4_000}),
    ("gateway", {"lose_ipn_next": 1}),
    ("gateway", {"query_error_next": 2, "duplicate_ipn_next": 1}),
    ("phone", {"duplicate_receipts_next": 5}),
    ("phone", {"late_receipts_next": 5, "late_ms": 4_000}),
    ("phone", {"receipts_before_response": True}),
    ("phone", {"throttle_next": 5, "latency_ms": 200}),
    ("post_office", {"lose_answer_next": 1}),
    ("post_office", {"out_of_order": True}),
    ("post_office", {"error_next": 2, "latency_ms": 300}),
    ("mailbox", {"reject_next": 1, "reject_code": 451, "latency_ms": 300}),
)
"""Faults that partners own up to: none of them makes an outcome unknowable."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One thing that is done `at` seconds after the begin.

    `target` is a kind of process (kill, freeze) or a partner's control API (trouble). `pick`, from 0 to 1, chooses
    the replica, or the partition whose leader is killed. `seconds`: how long a freeze lasts.
    """

    at: float
    action: Literal["kill", "freeze", "trouble"]
    target: str
    pick: float = 0.0
    seconds: float = 0.0
    faults: Mapping[str, int | bool] = field(default_factory=dict)


def schedule(
    seed: int,
    seconds: float,
    *,
    kinds: Sequence[str] = KINDS,
    kills_per_minute: float = KILLS_PER_MINUTE,
) -> tuple[Stroke, ...]:
    """The strokes of a run, in order. Every kind of process has its turn before one has its second."""
    rng = random.Random(seed)  # noqa: S311 - it must be repeatable
    strokes = [*_kills(rng, seconds, kinds, 60 / kills_per_minute)]
    frozen = [kind for kind in kinds if kind in SERVICES]
    if frozen:
        strokes += _freezes(rng, seconds, frozen)
    if set(kinds) & set(PARTNERS):
        strokes += _troubles(rng, seconds)
    return tuple(sorted(strokes, key=lambda stroke: (stroke.at, stroke.action)))


def _decks(rng: random.Random, cards: Sequence[str]) -> Iterator[str]:
    while True:
        yield from rng.sample(cards, len(cards))


def _times(rng: random.Random, seconds: float, every: float) -> Iterator[float]:
    """One moment in each stretch of `every` seconds."""
    for number in range(int(seconds / every + 1e-9)):
        yield round((number + rng.uniform(0.1, 0.9)) * every, 3)


def _kills(rng: random.Random, seconds: float, kinds: Sequence[str], every: float) -> Iterator[Stroke]:
    for at, kind in zip(_times(rng, seconds, every), _decks(rng, kinds), strict=False):
        yield Stroke(at, "kill", kind, pick=rng.random())


def _freezes(rng: random.Random, seconds: float, kinds: Sequence[str]) -> Iterator[Stroke]:
    for at, kind in zip(_times(rng, seconds, FREEZE_EVERY), _decks(rng, kinds), strict=False):
        yield Stroke(at, "freeze", kind, pick=rng.random(), seconds=round(rng.uniform(*FREEZE), 3))


def _troubles(rng: random.Random, seconds: float) -> Iterator[Stroke]:
    for at in _times(rng, seconds, TROUBLE_EVERY):
        partner, faults = rng.choice(TROUBLES)
        yield Stroke(at, "trouble", partner, faults=faults)

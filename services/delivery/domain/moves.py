"""Where a consignment is, by the statuses the post office told. Pure.

Statuses are MyVNPost's (domain facts, section 5). They may be told late, twice, in any order, or contradict each
other, and are ordered by their own time:

- What is final (`FINAL`) with the latest time counts; of two at the same instant the one that is no arrival.
- 15 (failed attempt) and everything else is not final: 12 may follow. Money (20, 21, 28, 29) is no movement.
- So where a consignment is, is a function of the set of its statuses, whatever the order they came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from schemas import delivery as said
from services.delivery.domain.delivery import MAX_MOVES, MAX_OLD_MOVES, Parcel, Trouble
from services.delivery.messages import Moved

DELIVERED: Final = 14
FETCHED: Final = said.FETCHED
"""The post office has it: it has left the desk."""
TROUBLES: Final[Mapping[int, tuple[Trouble, str]]] = {
    9: ("cancelled", "cancelled before it was fetched"),
    19: ("returned", "returned to the sender"),
    22: ("cancelled", "cancelled"),
    23: ("partial", "delivered in part"),
}
CANCELLED: Final = frozenset({9, 22})
FINAL: Final = frozenset({DELIVERED, *TROUBLES})


def latest_final(moves: Iterable[Moved]) -> Moved | None:
    """The status that counts."""
    finals = (m for m in moves if m.status in FINAL)
    return max(finals, key=lambda m: (m.at, m.status != DELIVERED, m.status), default=None)


def merged_with(known_moves: tuple[Moved, ...], moves: Iterable[Moved], limit: int = MAX_MOVES) -> tuple[Moved, ...]:
    """In the order of their own times. Past the limit the final ones are kept and the oldest others given up."""
    found = sorted({*known_moves, *moves}, key=lambda m: (m.at, m.status))
    while len(found) > limit:
        found.remove(next((m for m in found if m.status not in FINAL), found[0]))
    return tuple(found)


def with_moves(parcel: Parcel, moves: tuple[Moved, ...]) -> Parcel:
    return parcel.model_copy(update={"moves": merged_with(parcel.moves, moves, MAX_OLD_MOVES)})

"""Open data without small numbers, by which people could be recognised. Pure.

A number from 1 to `FEWEST` - 1 is withheld. So that it cannot be had by subtraction from a sum that is published, each
row and each column has none withheld, or two and more that come to `FEWEST` at least: the smallest others are withheld
with it, until nothing is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

FEWEST: Final = 5
Table = Mapping[str, Mapping[str, int]]
Shown = dict[str, dict[str, int | None]]
Place = tuple[str, str]


def disclosed(table: Table, columns: Sequence[str]) -> Shown:
    """A table of disjoint counts, rows by name; None where one is withheld. A column a row lacks is 0 there."""
    numbers = {(row, column): table[row].get(column, 0) for row in table for column in columns}
    withheld = {place for place, number in numbers.items() if 0 < number < FEWEST}
    lines = [[(row, column) for column in columns] for row in table]
    lines += [[(row, column) for row in table] for column in columns]
    while more := set(_partners(lines, numbers, withheld)):
        withheld |= more
    return {row: {c: None if (row, c) in withheld else numbers[row, c] for c in columns} for row in table}


def _partners(lines: Iterable[Sequence[Place]], numbers: Mapping[Place, int], withheld: set[Place]) -> Iterable[Place]:
    """For each line that gives too little away to stay secret, the smallest other; a 0 where there is nothing else."""
    for line in lines:
        secret = [numbers[place] for place in line if place in withheld]
        others = [place for place in line if place not in withheld]
        if secret and others and (len(secret) == 1 or sum(secret) < FEWEST):
            yield min(others, key=lambda place: (numbers[place] == 0, numbers[place], place))


def total(numbers: Iterable[int]) -> int | None:
    """A sum that may be published; None when it is small itself."""
    found = sum(numbers)
    return None if 0 < found < FEWEST else found

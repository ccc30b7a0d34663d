"""Faults of the calendar that show across years."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from law.calendar import YearTable
from law.findings import Finding


def check(tables: Mapping[str, YearTable]) -> Iterator[Finding]:
    """Yield the files that are not named by their year, years given twice, and years left out."""
    for file, table in tables.items():
        if file != f"calendar/{table.year}.json":
            yield Finding(file=file, field="year", problem=f"is {table.year}: name the file calendar/{table.year}.json")
    ordered = sorted(tables.items(), key=lambda item: item[1].year)
    for (_, one), (file, other) in pairwise(ordered):
        if one.year == other.year:
            yield Finding(file=file, field="year", problem=f"{other.year} has two tables: keep one")
        elif one.year + 1 < other.year:
            gap = f"no table for {one.year + 1} between {one.year} and {other.year}: add calendar/{one.year + 1}.json"
            yield Finding(file=file, field="year", problem=gap)

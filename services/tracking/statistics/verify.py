"""Running totals against the log: the same plain function over the same records must come to the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chassis.kafka import Bootstrap
from chassis.rereading import Place
from services.tracking.domain.counted import Cell
from services.tracking.domain.figures import Totals
from services.tracking.statistics.log import recount


@dataclass(frozen=True)
class Compared:
    """`differences`: in words, a cell each; empty when equal."""

    records: int
    cells: int
    differences: tuple[str, ...]

    @property
    def equal(self) -> bool:
        return not self.differences

    @property
    def summary(self) -> dict[str, Any]:
        """The last line, for programs."""
        return {
            "equal": self.equal,
            "records": self.records,
            "cells": self.cells,
            "differences": len(self.differences),
        }


async def compare(bootstrap: Bootstrap, running: Mapping[str, Any]) -> Compared:
    """`running` is what ``/statistics/cells`` answered. Raises TimeoutError when the log cannot be read."""
    positions: dict[Place, int] = {
        (topic, int(partition)): offset
        for topic, partitions in running["positions"].items()
        for partition, offset in partitions.items()
    }
    recounted = {cell: number for cell, number in (await recount(bootstrap, positions)).items() if number}
    held = {Cell(*cell): number for *cell, number in running["cells"]}
    return Compared(sum(positions.values()), len(recounted), tuple(differences(held, recounted)))


def differences(running: Totals, recounted: Totals) -> Iterator[str]:
    """Every cell that differs. Every figure people read is a pure function of the cells."""
    for cell in sorted({*running, *recounted}):
        one, other = running.get(cell, 0), recounted.get(cell, 0)
        if one != other:
            where = f"{cell.day}, procedure {cell.procedure or '-'}, unit {cell.unit or '-'}"
            yield f"{cell.measure} on {where}: running {one}, from the log {other}"

"""Statistics with a bug planted: what was delivered is forgotten. `hoso stats verify` must find it."""

from __future__ import annotations

from typing import Any, cast

from chassis.settings import load
from schemas.delivery import ResultDelivered
from services.tracking.domain.counted import COUNTED
from services.tracking.statistics.process import run
from services.tracking.statistics.settings import StatisticsSettings

if __name__ == "__main__":
    cast("dict[Any, Any]", COUNTED)[ResultDelivered] = lambda _counted, _event: {}
    run(load(StatisticsSettings))

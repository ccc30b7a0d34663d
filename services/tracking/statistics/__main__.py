"""Starts statistics: ``python -m services.tracking.statistics``."""

from __future__ import annotations

from chassis.settings import load
from services.tracking.statistics.process import run
from services.tracking.statistics.settings import StatisticsSettings

if __name__ == "__main__":
    run(load(StatisticsSettings))

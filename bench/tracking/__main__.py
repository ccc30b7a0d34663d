"""``python -m bench.tracking``: events a second of timelines and of statistics, and what people wait for."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Final

import uvloop

from bench.tracking.site import platform
from deploy.local.stack import STATISTICS
from services.tracking.statistics.verify import compare

DOSSIERS: Final = 3_000
KNOWN: Final = 200
WARM_UP: Final = 100


async def run(dossiers: int) -> dict[str, Any]:
    """The summary."""
    found: dict[str, Any] = {}
    async with platform("tracking") as bench:
        await bench.through("tracking", WARM_UP)
        found["store_limit_per_s"] = round(await bench.store_limit(dossiers))
        found["events_per_s"] = round(await bench.through("tracking", dossiers))
        found["timeline_p99_ms"] = await bench.timelines(bench.known[:KNOWN])
        found["visible_p99_ms"] = await bench.visible()
        found["timeline_bare_p99_ms"] = await bench.bare(KNOWN)
    async with platform(STATISTICS) as bench:
        await bench.through(STATISTICS, WARM_UP)
        found["faust_only_per_s"] = round(await bench.through(STATISTICS, dossiers))
        found["verify_equal"] = (await compare(bench.kafka, await bench.cells())).equal
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=DOSSIERS, help="told to each")
    result = uvloop.run(run(parser.parse_args().dossiers))
    print(json.dumps(result))  # noqa: T201 - the result, for programs
    sys.exit(0 if result["verify_equal"] else 1)

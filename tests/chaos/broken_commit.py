"""Payment with one guarantee broken: offsets are committed as soon as records are read, before they are handled.

The wait stands for a slow store. Kept (`CHAOS_CONTROL=1`), the guarantee makes it harmless: what is not committed comes
again.
"""

from __future__ import annotations

import asyncio
import os
import runpy
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

SLOW: Final = 2.0
CONTROL: Final = os.environ.get("CHAOS_CONTROL") == "1"
_getmany: Final = AIOKafkaConsumer.getmany


async def getmany(self: Any, *partitions: Any, **options: Any) -> Any:
    records = await _getmany(self, *partitions, **options)
    if records:
        with suppress(KafkaError):
            if not CONTROL:
                await self.commit({place: batch[-1].offset + 1 for place, batch in records.items()})
        await asyncio.sleep(SLOW)
    return records


if __name__ == "__main__":
    AIOKafkaConsumer.getmany = getmany
    runpy.run_module("services.payment.main", run_name="__main__")

"""Faust's transport with fetches that gather: without it each event of the platform is a fetch of its own."""

from __future__ import annotations

from typing import Any, Final

from faust.transport.drivers import aiokafka as driver

MIN_BYTES: Final = 65_536
MAX_WAIT_MS: Final = 500


class _Thread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust has no setting for them; aiokafka reads them when it starts.
        consumer._fetch_min_bytes, consumer._fetch_max_wait_ms = MIN_BYTES, MAX_WAIT_MS  # noqa: SLF001
        return consumer


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> Any:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


class Gathering(driver.Transport):
    """Answers a fetch when 64 KiB are there, or after 0.5 s."""

    Consumer = _Consumer

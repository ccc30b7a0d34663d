"""What statistics say of themselves to Prometheus, named as the services' own samples are (`chassis.measures`)."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

MESSAGES: Final = Counter("hoso_messages", "Messages, by what became of them", ["aggregate", "message", "result"])
"""`message` is the topic: a message that cannot be read has no type."""
LAG: Final = Gauge("hoso_consumer_lag", "Records not yet handled", ["topic", "partition"])

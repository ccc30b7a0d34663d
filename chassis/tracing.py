"""Spans for a collector, where one is configured (OTEL_EXPORTER_OTLP_ENDPOINT); where none is, one comparison each.

The trace context is there in any case (`chassis.telemetry.child_trace`): it goes over HTTP, in the headers of events
and with effects. A span is told of when its work is over, with the ids that the context gave it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from chassis.delivery import Delivery
from chassis.telemetry import child_trace

VARIABLES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
FAULT: Final = 500
Kind = Literal["server", "client", "consumer"]


class Span(NamedTuple):
    """Work that is over. `trace` and `parent` are `traceparent` headers; the work took `seconds` until now."""

    name: str
    kind: Kind
    trace: str
    parent: str | None
    seconds: float
    attributes: Mapping[str, str]
    failed: bool = False


class Tracer:
    """What spans of this process go to."""

    def __init__(self) -> None:
        self.tell: Callable[[Span], None] | None = None
        self._close: Callable[[], None] = lambda: None

    def begin(self, service: str) -> None:
        """From now on spans are told, if a collector is configured."""
        if not any(os.environ.get(name) for name in VARIABLES):
            return
        from chassis.otlp import Collector  # noqa: PLC0415 - nobody else pays for loading it

        collector = Collector(service)
        self.tell, self._close = collector.tell, collector.close

    def end(self) -> None:
        """Sends what is left, waiting for a collector for some seconds."""
        self.tell = None
        self._close()

    def handled(self, kind: str, delivery: Delivery, result: str, seconds: float) -> None:
        """A delivery to an aggregate of that kind is settled; what it causes is in the trace it came with."""
        parent = delivery.trace
        if self.tell is not None and parent is not None:
            attributes = {"hoso.aggregate": f"{kind}/{delivery.aggregate}", "hoso.result": result}
            name = f"handle {type(delivery.message).__name__}"
            failed = result not in {"handled", "repeated", "dropped"}
            self.tell(Span(name, "consumer", child_trace(parent), parent, seconds, attributes, failed))

    def answered(self, method: str, route: str, status: int, *, trace: str, parent: str, seconds: float) -> None:
        """A request was answered. `route` is the template, never the path."""
        if self.tell is not None:
            attributes = {"http.request.method": method, "http.route": route, "http.response.status_code": str(status)}
            self.tell(Span(f"{method} {route}", "server", trace, parent, seconds, attributes, status >= FAULT))

    def executed(
        self, effect: str, effect_id: str, result: str, *, trace: str | None, parent: str | None, seconds: float
    ) -> None:
        """A side effect was attempted."""
        if self.tell is not None and trace is not None:
            attributes = {"hoso.effect": effect_id, "hoso.result": result}
            self.tell(Span(effect, "client", trace, parent, seconds, attributes, result != "done"))


TRACER: Final = Tracer()

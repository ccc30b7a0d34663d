"""Spans to an OTLP collector over HTTP, by OpenTelemetry's SDK; loaded only where one is configured."""

from __future__ import annotations

import threading
import time
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from chassis.tracing import Kind, Span

KINDS: Final[dict[Kind, SpanKind]] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
NANO: Final = 1_000_000_000
LAST_WORDS: Final = 2.0
"""Seconds."""


class Collector:
    """Batches spans in a thread of the SDK: whoever tells of one waits for nothing, and a full queue drops spans."""

    def __init__(self, service: str) -> None:
        self._resource = Resource.create({"service.name": service, "service.namespace": "hoso"})
        self._batches = BatchSpanProcessor(OTLPSpanExporter())

    def tell(self, span: Span) -> None:
        """Queues a span that ends now."""
        now = time.time_ns()
        own = _context(span.trace)
        above = _context(span.parent) if span.parent else None
        self._batches.on_end(
            ReadableSpan(
                span.name,
                context=own,
                parent=above if above is not None and own is not None and above.trace_id == own.trace_id else None,
                resource=self._resource,
                attributes=dict(span.attributes),
                kind=KINDS[span.kind],
                status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
                start_time=now - int(span.seconds * NANO),
                end_time=now,
            )
        )

    def close(self) -> None:
        """Sends what is queued, but no end of a process waits longer than `LAST_WORDS` for a collector."""
        last = threading.Thread(target=self._batches.shutdown, daemon=True)
        last.start()
        last.join(LAST_WORDS)


def _context(traceparent: str) -> SpanContext | None:
    """Its ids; None where it is none (a caller may send anything)."""
    try:
        _, trace, span, _ = traceparent.split("-")
        ids = int(trace, 16), int(span, 16)
    except ValueError:
        return None
    return SpanContext(*ids, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

"""Metrics, JSON logs and the trace context. None of them ever holds personal data: `Personal` prints as ``***``."""

from __future__ import annotations

import logging
import platform
import random
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from importlib.metadata import version
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

# Else every counter brings a second series, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]
BUILD: Final = Info("hoso_build", "What runs here")
BUILD.info({"version": version("hoso"), "python": platform.python_version()})
STORE_CALLS: Final = Counter("hoso_store_calls", "Round trips to the store", ["collection", "operation"])
DOCUMENTS: Final = Counter("hoso_documents_written", "Documents sent in compare-and-set writes", ["collection"])
STALE: Final = Counter("hoso_stale_writes", "Lost compare-and-sets", ["aggregate"])
PUBLISHED: Final = Counter("hoso_events_published", "Events acknowledged by Kafka", ["topic", "type"])
PUBLISHES: Final = Counter("hoso_publish_batches", "Record batches sent to Kafka")
JOURNALED: Final = Counter("hoso_journal_records", "Documents and files written to the journal")
COMMITS: Final = Counter("hoso_offset_commits", "Offset commits")
EFFECTS: Final = Counter("hoso_effects", "Side effects, by what became of them", ["effect", "result"])
EFFECTS_QUEUED: Final = Gauge("hoso_effects_queued", "Side effects that wait their turn here", ["effect"])
EFFECTS_RUNNING: Final = Gauge("hoso_effects_running", "Side effects being executed here", ["effect"])
EFFECTS_OLDEST: Final = Gauge("hoso_effects_oldest_seconds", "How long the oldest of those has waited", ["effect"])
CIRCUIT: Final = Gauge("hoso_circuit_state", "A partner's circuit: 0 closed, 1 half-open, 2 open", ["partner"])
DEAD_LETTERS: Final = Counter("hoso_dead_letters", "Records parked or refused", ["reason"])
PARKED: Final = Gauge("hoso_parked_records", "Records parked in aggregates", ["aggregate", "reason"])
OLDEST_GAP: Final = Gauge(
    "hoso_oldest_gap_seconds", "Age of the oldest record that waits for a missing one", ["aggregate"]
)
FAULTS: Final = Counter("hoso_faults", "Bugs met and survived", ["where"])
REQUESTS: Final = Histogram("hoso_http_seconds", "HTTP requests", ["method", "route", "status"])
STOPPED: Final = Gauge("hoso_consumer_stopped_partitions", "Partitions stopped at a record that cannot be handled now")
KEY_READS: Final = Counter("hoso_key_reads", "Dossier keys read from the keyring")
AUDIT_RECORDS: Final = Counter("hoso_audit_records", "Audit records acknowledged by Kafka")
AUDIT_LOST: Final = Counter("hoso_audit_lost", "Audit records that were not taken: too many waited for Kafka")

TRACE: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)
_IDS: Final = random.Random()  # noqa: S311 - names, not secrets; seeded by the system, which is slow to ask each time


def child_trace(parent: str | None) -> str:
    """A `traceparent` (W3C Trace Context, section 3.2) in the trace of `parent`, or of a new trace."""
    parts = (parent or "").split("-")
    known = len(parts) == 4 and len(parts[1]) == 32 and set(parts[1]) <= set("0123456789abcdef")  # noqa: PLR2004
    trace_id = parts[1] if known else f"{_IDS.getrandbits(128):032x}"
    return f"00-{trace_id}-{_IDS.getrandbits(64):016x}-01"


def _add_trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    trace = TRACE.get()
    if trace is not None:
        event["trace"] = trace
    return event


class Seldom(logging.Filter):
    """Lets what a library says again and again through once in ten seconds, with how often it was said meanwhile.

    While a broker is away its client says so some fifty times a second. What differs only in the values put in counts
    as the same.
    """

    SECONDS: Final = 10.0
    MOST: Final = 1_000

    def __init__(self, library: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._library = library
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[float, int]] = {}
        """Until when it is not said again, and how often it would have been."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is said."""
        if not record.name.startswith(self._library):
            return True
        now, words = self._clock(), (record.name, str(record.msg))
        until, times = self._said.get(words, (now, 0))
        if now < until:
            self._said[words] = (until, times + 1)
            return False
        if len(self._said) >= self.MOST:
            self._said.clear()
        self._said[words] = (now + self.SECONDS, 0)
        if times:
            record.msg = f"{record.msg} (and {times} times more)"
        return True


def configure_logs(service: str, level: str) -> None:
    """One JSON object a line on standard output, ours and the libraries'."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=repr),
            ],
        )
    )
    handler.addFilter(Seldom("aiokafka"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("aiokafka", "pymongo", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose keyword arguments become fields."""
    log: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return log

"""What the services expose, for tests of what asks for it. `metrics.json` is held against running services."""

from __future__ import annotations

import json
import re

from deploy.local.paths import ROOT

DECLARED: dict[str, list[str]] = json.loads((ROOT / "tests/contract/metrics.json").read_text())
COUNTED = {
    "hoso_audit_lost",
    "hoso_audit_records",
    "hoso_dead_letters",
    "hoso_documents_written",
    "hoso_effects",
    "hoso_events_published",
    "hoso_faults",
    "hoso_file_download_bytes",
    "hoso_file_upload_bytes",
    "hoso_journal_records",
    "hoso_key_reads",
    "hoso_messages",
    "hoso_offset_commits",
    "hoso_publish_batches",
    "hoso_sms_cost_vnd",
    "hoso_sms_segments",
    "hoso_stale_writes",
    "hoso_store_calls",
}
TIMED = {"hoso_handler_seconds", "hoso_http_seconds"}
PROMETHEUS = {
    "up": {"job", "instance"},
    "process_start_time_seconds": set(),
    "process_resident_memory_bytes": set(),
    "process_cpu_seconds_total": set(),
}
"""Not ours, but there: prometheus-client's and Prometheus' own."""
TARGET = {"job", "instance", "service"}
"""Labels that every series gets when it is scraped."""


def _families() -> dict[str, set[str]]:
    found: dict[str, set[str]] = dict(PROMETHEUS)
    for name, labels in DECLARED.items():
        if name in TIMED:
            found |= {
                f"{name}_{end}": {*labels, *(("le",) if end == "bucket" else ())} for end in ("bucket", "count", "sum")
            }
        else:
            found[f"{name}_total" if name in COUNTED else name] = set(labels)
    return found


_LABELS = _families()
EXPOSED = set(_LABELS)


def labels_of(name: str) -> set[str]:
    """Labels of a metric as it is queried; of a recorded one those of its target at most."""
    return _LABELS.get(name, set()) | TARGET


def names_in(text: str) -> set[str]:
    """The metrics an expression, or a text, names."""
    return set(re.findall(r"\b(?:hoso(?:_\w+|:[\w:]+)|process_\w+|up(?=\{))", text))

"""Spans: what becomes of odd contexts, and of a collector that is not there."""

from __future__ import annotations

import time

import pytest

from chassis import otlp
from chassis.delivery import Delivery, Irrelevant
from chassis.telemetry import child_trace
from chassis.tracing import VARIABLES, Span, Tracer
from deploy.local.ports import LOOPBACK, free_ports


def test_without_a_collector_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    tracer = Tracer()
    tracer.begin("payment")
    assert tracer.tell is None
    tracer.end()


def test_a_span_has_the_parent_of_its_trace_and_no_other() -> None:
    told: list[Span] = []
    tracer = Tracer()
    tracer.tell = told.append
    tracer.handled("invoices", Delivery("1", Irrelevant()), "handled", 0.1)
    assert told == [], "a delivery without a trace is in none"
    parent = child_trace(None)
    tracer.handled("invoices", Delivery("1", Irrelevant(), trace=parent), "wasparked", 0.1)
    (span,) = told
    assert (span.name, span.parent, span.failed) == ("handle Irrelevant", parent, True)
    assert span.trace.split("-")[1] == parent.split("-")[1]
    assert span.trace != parent


@pytest.mark.parametrize("text", ["", "00-zz-1-01", "00-" + "0" * 32, "a-b-c-d-e"])
def test_a_context_that_is_none_is_no_parent(text: str) -> None:
    assert otlp._context(text) is None


def test_a_collector_that_is_away_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv(VARIABLES[0], f"http://{LOOPBACK}:{port}")
    tracer = Tracer()
    tracer.begin("payment")
    assert tracer.tell is not None
    began = time.monotonic()
    for _ in range(5_000):
        tracer.handled("invoices", Delivery("1", Irrelevant(), trace=child_trace(None)), "handled", 0.1)
    tracer.end()
    assert time.monotonic() - began < otlp.LAST_WORDS + 5

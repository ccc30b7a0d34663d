"""Dashboards of how it runs: the overview; Kafka, lag and the event core."""

from __future__ import annotations

from typing import Final

from cli.monitoring.panels import Panel, counted, quantile, ratio
from cli.monitoring.slo import OBJECTIVES

OVERVIEW: Final = (
    Panel(
        "Services up",
        "Of five. Fewer: HosoServiceDown.",
        "short",
        [('sum(max by (service) (up{job="hoso"}))', "up")],
        now=True,
        width=4,
    ),
    *counted(
        4,
        ("Filed", "dossier.submitted"),
        ("Paid", "payment.received"),
        ("Decided", "dossier.decided"),
        ("Delivered", "delivery.result_delivered"),
        ("Over term", "dossier.overdue"),
    ),
    Panel(
        "Requests",
        "Answered requests by service. A service at nothing while others work is cut off.",
        "reqps",
        [("sum by (service) (rate(hoso_http_seconds_count[5m]))", "{{service}}")],
    ),
    Panel(
        "Errors of ours",
        "Share of 5xx answers; over 5 % pages.",
        "percentunit",
        [
            (ratio('hoso_http_seconds_count{status=~"5.."}', "hoso_http_seconds_count"), "{{service}}"),
        ],
    ),
    Panel(
        "Slowest routes (p99)",
        "The five slowest routes.",
        "s",
        [(f"topk(5, {quantile(0.99, 'hoso_http_seconds', 'service, route')})", "{{service}} {{route}}")],
    ),
    Panel(
        "Messages handled",
        "Events, commands, outcomes and deadlines, by service.",
        "ops",
        [("sum by (service) (rate(hoso_messages_total[5m]))", "{{service}}")],
    ),
    Panel(
        "Slowest handlers (p99)",
        "From the mailbox to the durable write; what is patient waits up to 2 s on purpose.",
        "s",
        [(f"topk(5, {quantile(0.99, 'hoso_handler_seconds', 'service, message')})", "{{service}} {{message}}")],
    ),
    Panel(
        "Objectives: share that was bad",
        "Over an hour, against the budgets of cli/monitoring/slo.py.",
        "percentunit",
        [(f"{one.recorded}_rate1h", f"{one.name}, budget {1 - one.share:.1%}") for one in OBJECTIVES],
    ),
    Panel(
        "Partners",
        "0: reached, 1: being tried, 2: not called. Not 0 for two minutes pages.",
        "short",
        [("max by (service, partner) (hoso_circuit_state)", "{{partner}}")],
    ),
    Panel(
        "Processes",
        "CPU seconds a second; a process has one core.",
        "short",
        [('sum by (service) (rate(process_cpu_seconds_total{job="hoso"}[5m]))', "{{service}}")],
    ),
)
KAFKA: Final = (
    Panel(
        "Lag, records",
        "Records not yet handled, by service and topic.",
        "short",
        [("sum by (service, topic) (hoso_consumer_lag)", "{{service}} {{topic}}")],
    ),
    Panel(
        "Lag, seconds",
        "Age of the oldest record in hand; over two minutes pages.",
        "s",
        [("max by (service, topic) (hoso_consumer_lag_seconds)", "{{service}} {{topic}}")],
    ),
    Panel(
        "Partitions furthest behind",
        "One alone: a hot aggregate or a record that fails again and again.",
        "short",
        [("topk(5, max by (service, topic, partition) (hoso_consumer_lag))", "{{service}} {{topic}} {{partition}}")],
    ),
    Panel(
        "Outboxes: age of the oldest event",
        "Decided, and not acknowledged by Kafka.",
        "s",
        [("max by (service, aggregate) (hoso_outbox_oldest_seconds)", "{{service}} {{aggregate}}")],
    ),
    Panel(
        "Outboxes: aggregates",
        "How many hold such events.",
        "short",
        [("max by (service, aggregate) (hoso_outbox_aggregates)", "{{service}} {{aggregate}}")],
    ),
    Panel(
        "Published",
        "Events acknowledged by Kafka.",
        "ops",
        [("sum by (topic) (rate(hoso_events_published_total[5m]))", "{{topic}}")],
    ),
    Panel(
        "Records a batch",
        "How well events are gathered.",
        "short",
        [
            (ratio("hoso_events_published_total", "hoso_publish_batches_total"), "{{service}}"),
        ],
    ),
    Panel(
        "Round trips to the store",
        "By operation. More for each message than before a release: it does more.",
        "ops",
        [("sum by (service, operation) (rate(hoso_store_calls_total[5m]))", "{{service}} {{operation}}")],
    ),
    Panel(
        "Lost compare-and-sets",
        "Two replicas wrote the same aggregate; it was folded again.",
        "ops",
        [("sum by (service, aggregate) (rate(hoso_stale_writes_total[5m]))", "{{service}} {{aggregate}}")],
    ),
    Panel(
        "Deadlines: how late",
        "What is longest due. Under a second when all is well.",
        "s",
        [("max by (service, aggregate) (hoso_deadline_late_seconds)", "{{service}} {{aggregate}}")],
    ),
    Panel(
        "Parked records",
        "By reason; a gap closes by itself or by hoso gap repair.",
        "short",
        [("max by (service, aggregate, reason) (hoso_parked_records) > 0", "{{service}} {{aggregate}} {{reason}}")],
    ),
    Panel(
        "Dead letters and faults",
        "In a quarter of an hour.",
        "short",
        [
            ("sum by (service, reason) (increase(hoso_dead_letters_total[15m])) > 0", "{{service}} {{reason}}"),
            ("sum by (service, where) (increase(hoso_faults_total[15m])) > 0", "{{service}} fault in {{where}}"),
        ],
    ),
)

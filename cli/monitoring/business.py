"""Dashboards of what it is for: money, messages, statutory terms."""

from __future__ import annotations

from typing import Final

from cli.monitoring.panels import Panel, counted, quantile, said

NOTICES: Final = '{route=~"/payments/(vnpay/ipn|paygov/result)"}'
SENDS: Final = 'effect=~"sms.(send|inform|code)|email.(send|officers)"'
MONEY: Final = (
    *counted(
        4,
        ("Invoices", "payment.invoice_opened"),
        ("Paid", "payment.received"),
        ("Receipts", "payment.receipt_issued"),
        ("Failed attempts", "payment.failed"),
        ("Refunds asked", "payment.refund_requested"),
        ("Refunds made", "payment.refund_made"),
    ),
    Panel(
        "Payment notices",
        "Requests of the gateways by what they were answered.",
        "reqps",
        [
            (f"sum by (route, status) (rate(hoso_http_seconds_count{NOTICES}[5m]))", "{{route}} {{status}}"),
        ],
    ),
    Panel(
        "Payment notices (p99)",
        "Over 2.5 s counts as not answered.",
        "s",
        [
            (quantile(0.99, "hoso_http_seconds", "route", NOTICES), "{{route}}"),
        ],
    ),
    Panel(
        "What waits for a person or a partner",
        "Refunds, cases, attempts and receipts.",
        "short",
        [("max by (waits) (hoso_payment_work)", "{{waits}}")],
    ),
    Panel(
        "How long the oldest has waited",
        "Alerts: 4 h unanswered, 1 h untransmitted, 2 days for people.",
        "s",
        [("max by (waits) (hoso_payment_work_oldest_seconds)", "{{waits}}")],
    ),
    Panel(
        "Differences of the reconciliation",
        "By age; older than a week alerts.",
        "short",
        [("max by (age) (hoso_payment_discrepancies)", "{{age}}")],
    ),
    Panel(
        "Calls to gateways and tax office",
        "By what became of them.",
        "ops",
        [
            ('sum by (effect, result) (rate(hoso_effects_total{service="payment"}[5m])) > 0', "{{effect}} {{result}}"),
        ],
    ),
    Panel(
        "Books that are wrong",
        "Always 0. If not: no refunds until it is understood.",
        "short",
        [("max(hoso_payment_books_faulty)", "invoices")],
    ),
)
MESSAGES: Final = (
    *counted(
        6,
        ("Handed over", "notification.sent"),
        ("Arrived", "notification.delivered"),
        ("Failed", "notification.failed"),
        ("Unknown", "notification.unknown"),
    ),
    Panel(
        "Attempts",
        "By what became of them. handed_back: it waited too long here, for its turn or an open circuit.",
        "ops",
        [(f"sum by (effect, result) (rate(hoso_effects_total{{{SENDS}}}[5m])) > 0", "{{effect}} {{result}}")],
    ),
    Panel(
        "Share of attempts that did not succeed",
        "Budget 1 % in 30 days.",
        "percentunit",
        [("hoso:messages_bad:ratio_rate5m", "5 min"), ("hoso:messages_bad:ratio_rate6h", "6 h")],
    ),
    Panel(
        "Waiting their turn",
        "Effects queued in the processes of notification.",
        "short",
        [(f"sum by (effect) (hoso_effects_queued{{{SENDS}}})", "{{effect}}")],
    ),
    Panel(
        "Oldest that waits its turn",
        "Never longer than its lease: then it is handed back.",
        "s",
        [(f"max by (effect) (hoso_effects_oldest_seconds{{{SENDS}}})", "{{effect}}")],
    ),
    Panel(
        "Centres and mail servers",
        "0: reached, 1: being tried, 2: not called.",
        "short",
        [('max by (partner) (hoso_circuit_state{service="notification"})', "{{partner}}")],
    ),
    Panel(
        "Behind the events",
        "How old what notification has not read yet is.",
        "s",
        [('max by (topic) (hoso_consumer_lag_seconds{service="notification"})', "{{topic}}")],
    ),
)
TERMS: Final = (
    *counted(
        4,
        ("Received", "dossier.accepted"),
        ("Decided", "dossier.decided"),
        ("Due soon", "dossier.due_soon"),
        ("Over term", "dossier.overdue"),
        ("Extended", "dossier.extended"),
        ("Complaints", "dossier.complaint_filed"),
    ),
    Panel(
        "Over term, share of received",
        "Budget 2 % in 30 days.",
        "percentunit",
        [("hoso:terms_bad:ratio_rate1d", "1 day"), ("hoso:terms_bad:ratio_rate3d", "3 days")],
    ),
    Panel(
        "Into and out of the house",
        "Dossiers an hour. Received above decided for days: a backlog grows.",
        "short",
        [(said("dossier.accepted"), "received"), (said("dossier.decided"), "decided")],
    ),
    Panel(
        "Supplements asked and stops",
        "An hour. They hold the term.",
        "short",
        [(said("dossier.supplement_requested"), "supplements"), (said("dossier.stopped"), "stopped")],
    ),
    Panel(
        "Results on their way",
        "An hour: stored, delivered, failed.",
        "short",
        [
            (said("delivery.document_stored"), "signed"),
            (said("delivery.result_delivered"), "delivered"),
            (said("delivery.failed"), "failed"),
        ],
    ),
    Panel(
        "Deadlines of dossiers: how late we looked",
        "Warnings come this much late.",
        "s",
        [('max by (aggregate) (hoso_deadline_late_seconds{service="submission"})', "{{aggregate}}")],
    ),
)

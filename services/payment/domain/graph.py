"""The payment as an explicit graph: every edge, and the event that says it. A test walks every handler against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas import payment as says
from schemas.event import Event


@dataclass(frozen=True, slots=True)
class Edge:
    """One step of an invoice or a refund. `source` "" is its beginning."""

    source: str
    target: str
    event: type[Event] | None


INVOICE: Final = (
    Edge("", "open", says.InvoiceOpened),
    Edge("open", "open", says.InvoiceChanged),
    Edge("open", "paid", says.PaymentReceived),
    Edge("open", "paid", says.DifferenceReceived),
    Edge("open", "paid", says.InvoiceChanged),  # recalculated down to what was paid
    Edge("open", "expired", says.InvoiceExpired),
    Edge("open", "cancelled", says.InvoiceCancelled),
    Edge("expired", "open", says.InvoiceRenewed),
    Edge("expired", "open", says.InvoiceChanged),
    Edge("expired", "paid", says.PaymentReceived),  # a late success, the dossier still lives
    Edge("expired", "paid", says.DifferenceReceived),
    Edge("expired", "paid", says.InvoiceChanged),
    Edge("expired", "cancelled", says.InvoiceCancelled),
    Edge("paid", "open", says.InvoiceChanged),  # recalculated up: the difference is asked for
    Edge("paid", "paid", says.InvoiceChanged),
)
REFUND: Final = (
    Edge("", "requested", says.RefundRequested),
    Edge("requested", "sending", says.RefundApproved),
    Edge("requested", "treasury", says.RefundApproved),
    Edge("requested", "by_hand", says.RefundApproved),
    Edge("requested", "declined", says.RefundDeclined),
    Edge("sending", "sent", says.RefundSent),
    Edge("sending", "made", says.RefundMade),
    Edge("sending", "failed", says.RefundFailed),
    Edge("sent", "made", says.RefundMade),
    Edge("sent", "failed", says.RefundFailed),
    Edge("failed", "made", says.RefundMade),  # the gateway said so after nobody could tell
    Edge("failed", "sending", says.RefundApproved),
    Edge("failed", "treasury", says.RefundApproved),
    Edge("failed", "by_hand", says.RefundApproved),
    Edge("treasury", "made", says.RefundMade),
    Edge("by_hand", "made", says.RefundMade),
)


class NoEdge(ValueError):
    """A step that the graph does not have."""


def check(edges: tuple[Edge, ...], source: str, target: str, event: type[Event] | None) -> None:
    """Raises NoEdge."""
    if Edge(source, target, event) not in edges:
        raise NoEdge(f"{source or 'nothing'} to {target} by {event.TYPE if event else 'no event'}")

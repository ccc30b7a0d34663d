"""What every service stores, for tools: migration, goldens, schemas. No service imports this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey

from chassis.document import AggregateType, Records
from law.codes import CodeSeries
from services.delivery.domain.delivery import Rules as Ways
from services.delivery.handlers import deliveries
from services.notification.effects.pruning import RECORDS
from services.notification.handlers import AGGREGATES as NOTIFICATION
from services.payment.handlers import AGGREGATES as PAYMENT
from services.portal.sessions import RECORDS as SESSIONS
from services.submission.domain.dossier import Rules
from services.submission.handlers import aggregates
from services.tracking.handlers import DOSSIERS


def kinds() -> Mapping[str, tuple[AggregateType[Any], ...]]:
    """The aggregates of each service. What decides (codes, keys, intervals) is an example: nothing is decided here."""
    rules = Rules(codes=CodeSeries(agency="000.00.12.H18"))
    return {
        "submission": aggregates(rules, (ECKey.generate_key("P-256"),), {}),
        "payment": PAYMENT,
        "notification": NOTIFICATION,
        "delivery": (deliveries(Ways()),),
        "tracking": (DOSSIERS,),
    }


def records() -> Mapping[str, tuple[Records, ...]]:
    """The collections of plain records that have indexes."""
    return {"notification": RECORDS, "portal": SESSIONS}

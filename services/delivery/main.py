"""Starts delivery: ``python -m services.delivery.main``."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.decision import Effect
from chassis.runner import Adapter
from chassis.service import Platform, Service, run
from chassis.settings import load
from services.delivery import duties
from services.delivery.api import router
from services.delivery.effects import post
from services.delivery.effects.document import MakesDocuments
from services.delivery.effects.press import Press
from services.delivery.handlers import deliveries
from services.delivery.settings import DeliverySettings


def adapters(platform: Platform, press: Press) -> Mapping[type[Effect], Adapter]:
    """The post office is one client with one token."""
    office = post.PostOffice(platform.settings)
    documents = MakesDocuments(platform, press)
    return {
        duties.RenderDocument: documents,
        duties.SignDocument: documents,
        duties.OrderConsignment: post.OrdersConsignments(office),
        duties.CancelConsignment: post.CancelsConsignments(office),
        duties.CollectPapers: post.CollectsPapers(office),
        duties.AskConsignment: post.AsksConsignments(office),
    }


def main() -> None:
    """Reads the settings and runs until SIGTERM."""
    settings = load(DeliverySettings)
    keys = settings.signing_keys.get_secret_value()
    press = Press(keys, settings.timestamp_url, settings.press_workers, settings.signing_roots)
    service = Service(
        name="delivery",
        aggregates=(deliveries(settings.rules),),
        hears={"dossier": "deliveries", "payment": "deliveries"},
        adapters=lambda platform: adapters(platform, press),
        routes=lambda platform: router(platform, press),
    )
    run(service, settings)


if __name__ == "__main__":
    main()

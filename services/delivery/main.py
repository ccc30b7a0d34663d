"""Starts delivery: ``python -m services.delivery.main``."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.decision import Effect
from chassis.runner import Adapter
from chassis.service import Platform, Service, run
from chassis.settings import load
from services.delivery.api import router
from services.delivery.effects.document import RendersDocuments
from services.delivery.effects.post import AsksConsignments, OrdersConsignments, PostOffice
from services.delivery.handlers import deliveries
from services.delivery.messages import AskConsignment, OrderConsignment, RenderDocument
from services.delivery.settings import DeliverySettings


def adapters(platform: Platform) -> Mapping[type[Effect], Adapter]:
    """The post office is one client with one token."""
    office = PostOffice(platform.settings)
    return {
        RenderDocument: RendersDocuments(platform),
        OrderConsignment: OrdersConsignments(office),
        AskConsignment: AsksConsignments(office),
    }


def main() -> None:
    """Reads the settings and runs until SIGTERM."""
    settings = load(DeliverySettings)
    service = Service(
        name="delivery",
        aggregates=(deliveries(settings.poll),),
        hears={"dossier": "deliveries", "payment": "deliveries"},
        adapters=adapters,
        routes=router,
    )
    run(service, settings)


if __name__ == "__main__":
    main()

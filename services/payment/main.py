"""Starts payment: ``python -m services.payment.main``."""

from __future__ import annotations

from collections.abc import Mapping

from chassis import series
from chassis.decision import Effect
from chassis.mailbox import Patience
from chassis.runner import Adapter
from chassis.service import Platform, Service, run
from chassis.settings import load
from services.payment.api import router
from services.payment.books import watch
from services.payment.effects.paygov import Paygov, QueriesPaygov
from services.payment.effects.receipts import Receipts, TransmitsReceipts
from services.payment.effects.vnpay import QueriesRefunds, QueriesVnpay, SendsRefunds, Vnpay
from services.payment.handlers import AGGREGATES, INVOICES
from services.payment.messages import QueryPaygov, QueryPayment, QueryRefund, SendRefund, TransmitReceipt
from services.payment.settings import PaymentSettings


def adapters(platform: Platform) -> Mapping[type[Effect], Adapter]:
    """VNPAY is one client."""
    gateway = Vnpay(platform.settings, platform.clock)
    return {
        QueryPayment: QueriesVnpay(gateway),
        QueryPaygov: QueriesPaygov(Paygov(platform.settings)),
        SendRefund: SendsRefunds(gateway),
        QueryRefund: QueriesRefunds(gateway),
        **series.adapters(platform, INVOICES.name, Patience.REST),
        TransmitReceipt: TransmitsReceipts(platform, Receipts(platform)),
    }


SERVICE = Service(
    name="payment",
    aggregates=AGGREGATES,
    hears={"dossier": "invoices", "delivery": "invoices"},
    adapters=adapters,
    routes=router,
    background=lambda platform: (watch(platform),),
)

if __name__ == "__main__":
    run(SERVICE, load(PaymentSettings))

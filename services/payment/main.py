"""Starts payment: ``python -m services.payment.main``."""

from __future__ import annotations

from chassis.series import ConfirmNumber, ConfirmsNumber, TakeNumber, TakesNumber
from chassis.service import Service, run
from chassis.settings import load
from services.payment.api import router
from services.payment.effects.vnpay import QueriesVnpay
from services.payment.handlers import AGGREGATES
from services.payment.messages import QueryPayment
from services.payment.settings import PaymentSettings

SERVICE = Service(
    name="payment",
    aggregates=AGGREGATES,
    hears={"dossier": "invoices", "delivery": "invoices"},
    adapters=lambda platform: {
        QueryPayment: QueriesVnpay(platform.settings, platform.clock),
        TakeNumber: TakesNumber(platform),
        ConfirmNumber: ConfirmsNumber(platform),
    },
    routes=router,
)

if __name__ == "__main__":
    run(SERVICE, load(PaymentSettings))

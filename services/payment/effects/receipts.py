"""Receipts as files: signed when first needed, kept from then on, handed to the tax office where one is configured."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx

from chassis.decision import Outcome
from chassis.keyring import Unopenable
from chassis.runner import Call, Permanent, Retryable
from chassis.service import Platform
from chassis.store import StoreUnavailable
from services.payment.domain.records import Receipt
from services.payment.domain.state import Invoice
from services.payment.effects import receipt_file
from services.payment.messages import ReceiptTransmitted, TransmitReceipt
from services.payment.settings import PaymentSettings

FILES: Final = "receipt_files"
PLAIN: Final = "receipts"
"""Where the release before kept them; those named nobody and are not sealed. They stay what they are."""
TIMEOUT: Final = 8
TAKEN: Final = frozenset({httpx.codes.OK, httpx.codes.CREATED, httpx.codes.ACCEPTED, httpx.codes.CONFLICT})
"""409: the tax office has this number already; numbers are never used twice."""


class NotConfigured(LookupError):
    """There is no key to sign receipts with."""


class Receipts:
    """The first file stored under a number is the receipt. It names the payer, so it is sealed under the dossier's key:
    once that is erased the file cannot be read, and number, lines and sum stay in the invoice."""

    def __init__(self, platform: Platform) -> None:
        self._settings: PaymentSettings = platform.settings
        self._keyring = platform.keyring
        self._files = platform.store.files(FILES)
        self._plain = platform.store.files(PLAIN)
        self._one = asyncio.Semaphore(2)

    async def xml(self, invoice: Invoice, receipt: Receipt) -> bytes:
        """The signed file. Raises NotConfigured, StoreUnavailable, Unopenable."""
        name, dossier = str(receipt.number), invoice.dossier_id
        kept = await self._files.get(name)
        if kept is None:
            plain = await self._plain.get(name)
            if plain is not None:
                return plain[0]
            signed = await self._signed(invoice, receipt)
            await self._keyring.ensure([dossier])
            await self._files.put(name, self._keyring.encrypt(dossier, name, signed), {"dossier": dossier})
            kept = await self._files.get(name)
        if kept is None:
            raise LookupError("the receipt is not where it was just put")
        await self._keyring.fetch([dossier])
        return self._keyring.decrypt(dossier, name, kept[0])

    async def pdf(self, invoice: Invoice, receipt: Receipt) -> bytes:
        """The view, as the receipt stands now: a cancelled one says so. Raises as `xml` does."""
        xml = await self.xml(invoice, receipt)
        payer = await self._payer(invoice)
        async with self._one:
            return await asyncio.to_thread(
                receipt_file.pdf, receipt, invoice.number, self._settings.receipt_layout, xml, payer
            )

    async def _payer(self, invoice: Invoice) -> str | None:
        return None if invoice.payer is None else await self._keyring.open(invoice.dossier_id, invoice.payer)

    async def _signed(self, invoice: Invoice, receipt: Receipt) -> bytes:
        key, certificate = self._settings.receipt_key.get_secret_value(), self._settings.receipt_certificate
        if not key or not certificate:
            raise NotConfigured("PAYMENT_RECEIPT_KEY and PAYMENT_RECEIPT_CERTIFICATE are not set")
        payer = await self._payer(invoice)
        xml = receipt_file.unsigned(receipt, invoice.number, self._settings.receipt_layout, payer)
        return await asyncio.to_thread(receipt_file.sign, xml, key, certificate)


class TransmitsReceipts:
    """Adapter of `TransmitReceipt`. The tax office knows a receipt by its number, so it may be sent again."""

    def __init__(self, platform: Platform, receipts: Receipts) -> None:
        self._platform = platform
        self._receipts = receipts
        self._url = platform.settings.receipt_tax_url
        self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)

    def known(self, effect: TransmitReceipt) -> Outcome | None:
        """Without a configured office there is nothing to do."""
        if self._url is not None:
            return None
        return ReceiptTransmitted(receipt=effect.receipt, taken=False, status=effect.status)

    async def execute(self, effect: TransmitReceipt, call: Call) -> Outcome:
        """Raises Retryable while the office does not take it."""
        try:
            doc = await self._platform.engine("invoices").read(call.aggregate)
            invoice: Invoice | None = doc.state if doc else None
            receipt = next((r for r in invoice.receipts if r.id == effect.receipt), None) if invoice else None
            if invoice is None or receipt is None:
                raise Permanent("invalid", "there is no such receipt")
            xml = await self._receipts.xml(invoice, receipt)
            call.check()
            headers = {"content-type": "application/xml", "receipt-number": str(receipt.number)}
            answer = await self._client.put(
                f"{self._url}/{receipt.number}/{effect.status}", content=xml, headers=headers
            )
        except Unopenable as error:
            raise Permanent("erased", str(error)) from error
        except (httpx.HTTPError, StoreUnavailable) as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        if answer.status_code not in TAKEN:
            raise Retryable(f"the tax office answered {answer.status_code}")
        return ReceiptTransmitted(receipt=effect.receipt, taken=True, status=effect.status)

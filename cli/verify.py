"""``hoso verify``: whether a result document is whole, signed, and in force."""

from __future__ import annotations

import asyncio
import hashlib
import io
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from cli.platform import address

console = Console()


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the PDF")],
    trust: Annotated[Path | None, typer.Option(exists=True, help="PEM of the authorities to trust")] = None,
    url: Annotated[str | None, typer.Option(help="delivery's address; without it that of the running platform")] = None,
) -> None:
    """Check each signature of a result document, and ask the office whether it is in force."""
    pdf = file.read_bytes()
    signatures = asyncio.run(_signatures(pdf, trust.read_bytes() if trust else None))
    office = _office(pdf, url or address("delivery"))
    raise typer.Exit(0 if signatures and office else 1)


async def _signatures(pdf: bytes, trust: bytes | None) -> bool:
    # Half a second to import, which every other command would pay.
    from pyhanko.keys import load_certs_from_pemder_data  # noqa: PLC0415
    from pyhanko.pdf_utils.misc import PdfReadError  # noqa: PLC0415
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415
    from pyhanko.sign.validation import DocumentSecurityStore, async_validate_pdf_signature  # noqa: PLC0415
    from pyhanko.sign.validation.errors import NoDSSFoundError  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    roots = list(load_certs_from_pemder_data(trust)) if trust else None
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        found = reader.embedded_signatures
        strict = {"trust_roots": roots, "revocation_mode": "require"}
        context = DocumentSecurityStore.read_dss(reader).as_validation_context(strict)
    except NoDSSFoundError:
        context = ValidationContext(trust_roots=roots, revocation_mode="soft-fail")
    except PdfReadError as error:
        console.print(f"[red]no readable PDF: {error}")
        return False
    good = True
    for signature in found:
        status = await async_validate_pdf_signature(
            signature, signer_validation_context=context, ts_validation_context=context
        )
        whole = status.valid and status.intact
        good = good and (status.bottom_line if trust else whole)
        who = status.signing_cert.subject.native["common_name"]
        console.print(f"{'[green]whole' if whole else '[red]changed'}[/] {who}, trusted: {status.trusted}")
    if not found:
        console.print("no signature")
    return good


def _office(pdf: bytes, url: str) -> bool:
    try:
        answer = httpx.post(f"{url}/verification", content=pdf, timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        console.print(f"[red]the office does not answer: {type(error).__name__}")
        return False
    if not answer.is_success:
        console.print(
            f"[red]not issued by this office, or changed since[/] (SHA-256 {hashlib.sha256(pdf).hexdigest()})"
        )
        return False
    found = answer.json()
    console.print(f"{found['status']}: {found['title']}, {found.get('number', '')}, code {found['code']}")
    return bool(found["status"] == "valid")

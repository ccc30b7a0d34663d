"""PAdES signatures (ETSI EN 319 142-1) through pyHanko, at the baseline level that is configured.

B-B; B-T with a time-stamp authority; B-LT where also the roots are named under which certificates are vouched for: then
what the authorities answered stands in the document, and it can be validated when they answer no more.
Each signature is an incremental update: what was signed before stays as it is, byte for byte.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Final

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator import ValidationContext

from services.delivery.effects.signing.places import name_of
from services.delivery.messages import Role, Signature

RESERVED: Final = 16_384
"""Hex digits kept for a signature with its chain and a time stamp; without it pyHanko signs twice to find out."""
FIELDS: Final[dict[Role, str]] = {"leader": "ThuTruong", "agency": "CoQuan"}
BOXES: Final[dict[Role, tuple[int, int, int, int]]] = {"leader": (343, 128, 530, 178), "agency": (296, 118, 361, 184)}
"""Where the page shows them (template `result.typ`), in points from below left; the appearance is the page's own."""
NOTHING: Final = TextStampStyle(stamp_text="", border_width=0)


async def sign(
    pdf: bytes,
    role: Role,
    signer: signers.Signer,
    stamper: HTTPTimeStamper | None,
    context: ValidationContext | None = None,
    *,
    visible: bool,
) -> tuple[bytes, Signature]:
    """The document with one more signature, and with `context` what it learned of its certificates."""
    spec = SigFieldSpec(FIELDS[role], box=BOXES[role] if visible else None)
    details = signers.PdfSignatureMetadata(
        field_name=FIELDS[role],
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        validation_context=context,
        embed_validation_info=context is not None,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    out = io.BytesIO()
    at = datetime.now(UTC)
    pdf_signer = signers.PdfSigner(
        details, signer, timestamper=stamper, stamp_style=NOTHING if visible else None, new_field_spec=spec
    )
    await pdf_signer.async_sign_pdf(writer, output=out, bytes_reserved=RESERVED)
    if signer.signing_cert is None:
        raise ValueError("a signer without a certificate")
    name = name_of(signer.signing_cert)
    return out.getvalue(), Signature(role=role, signer=name, at=at, stamped=stamper is not None)

"""PAdES signatures (ETSI EN 319 142-1, baseline B-B; B-T where a time-stamp authority is set) through pyHanko.

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

from services.delivery.messages import Role, Signature

RESERVED: Final = 16_384
"""Hex digits kept for a signature with its chain and a time stamp; without it pyHanko signs twice to find out."""
FIELDS: Final[dict[Role, str]] = {"leader": "ThuTruong", "agency": "CoQuan"}
BOXES: Final[dict[Role, tuple[int, int, int, int]]] = {"leader": (343, 128, 530, 178), "agency": (296, 118, 361, 184)}
"""Where the page shows them (template `result.typ`), in points from below left; the appearance is the page's own."""
NOTHING: Final = TextStampStyle(stamp_text="", border_width=0)


async def sign(
    pdf: bytes, role: Role, signer: signers.Signer, stamper: HTTPTimeStamper | None, *, visible: bool
) -> tuple[bytes, Signature]:
    """The document with one more signature."""
    spec = SigFieldSpec(FIELDS[role], box=BOXES[role] if visible else None)
    details = signers.PdfSignatureMetadata(
        field_name=FIELDS[role], subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    out = io.BytesIO()
    at = datetime.now(UTC)
    pdf_signer = signers.PdfSigner(
        details, signer, timestamper=stamper, stamp_style=NOTHING if visible else None, new_field_spec=spec
    )
    await pdf_signer.async_sign_pdf(writer, output=out, bytes_reserved=RESERVED)
    return out.getvalue(), Signature(role=role, signer=name_of(signer), at=at, stamped=stamper is not None)


def name_of(signer: signers.Signer) -> str:
    """The common name in its certificate."""
    certificate = signer.signing_cert
    if certificate is None:
        raise ValueError("a signer without a certificate")
    return str(certificate.subject.native.get("common_name", certificate.subject.human_friendly))

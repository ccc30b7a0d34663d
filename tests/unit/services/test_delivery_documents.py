"""Result documents as files: signatures by pyHanko's validator, codes by an independent decoder, pages as text."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pypdfium2
import pytest
import pytest_asyncio
import zxingcpp
from asn1crypto import x509
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from deploy.local import testca
from services.delivery.domain.delivery import Rules
from services.delivery.effects import label, wording
from services.delivery.effects.press import Page, Press, PressBroken, Printed, names
from services.delivery.effects.signing.places import SignerRefused, signer_of
from services.delivery.messages import Role
from services.delivery.settings import DeliverySettings

from .deliveries import golden, travelling

KEYS = testca.keys()
PLACES = json.dumps(KEYS)
BOTH: tuple[Role, ...] = ("leader", "agency")
CODE = "ABCD-EFGH-IJKL-MN23"
QR = f"https://hoso.dienbien.gov.vn/verify/{CODE}"
HOLDER = "Lường Thị Ngọc Quỳnh, Hoàng Sĩ Thưởng"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def press() -> AsyncIterator[Press]:
    found = Press(PLACES, None, 1)
    yield found
    found.close()


def page(template: str, *, signed: bool = True, outcome: str = "approved") -> Page:
    result = golden("dossier", "result_issued").model_copy(update={"outcome": outcome, "reason": "Chưa đủ điều kiện"})
    data = wording.content(
        result,
        HOLDER,
        template=template,
        code=CODE,
        address="hoso.dienbien.gov.vn/verify",
        note=None,
        signers=names(PLACES, None, BOTH) if signed else None,
    )
    return Page(template="result.typ", data=data, qr=QR, roles=BOTH if signed else ())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def signed(press: Press) -> Printed:
    return await press.make(page("certificate"))


async def judged(pdf: bytes) -> list[PdfSignatureStatus]:
    roots = list(load_certs_from_pemder_data(KEYS["leader"]["chain"].encode()))
    context = ValidationContext(trust_roots=roots, revocation_mode="soft-fail")
    reader = PdfFileReader(io.BytesIO(pdf))
    return [
        await async_validate_pdf_signature(s, signer_validation_context=context) for s in reader.embedded_signatures
    ]


async def test_both_signatures_are_valid_and_the_second_left_the_first_untouched(signed: Printed) -> None:
    leader, agency = await judged(signed.pdf)
    assert leader.bottom_line
    assert agency.bottom_line
    assert agency.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert leader.modification_level == ModificationLevel.FORM_FILLING
    assert [s.role for s in signed.signatures] == ["leader", "agency"]
    certificate: x509.Certificate = agency.signing_cert
    assert certificate.subject.native["common_name"] == signed.signatures[1].signer


def uncovered(pdf: bytes) -> range:
    """Where the last signature itself stands: the one part of a file that none covers. The office's hash does."""
    _, before, after, _ = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[-1].byte_range
    return range(before, after)


async def broken(pdf: bytes, where: int) -> bool:
    changed = pdf[:where] + bytes([pdf[where] ^ 1]) + pdf[where + 1 :]
    try:
        found = await judged(changed)
    except Exception:  # noqa: BLE001 - a file that cannot be read any more is no valid one either
        return True
    return len(found) < len(BOTH) or not all(status.bottom_line for status in found)


async def test_any_changed_byte_breaks_it(signed: Printed) -> None:
    hole = uncovered(signed.pdf)
    places = [where for where in range(len(signed.pdf)) if where not in hole]
    for where in random.sample(places, 60):
        assert await broken(signed.pdf, where), f"byte {where} of {len(signed.pdf)}"


async def test_a_changed_signature_is_none(signed: Printed) -> None:
    """The digest and the signature's value lie at the end of the DER, before the zeros that fill the place."""
    hole = uncovered(signed.pdf)
    end = hole.start + len(signed.pdf[hole.start : hole.stop].rstrip(b"0>"))
    assert all([await broken(signed.pdf, where) for where in range(end - 120, end, 7)])


async def test_what_is_added_after_the_signatures_is_noticed(signed: Printed) -> None:
    from pyhanko.pdf_utils.generic import pdf_name, pdf_string  # noqa: PLC0415
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415

    writer = IncrementalPdfFileWriter(io.BytesIO(signed.pdf))
    writer.root[pdf_name("/Lang")] = pdf_string("en")
    writer.update_root()  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    assert not all(status.bottom_line for status in await judged(out.getvalue()))


@pytest.mark.parametrize(
    ("template", "outcome", "words"),
    [
        ("certificate", "approved", "GIẤY CHỨNG NHẬN"),
        ("licence", "approved", "GIẤY PHÉP"),
        ("card", "approved", "THẺ HƯỚNG DẪN VIÊN DU LỊCH"),
        ("reply", "approved", "Kính gửi"),
        ("certificate", "refused", "Lý do: Chưa đủ điều kiện"),
    ],
)
async def test_a_page_says_who_what_and_where_to_check(press: Press, template: str, outcome: str, words: str) -> None:
    made = await press.make(page(template, signed=False, outcome=outcome))
    reader = PdfReader(io.BytesIO(made.pdf))
    (only,) = reader.pages
    text = " ".join(only.extract_text().split())
    for word in (words, HOLDER, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "1/2026/SVHTTDL"):
        assert word in text
    assert [round(float(side) / 72 * 2.54, 1) for side in only.mediabox[2:]] == [21.0, 29.7]
    assert read(made.pdf)[QR] == "QR Code"
    assert all(found >= asked for found, asked in zip(ink_margins(made.pdf), (2.5, 1.5, 1.5, 1.5), strict=True))


async def test_a_label_s_bars_are_the_item_number(press: Press) -> None:
    state = travelling(Rules(fee=35_000)).at
    made = await press.make(label.page(state, HOLDER, "+84912345678", "Số 12, tổ 5"))
    found = read(made.pdf)
    assert found == {"RA473124829VN": "Code 128"} or set(found) == {"RA473124829VN"}
    text = " ".join(PdfReader(io.BytesIO(made.pdf)).pages[0].extract_text().split())
    for word in (HOLDER, "Phường Điện Biên Phủ", "35.000 đồng", "+84912345678"):
        assert word in text


async def test_a_scan_is_sealed_as_it_is(press: Press) -> None:
    scan = (await press.make(page("reply", signed=False))).pdf
    made = await press.make(Page(scan=scan, roles=("agency",)))
    assert made.pdf.startswith(scan)
    (agency,) = await judged(made.pdf)
    assert agency.bottom_line


async def test_a_press_that_was_killed_is_started_again(press: Press) -> None:
    await press.make(page("reply", signed=False))
    pool = press._pool
    assert pool is not None
    for process in list(pool._processes.values()):
        process.kill()
    with pytest.raises(PressBroken):
        await press.make(page("reply", signed=False))
    assert (await press.make(page("reply", signed=False))).pdf.startswith(b"%PDF-")


async def test_a_page_that_takes_too_long_does_not_hold_up_the_next(press: Press) -> None:
    await press.make(page("reply", signed=False))
    pool, long = press._pool, page("certificate")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await asyncio.gather(*(press.make(long) for _ in range(40)))
    assert (await press.make(page("reply", signed=False))).pdf.startswith(b"%PDF-")
    assert press._pool is not pool


def test_a_role_without_a_key_is_refused_and_an_officer_s_own_key_goes_first() -> None:
    assert signer_of({"leader": 1, "leader:anh": 2}, "leader", "anh") == "leader:anh"
    assert signer_of({"leader": 1, "leader:anh": 2}, "leader", "bình") == "leader"
    with pytest.raises(SignerRefused):
        signer_of({"leader": 1}, "agency", None)


def bitmap(pdf: bytes, scale: float) -> Any:
    return pypdfium2.PdfDocument(pdf)[0].render(scale=scale, grayscale=True).to_numpy().squeeze()


def read(pdf: bytes) -> dict[str, str]:
    """What ZXing reads off the printed page at 200 dpi, with the kind of code."""
    return {found.text: str(found.format) for found in zxingcpp.read_barcodes(bitmap(pdf, 200 / 72))}


def ink_margins(pdf: bytes) -> tuple[float, float, float, float]:
    """Left, right, top, bottom, in cm."""
    dark = bitmap(pdf, 1.0) < 200
    columns, rows = dark.any(axis=0).nonzero()[0], dark.any(axis=1).nonzero()[0]
    height, width = dark.shape
    points = (columns[0], width - 1 - columns[-1], rows[0], height - 1 - rows[-1])
    left, right, top, bottom = (float(p) / 72 * 2.54 for p in points)
    return left, right, top, bottom


def test_roots_without_a_time_stamp_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"KAFKA_BOOTSTRAP_SERVERS": "k:1", "MONGODB_URL": "mongodb://s", "OIDC_ISSUER": "http://i"}
    given["HOSO_MASTER_KEY"] = base64.b64encode(bytes(32)).decode()
    for name, value in {
        "PORT": "1",
        "POST_URL": "http://p",
        "POST_USERNAME": "u",
        "POST_PASSWORD": "p",
        "POST_CUSTOMER_CODE": "c",
        "POST_CALLBACK_SECRET": "s" * 16,
        "PUBLIC_URL": "http://d",
        "SIGNING_KEYS": PLACES,
        "SIGNING_ROOTS": KEYS["leader"]["chain"],
    }.items():
        given[f"DELIVERY_{name}"] = value
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="needs DELIVERY_TIMESTAMP_URL"):
        DeliverySettings()
    monkeypatch.setenv("DELIVERY_TIMESTAMP_URL", "http://t")
    assert DeliverySettings().signing_roots == KEYS["leader"]["chain"]

"""Keys in a PKCS#11 token: SoftHSM stands for the HSM, and is reached as one, through its module."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.pkcs11 import open_pkcs11_session
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfWriter

from deploy.local import certificates, testca
from deploy.local.install import softhsm_module
from services.delivery.effects.press import Page, Press
from services.delivery.effects.signing import tokens
from services.delivery.effects.signing.keys import open_place
from services.delivery.effects.signing.places import PLACES, SignerAway, SignerRefused

TOKEN, PIN = "hoso", "834512"


@dataclass
class Hsm:
    """A token with the keys of leader and agency."""

    folder: Path
    places: dict[str, dict[str, str]]
    root: str

    def place(self, role: str, **changes: str) -> Any:
        return PLACES.validate_python({role: {**self.places[role], **changes}})[role]


def softhsm(*arguments: str) -> None:
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hsm]:
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        softhsm("--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "99887766")
        authority = testca.certified("CA of the token", None)
        places = {}
        for number, (role, name) in enumerate(testca.NAMES.items(), 1):
            software = testca.place(testca.certified(name, authority), authority)
            pem = folder / f"{role}.pem"
            pem.write_text(software["key"])
            softhsm(
                "--import", str(pem), "--token", TOKEN, "--label", f"{role}-2026", "--id", f"0{number}", "--pin", PIN
            )
            pem.unlink()
            places[role] = {
                "kind": "pkcs11",
                "module": str(softhsm_module()),
                "token": TOKEN,
                "key": f"{role}-2026",
                "pin": PIN,
                "certificate": software["certificate"],
                "chain": software["chain"],
            }
        yield Hsm(folder, places, certificates.pem(authority[1]))
        tokens.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def press(hsm: Hsm) -> AsyncIterator[Press]:
    found = Press(json.dumps(hsm.places), None, 1)
    yield found
    found.close()


def scan() -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(595, 842)
    writer.write(out)
    return out.getvalue()


async def test_both_keys_of_a_token_sign_and_both_signatures_are_valid(hsm: Hsm, press: Press) -> None:
    for _ in range(2):
        made = await press.make(Page(scan=scan(), roles=("leader", "agency")))
        context = ValidationContext(trust_roots=list(load_certs_from_pemder_data(hsm.root.encode())))
        found = PdfFileReader(io.BytesIO(made.pdf)).embedded_signatures
        judged = [await async_validate_pdf_signature(s, signer_validation_context=context) for s in found]
        assert [s.bottom_line for s in judged] == [True, True]
        assert [s.signer for s in made.signatures] == list(testca.NAMES.values())


def test_a_wrong_pin_is_refused_and_shown_once(hsm: Hsm, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.close()  # who is logged in already shows no PIN
    shown: list[str] = []
    opens = open_pkcs11_session

    def counted(*arguments: Any, **options: Any) -> Any:
        shown.append(options["user_pin"])
        return opens(*arguments, **options)

    monkeypatch.setattr(tokens, "open_pkcs11_session", counted)
    for role in ("leader", "agency", "leader"):
        with pytest.raises(SignerRefused, match="PIN"):
            open_place(hsm.place(role, pin="000000"))
    assert shown == ["000000"]
    open_place(hsm.place("leader"))


def test_a_key_the_token_does_not_have_is_refused_by_name(hsm: Hsm) -> None:
    with pytest.raises(SignerRefused, match="leader-2031"):
        open_place(hsm.place("leader", key="leader-2031"))


async def test_a_token_that_was_pulled_is_away_and_signs_when_it_is_back(hsm: Hsm) -> None:
    with pytest.raises(SignerAway):
        open_place(hsm.place("leader", token="another"))
    signer = open_place(hsm.place("leader"))
    assert isinstance(signer, tokens.TokenSigner)
    assert await signer.async_sign_raw(b"x", "sha256")
    signer.pkcs11_session.close()
    with pytest.raises(SignerAway):
        await signer.async_sign_raw(b"x", "sha256")
    again = open_place(hsm.place("leader"))
    assert await again.async_sign_raw(b"x", "sha256")

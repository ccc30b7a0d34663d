"""``python -m simulators.signing_service``: signatures, time stamps and OCSP answers on SIGNER_PORT."""

from __future__ import annotations

import asyncio
import base64
import hmac
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import uvicorn
from asn1crypto import keys, pem, tsp, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509 import load_pem_x509_certificate
from fastapi import FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from pyhanko.sign.timestamps import DummyTimeStamper

from simulators.signing_service.authority import Authority

HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


class Key(BaseModel):
    """A key in PEM, and the certificate a time stamp carries."""

    key: SecretStr
    certificate: str = ""


class Settings(BaseSettings):
    """`SIGNER_KEYS`: JSON, name to key. The one called ``tsa`` stamps, the one called ``ca`` vouches for the others."""

    model_config = SettingsConfigDict(env_prefix="SIGNER_")

    host: str = "127.0.0.1"
    port: int
    secret: SecretStr
    keys: dict[str, Key]


class Asked(BaseModel):
    """Body of /sign."""

    model_config = ConfigDict(extra="forbid")

    key: str
    requestId: Annotated[str, Field(min_length=8, max_length=100)]  # noqa: N815 - the API's own name
    algorithm: Literal["sha256", "sha384", "sha512"]
    digest: Annotated[str, Field(max_length=100)]


class Faults(BaseModel):
    """What to do wrong; `*_next` are counts. `lose_answer_next`: it is signed, the answer is an error.

    `mute`: nobody is vouched for.
    """

    model_config = ConfigDict(extra="forbid")

    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    error_next: int = 0
    refuse_next: int = 0
    lose_answer_next: int = 0
    mute: bool = False

    def take(self, name: str) -> bool:
        """Uses up one of a counted fault."""
        left: int = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class Service:
    """The keys, what was signed, the faults."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.signed: dict[str, tuple[bytes, bytes]] = {}
        self.stamps = 0
        ca = settings.keys.get("ca")
        self.authority = Authority(_elliptic(ca), load_pem_x509_certificate(ca.certificate.encode())) if ca else None

    def sign(self, asked: Asked) -> bytes:
        """The signature of a digest, once for each request id."""
        found = self.settings.keys.get(asked.key)
        if found is None or asked.key in {"tsa", "ca"}:
            raise HTTPException(404, f"no key {asked.key}")
        digest = base64.b64decode(asked.digest, validate=True)
        known = self.signed.get(asked.requestId)
        if known is not None and known[0] != digest:
            raise HTTPException(409, "another digest under the same request id")
        if known is None:
            signature = _elliptic(found).sign(digest, ec.ECDSA(utils.Prehashed(HASHES[asked.algorithm])))
            known = self.signed[asked.requestId] = (digest, signature)
        return known[1]


def create_app(settings: Settings) -> FastAPI:
    """Both services and their control API."""
    service = Service(settings)
    app = FastAPI(title="Signing service (simulated)")

    @app.post("/sign")
    async def sign(asked: Asked, authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
        expected = f"Bearer {settings.secret.get_secret_value()}"
        if not hmac.compare_digest(expected.encode(), authorization.encode()):
            raise HTTPException(401, "wrong secret")
        await asyncio.sleep(service.faults.latency_ms / 1000)
        if service.faults.take("error_next"):
            raise HTTPException(503, "error on demand")
        if service.faults.take("refuse_next"):
            raise HTTPException(403, "refused on demand")
        signature = service.sign(asked)
        if service.faults.take("lose_answer_next"):
            raise HTTPException(502, "the answer was lost on demand")
        return {"requestId": asked.requestId, "signature": base64.b64encode(signature).decode()}

    @app.post("/tsa")
    async def stamp(request: Request) -> Response:
        if service.faults.take("error_next"):
            raise HTTPException(503, "error on demand")
        found = settings.keys["tsa"]
        stamper = DummyTimeStamper(_certificate(found.certificate), _private(found.key.get_secret_value()))
        answer = stamper.request_tsa_response(tsp.TimeStampReq.load(await request.body()))
        service.stamps += 1
        return Response(answer.dump(), media_type="application/timestamp-reply")

    @app.post("/ocsp")
    async def vouch(request: Request) -> Response:
        if service.authority is None or service.faults.mute:
            raise HTTPException(503, "there is no authority, or it is mute on demand")
        answer = service.authority.answer(await request.body(), datetime.now(UTC))
        return Response(answer, media_type="application/ocsp-response")

    _control(app, service)
    return app


def _control(app: FastAPI, service: Service) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.post("/control/faults")
    async def set_faults(faults: Faults) -> Faults:
        service.faults = faults
        return faults

    @app.post("/control/revoke/{key}", status_code=204)
    async def revoke(key: str) -> None:
        if service.authority is None or key not in service.settings.keys:
            raise HTTPException(404, f"no key {key}, or no authority")
        service.authority.revoke(load_pem_x509_certificate(service.settings.keys[key].certificate.encode()))

    @app.get("/control/signed")
    async def signed() -> dict[str, int]:
        asked = service.authority.asked if service.authority else 0
        return {"signatures": len(service.signed), "stamps": service.stamps, "asked": asked}


def _elliptic(key: Key) -> ec.EllipticCurvePrivateKey:
    private = serialization.load_pem_private_key(key.key.get_secret_value().encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise HTTPException(500, "not an elliptic-curve key")
    return private


def _certificate(text: str) -> x509.Certificate:
    return x509.Certificate.load(pem.unarmor(text.encode())[2])


def _private(text: str) -> keys.PrivateKeyInfo:
    return keys.PrivateKeyInfo.load(pem.unarmor(text.encode())[2])


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(create_app(found), host=found.host, port=found.port, log_level="warning", timeout_graceful_shutdown=2)

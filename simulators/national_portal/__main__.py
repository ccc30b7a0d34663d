"""``python -m simulators.national_portal``: POST /login, POST /services; GET /dossiers shows what it holds."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any, Final

import uvicorn
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

INSTANT: Final = re.compile(r"\d{14}|")
REQUIRED: Final = ("MaHoSo", "MaTTHC", "TenTTHC", "ChuHoSo", "NgayTiepNhan", "TrangThaiHoSo", "DonViXuLy")
INSTANTS: Final = ("NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy")
STATUSES: Final = {str(n) for n in range(1, 11)}
TAKEN, UNKNOWN, TWICE, WRONG = "00", "01", "02", "03"


class Settings(BaseSettings):
    """Who may log in, and what a citizen is in LoaiDoiTuong (1 and 2, or 0 and 1)."""

    model_config = SettingsConfigDict(env_prefix="NATIONAL_SIM_")

    host: str = "127.0.0.1"
    port: int
    username: str
    secret: SecretStr
    dstcode: str
    agency: str
    kinds: tuple[str, ...] = ("1", "2")


class Login(BaseModel):
    """As the API takes it."""

    username: str
    secret: str


class Request(BaseModel):
    """As the API takes it: one service, with its data."""

    session: str
    madonvi: str
    service: str
    isUpdating: str | None = None  # noqa: N815 - the API's own name
    data: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]


class Control(BaseModel):
    """How it fails: `away` answers 503 that many times; `forget` ends every session now; `refuse` refuses records."""

    away: Annotated[int, Field(ge=0, le=1000)] = 0
    forget: bool = False
    refuse: bool = False


class National:
    """What the portal holds, by dossier code."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sessions: set[str] = set()
        self.records: dict[str, dict[str, Any]] = {}
        self.steps: dict[str, list[dict[str, Any]]] = {}
        self.control = Control()
        self.logins = 0
        self.refused = 0

    def log_in(self, login: Login, dstcode: str) -> dict[str, Any]:
        """A session."""
        known = secrets.compare_digest(login.secret, self.settings.secret.get_secret_value())
        if not known or login.username != self.settings.username or dstcode != self.settings.dstcode:
            return {"error_code": UNKNOWN, "message": "Sai tài khoản"}
        self.logins += 1
        session = secrets.token_hex(8)
        self.sessions.add(session)
        return {"error_code": TAKEN, "session": session}

    def answer(self, request: Request) -> dict[str, Any]:
        """What a service answers. Raises HTTPException 401 for a session that is over."""
        if request.session not in self.sessions or request.madonvi != self.settings.agency:
            raise HTTPException(401, "session")
        services = {"TraCuuHoSo": self._found, "DongBoHoSoMC": self._synced, "CapNhatTienDoHoSoMC": self._stepped}
        service = services.get(request.service)
        if service is None:
            return _said(UNKNOWN, f"không có dịch vụ {request.service}")
        return service(request)

    def _found(self, request: Request) -> dict[str, Any]:
        found = self.records.get(str(request.data[0].get("MaHoSo")))
        return {**_said(TAKEN, ""), "data": [found]} if found else _said(UNKNOWN, "không có hồ sơ")

    def _synced(self, request: Request) -> dict[str, Any]:
        for record in request.data:
            code, wrong = str(record.get("MaHoSo")), self._wrong(record)
            if wrong or self.control.refuse:
                self.refused += 1
                return _said(WRONG, f"sai {wrong}")
            if (request.isUpdating == "True") != (code in self.records):
                return _said(TWICE, "isUpdating")
            self.records[code] = record
        return _said(TAKEN, "")

    def _stepped(self, request: Request) -> dict[str, Any]:
        for step in request.data:
            code = str(step.get("MaHoSo"))
            if code not in self.records:
                return _said(UNKNOWN, "không có hồ sơ")
            if step.get("TrangThai") not in STATUSES or not INSTANT.fullmatch(str(step.get("ThoiDiemXuLy"))):
                return _said(WRONG, "sai tiến độ")
            self.steps.setdefault(code, []).append(step)
        return _said(TAKEN, "")

    def _wrong(self, record: dict[str, Any]) -> str:
        """The first field that is not as the API has it, or nothing."""
        missing = [name for name in REQUIRED if not record.get(name)]
        dates = [name for name in INSTANTS if not INSTANT.fullmatch(str(record.get(name, "")))]
        kinds = [] if record.get("LoaiDoiTuong") in self.settings.kinds else ["LoaiDoiTuong"]
        statuses = [] if record.get("TrangThaiHoSo") in STATUSES else ["TrangThaiHoSo"]
        return next(iter([*missing, *dates, *kinds, *statuses]), "")


def _said(code: str, message: str) -> dict[str, Any]:
    return {"error_code": code, "message": message}


def create_app(settings: Settings) -> FastAPI:
    """The API and its control."""
    national = National(settings)
    app = FastAPI(title="National portal (simulated)")

    def there() -> None:
        if national.control.away:
            national.control.away -= 1
            raise HTTPException(503, "away")

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/login")
    async def login(body: Login, dstcode: Annotated[str, Header()] = "") -> dict[str, Any]:
        there()
        return national.log_in(body, dstcode)

    @app.post("/services")
    async def services(body: Request) -> dict[str, Any]:
        there()
        return national.answer(body)

    @app.get("/dossiers")
    async def dossiers() -> dict[str, Any]:
        held = {
            code: {"record": national.records[code], "steps": national.steps.get(code, [])} for code in national.records
        }
        return {"logins": national.logins, "refused": national.refused, "dossiers": held}

    @app.post("/control")
    async def control(body: Control) -> Control:
        national.control = body
        if body.forget:
            national.sessions.clear()
        return body

    return app


if __name__ == "__main__":
    found = Settings()
    uvicorn.run(create_app(found), host=found.host, port=found.port, log_level="warning", timeout_graceful_shutdown=2)

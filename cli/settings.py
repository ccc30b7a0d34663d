"""Where the tools find the store and the master keys: in the environment, else at the platform that is up here."""

from __future__ import annotations

import base64
import hmac
import json
import os

import typer
from rich.console import Console

from chassis.keyring import KEY_BYTES
from chassis.settings import MasterSettings, StoreSettings, load
from cli.platform import running


def store_settings() -> StoreSettings:
    """Exits, saying what to do, when neither MONGODB_URL nor a running platform is at hand."""
    if "MONGODB_URL" in os.environ:
        return load(StoreSettings)
    _, addresses = running("store")
    return StoreSettings.model_validate({"MONGODB_URL": addresses["store"], **_given("HOSO_DATABASE_PREFIX")})


def master_settings() -> MasterSettings:
    """As `store_settings`; a platform that is up here made its first master key itself."""
    if any(name in os.environ for name in ("MONGODB_URL", "HOSO_MASTER_KEY")):
        return load(MasterSettings)
    run, _ = running("store")
    secrets = json.loads((run / "secrets.json").read_text())
    others = _given("HOSO_MASTER_KEYS", "HOSO_MASTER_KEY_ID")
    return MasterSettings.model_validate({"HOSO_MASTER_KEY": secrets["master"], **others})


def backup_key(*, keyring: bool) -> bytes:
    """What copies are encrypted with: 32 bytes in base64 in the environment. Exits, saying what to set."""
    variable, other = "HOSO_BACKUP_KEY", "HOSO_KEYRING_BACKUP_KEY"
    if keyring:
        variable, other = other, variable
    key = _decoded(variable)
    if key is None:
        Console(stderr=True).print(
            f"setting {variable}: must be set to {KEY_BYTES} bytes in base64, as `openssl rand -base64 {KEY_BYTES}` "
            "makes them; keep it where the copies are not",
            style="red",
            markup=False,
        )
        raise typer.Exit(2)
    if hmac.compare_digest(key, _decoded(other) or b""):
        Console(stderr=True).print(f"setting {variable}: must differ from {other}", style="red", markup=False)
        raise typer.Exit(2)
    return key


def _decoded(variable: str) -> bytes | None:
    try:
        key = base64.b64decode(os.environ.get(variable, ""), validate=True)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def _given(*names: str) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}

"""Where the tools find the store and the master keys: in the environment, else at the platform that is up here."""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Collection
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr
from rich.console import Console

from chassis.kafka import Bootstrap
from chassis.keyring import KEY_BYTES
from chassis.settings import KafkaSettings, MasterSettings, StoreSettings, load
from cli.platform import running
from deploy.access.rights import ADMIN
from deploy.local.locks import Locks


def store_settings(user: str) -> StoreSettings:
    """As `user` of the databases connects, to a platform that is up here; with MONGODB_URL set, as that says.

    Exits, saying what to do, when neither is at hand.
    """
    if "MONGODB_URL" in os.environ:
        return load(StoreSettings)
    run, addresses = running("store")
    found = StoreSettings.model_validate({"MONGODB_URL": addresses["store"], **_given("HOSO_DATABASE_PREFIX")})
    locks = Locks.of(run)
    if locks is None:
        return found
    name = user if user == ADMIN else f"{found.database_prefix}_{user}"
    url = locks.store(urlsplit(addresses["store"]).netloc, name)
    return found.model_copy(update={"mongodb_url": SecretStr(url)})


def kafka(name: str) -> Bootstrap:
    """As `name` speaks to it, at a platform that is up here; where the environment says how, as that says."""
    if os.environ.get("KAFKA_USERNAME") or "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
        return load(KafkaSettings).kafka
    run, addresses = running("kafka")
    locks = Locks.of(run)
    return addresses["kafka"] if locks is None else locks.broker(addresses["kafka"], name)


def master_settings() -> MasterSettings:
    """As `store_settings`; a platform that is up here made its first master key itself."""
    if any(name in os.environ for name in ("MONGODB_URL", "HOSO_MASTER_KEY")):
        return load(MasterSettings)
    run, _ = running("store")
    secrets = json.loads((run / "secrets.json").read_text())
    others = _given("HOSO_MASTER_KEYS", "HOSO_MASTER_KEY_ID")
    return MasterSettings.model_validate({"HOSO_MASTER_KEY": secrets["master"], **others})


def given_passwords(variable: str, known: Collection[str]) -> dict[str, str]:
    """JSON, name to password, of an environment variable; empty where it is not set. Other names are refused."""
    try:
        found = json.loads(os.environ.get(variable) or "{}")
    except ValueError as error:
        raise typer.BadParameter("must be JSON, name to password", param_hint=variable) from error
    if not isinstance(found, dict) or not all(isinstance(text, str) and text for text in found.values()):
        raise typer.BadParameter("must be a JSON object, name to password", param_hint=variable)
    if unknown := ", ".join(sorted(found.keys() - set(known))):
        raise typer.BadParameter(f"{unknown}: not declared", param_hint=variable)
    return found


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

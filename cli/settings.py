"""Where the tools find the store and the master keys: in the environment, else at the platform that is up here."""

from __future__ import annotations

import json
import os

from chassis.kafka import Bootstrap
from chassis.settings import KafkaSettings, MasterSettings, StoreSettings, load
from cli.platform import running
from deploy.local.locks import Locks


def store_settings() -> StoreSettings:
    """Exits, saying what to do, when neither MONGODB_URL nor a running platform is at hand."""
    if "MONGODB_URL" in os.environ:
        return load(StoreSettings)
    _, addresses = running("store")
    return StoreSettings.model_validate({"MONGODB_URL": addresses["store"], **_given("HOSO_DATABASE_PREFIX")})


def kafka(name: str) -> Bootstrap:
    """As `name` speaks to it, at a platform that is up here; with KAFKA_USERNAME set, as the environment says."""
    if os.environ.get("KAFKA_USERNAME"):
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


def _given(*names: str) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}

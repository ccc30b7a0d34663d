"""What makes a signature last: answers of the authorities that its certificates still held, to be embedded (B-LT).

The addresses asked are those in the certificates (RFC 5280 4.2.2.1, 4.2.1.13), and only of certificates that lead to
one of our own roots.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from asn1crypto import x509
from pyhanko.sign.general import SigningError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import InsufficientRevinfoError, PathBuildingError, PathValidationError
from pyhanko_certvalidator.fetchers import Fetchers
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from services.delivery.effects.signing.places import SignerAway, SignerRefused

FRESH: Final = 60.0
"""Seconds for which an answer serves the next document too."""
PATIENCE: Final = 4


class Authorities:
    """Asks about certificates under `roots`; what cannot be vouched for is not signed."""

    def __init__(self, roots: list[x509.Certificate]) -> None:
        self._roots = roots
        self._fetchers: Fetchers | None = None
        self._stale_at = 0.0

    def context(self) -> ValidationContext:
        """For the signatures of one document, as of now."""
        now = time.monotonic()
        if self._fetchers is None or now >= self._stale_at:
            self._fetchers = RequestsFetcherBackend(per_request_timeout=PATIENCE).get_fetchers()
            self._stale_at = now + FRESH
        return ValidationContext(
            trust_roots=self._roots, allow_fetching=True, revocation_mode="require", fetchers=self._fetchers
        )

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Names what goes wrong inside, and forgets it: fetchers keep failures as well as answers.

        Raises:
            SignerAway: an authority does not answer, so nobody can tell.
            SignerRefused: a certificate was revoked, has expired, or leads to none of our roots.
        """
        try:
            yield
        except (SigningError, PathBuildingError, PathValidationError) as error:
            self._fetchers = None
            cause = error.__cause__ if isinstance(error, SigningError) and error.__cause__ else error
            if isinstance(cause, InsufficientRevinfoError):
                raise SignerAway(f"nobody vouches for a certificate now: {cause}") from error
            raise SignerRefused(f"a certificate does not hold: {cause}") from error

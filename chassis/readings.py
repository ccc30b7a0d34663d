"""What one HTTP request has read of whom. Set where a request begins, told where a sealed value is opened.

Outside a request (effects, sweeps) nothing is noted: what a service does with an opened value is in its own events.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

ACCESS_CHECK: Final = "owner"
"""A kind that is only ever compared with the caller's account."""


class Readings:
    """By dossier, the kinds of values that were opened; with none, it was looked at."""

    __slots__ = ("bounded", "found")

    def __init__(self) -> None:
        self.found: dict[str, set[str]] = {}
        self.bounded = False
        """Its caller only looks, and may not be shown what a person had restricted."""

    @property
    def opened(self) -> bool:
        """Some clear text was in the hands of the request."""
        return any(self.found.values())


_CURRENT: Final[ContextVar[Readings | None]] = ContextVar("readings", default=None)


def begin() -> Readings:
    """Notes from here on what this request, and tasks it starts, read."""
    readings = Readings()
    _CURRENT.set(readings)
    return readings


def opened(dossier: str, kind: str) -> None:
    """A sealed value, or a file, was opened."""
    current = _CURRENT.get()
    if current is not None and kind != ACCESS_CHECK:
        current.found.setdefault(dossier, set()).add(kind)


def bound() -> None:
    """The caller of this request only looks, and is neither the person's own nor the keeper of personal data."""
    current = _CURRENT.get()
    if current is not None:
        current.bounded = True


def bounded(kind: str) -> bool:
    """Whether a value of that kind, of a dossier whose processing is restricted, may not be shown."""
    current = _CURRENT.get()
    return current is not None and current.bounded and kind != ACCESS_CHECK


def looked_at(*dossiers: str) -> None:
    """Dossiers the request's path does not name were found or shown."""
    current = _CURRENT.get()
    if current is not None:
        for dossier in dossiers:
            current.found.setdefault(dossier, set())

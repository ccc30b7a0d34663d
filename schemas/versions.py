"""How a stored or published form changes from release to release (docs/decisions/0011-evolution.md).

A form is the JSON-able dict of a document's state, an effect or an event. Its model reads one version, `current`; a
pure upcaster lifts each older one. While replicas of the release before still read (*expand*), a release that knows
version n writes n - 1 through a pure downcaster; the next release writes n (*contract*).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Form = dict[str, Any]
Cast = Callable[[Form], Form]
"""Pure: gives a new form and leaves the one it was given as it is."""


class NewerForm(ValueError):
    """The form was written by a release to come."""


def same(form: Form) -> Form:
    """The cast of a version whose forms only allow more than those before (a new word, a longer text)."""
    return form


@dataclass(frozen=True)
class Versions:
    """`up[n]` makes version n + 1 of n, `down[n]` version n - 1 of n. `writes` is `current` unless said otherwise.

    Raises ValueError, naming the version, for a step without its cast.
    """

    current: int = 1
    writes: int | None = None
    up: Mapping[int, Cast] = field(default_factory=dict)
    down: Mapping[int, Cast] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.written <= self.current:
            raise ValueError(f"writes version {self.written}, which is none of 1 to {self.current}")
        for step, casts, wanted in (
            ("upcaster from", self.up, range(1, self.current)),
            ("downcaster from", self.down, range(self.written + 1, self.current + 1)),
        ):
            missing = [n for n in wanted if n not in casts]
            if missing:
                raise ValueError(f"no {step} version {missing[0]}")

    @property
    def written(self) -> int:
        """The version that is written."""
        return self.current if self.writes is None else self.writes

    def read(self, version: int, form: Form) -> Form:
        """The form of version `version` as the current one.

        Raises:
            NewerForm: this release does not know that version.
        """
        self.check(version)
        for n in range(version, self.current):
            form = self.up[n](form)
        return form

    def check(self, version: int) -> None:
        """Raises NewerForm as `read` does."""
        if version > self.current:
            raise NewerForm(f"has version {version}, this release reads up to {self.current}")

    def write(self, form: Form) -> Form:
        """The current form as the version that is written."""
        for n in range(self.current, self.written, -1):
            form = self.down[n](form)
        return form


FIRST: Final = Versions()
"""Of what never changed."""

"""How a rule of the chassis is broken: by an edit of the real function's source, or of a constant.

Where the text an edit looks for is gone, the mutant must be written anew: that is a failure, since a gate that no
longer applies proves nothing.
"""

from __future__ import annotations

import importlib
import inspect
import textwrap
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Edit:
    """`old`, which stands exactly once in the source of `target` (``module:Class.function``), becomes `new`."""

    target: str
    old: str
    new: str

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        module_name, _, path = self.target.partition(":")
        module = importlib.import_module(module_name)
        owner: Any = module
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        source = textwrap.dedent(inspect.getsource(getattr(owner, name)))
        assert source.count(self.old) == 1, f"the mutant does not apply: {self.old!r} is not once in {self.target}"
        scope, made = getattr(owner, name).__globals__, dict[str, Any]()
        code = compile("from __future__ import annotations\n" + source.replace(self.old, self.new), self.target, "exec")
        exec(code, scope, made)  # noqa: S102 - our own source with one rule broken
        patch.setattr(owner, name, made[name])


@dataclass(frozen=True)
class Value:
    """A constant of the chassis is another."""

    target: str
    value: Any

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(self.target, self.value)

"""``python -m cli.nofloat``: no float in code that handles money. A rule of ``make lint``.

Found by syntax: literals such as 0.5 and 1e3, the name ``float``, the operator ``/``, ``round`` and ``fsum``. Seconds
are no money: a line that says ``# seconds`` is let through.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from deploy.local.paths import ROOT

MONEY: Final = (
    "schemas/money.py", "schemas/payment.py", "services/payment", "law/fees.py", "law/tariff",
    "simulators/payment_gateway/gateway.py", "simulators/payment_gateway/refunds.py",
    "simulators/payment_gateway/report.py",
)  # fmt: skip
NAMES: Final = frozenset({"float", "round", "fsum", "Decimal"})
ALLOWED: Final = "# seconds"


def floats(source: str) -> Iterator[tuple[int, str]]:
    """Line and what is wrong there."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        what = _what(node)
        line = getattr(node, "lineno", 0)
        if what and ALLOWED not in lines[line - 1]:
            yield line, what


def _what(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=float()):
            return f"the float {node.value!r}"
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in NAMES:
            return name
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return "a division with /"
        case _:
            return ""


def files(paths: Iterable[str] = MONEY) -> Iterator[Path]:
    """Every file under the rule. Raises FileNotFoundError for one that is no more."""
    for name in paths:
        path = ROOT / name
        if not path.exists():
            raise FileNotFoundError(name)
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def main() -> int:
    """1 if there is a float."""
    wrong = [f"{path.relative_to(ROOT)}:{line}: {what}" for path in files() for line, what in floats(path.read_text())]
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)  # noqa: T201 - what `make lint` says
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

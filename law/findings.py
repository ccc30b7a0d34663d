"""What is wrong in a data file: where, and what would be right."""

from collections.abc import Sequence

from law.errors import LawDataError
from law.facts import Strict


class Finding(Strict):
    """One fault. `file` as AREA/NAME.json; `field` as a path with dots, empty where the whole file is meant."""

    file: str
    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.problem}" if self.field else f"{self.file}: {self.problem}"


def refuse(findings: Sequence[Finding]) -> None:
    """Raise LawDataError that says every finding, where there is one."""
    if findings:
        raise LawDataError("; ".join(map(str, findings)))

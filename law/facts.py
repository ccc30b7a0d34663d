"""A value of the data files together with where it comes from and how sure it is."""

from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Mark(StrEnum):
    """How sure a value is (docs: domain facts, marks)."""

    VERIFIED = "V"  # read in a public page or in public code
    TESTED = "T"  # found by running
    REMEMBERED = "R"  # not verified
    UNCERTAIN = "U"

    @property
    def sure(self) -> bool:
        """Whether the value may be claimed to a citizen."""
        return self in {Mark.VERIFIED, Mark.TESTED}


_WEAKNESS = {Mark.VERIFIED: 0, Mark.TESTED: 1, Mark.REMEMBERED: 2, Mark.UNCERTAIN: 3}


def weakest(*marks: Mark) -> Mark:
    """Return the least sure of the marks: a conclusion is as sure as the least sure thing it rests on."""
    return max(marks, key=_WEAKNESS.__getitem__)


class Strict(BaseModel):
    """Immutable, and unknown keys in a data file are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Provenance(Strict):
    """Where a statement comes from."""

    source: str = Field(min_length=3)
    mark: Mark
    note: str = ""


class Fact(Provenance, Generic[T]):
    """A value with its provenance."""

    value: T

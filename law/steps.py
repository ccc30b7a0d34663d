"""The steps of a procedure and the stages of its term."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from law.facts import Strict
from law.terms import Term

Role = Literal["clerk", "specialist", "leader", "registrar", "accountant"]
Share = Annotated[Decimal, Field(gt=0, le=1)]


class Step(Strict):
    """One step of the officers' work. `share`: its part of the whole term; the shares of a flow add to 1."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    name_vi: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    role: Role
    share: Share


class Stage(Strict):
    """One stage of a term in several: the next begins when this one is answered, not when it is due."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    name_vi: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    term: Term

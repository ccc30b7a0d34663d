"""Number series without holes: dossier codes by agency and day, result numbers, receipts.

A series is an aggregate of its own. `TakeNumber` gives a holder its number, the same one however often it asks until
the holder confirms; so a repeat gets the same number and a crash loses none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol

from chassis.decision import Command, Decision, Effect, Outcome, Policy, Refused
from chassis.document import AggregateType
from chassis.engine import Engine
from chassis.mailbox import Patience
from chassis.runner import Call, Retryable
from schemas.event import Record

MAX_HOLDERS: Final = 500
NAME: Final = "series"


class Series(Record):
    """`last` is the highest number given; `holders` those not yet confirmed."""

    last: int = 0
    holders: Mapping[str, int] = {}


class Take(Command):
    """Give `holder` its number."""

    holder: str


class Confirm(Command):
    """`holder` has written its number down."""

    holder: str


class TakeNumber(Effect):
    """Asks the series for the number of this aggregate; repeatable until confirmed.

    An aggregate that needs several numbers of one series says for which `purpose` each is.
    """

    TYPE: ClassVar[str] = "series.take"
    POLICY: ClassVar[Policy] = "repeat"
    series: str
    purpose: str = ""


class ConfirmNumber(Effect):
    """Tells the series that the number is written down: it may wait for the next number, to be written with it."""

    TYPE: ClassVar[str] = "series.confirm"
    POLICY: ClassVar[Policy] = "repeat"
    CONCURRENCY: ClassVar[int] = 256
    PATIENCE: ClassVar[Patience] = Patience.IDLE
    series: str
    purpose: str = ""


class NumberTaken(Outcome):
    """The number of this aggregate in `series`, for that purpose."""

    series: str
    number: int
    purpose: str = ""


class NumberConfirmed(Outcome):
    """Nothing more to do."""


def take(series: Series | None, command: Take, _now: datetime) -> Decision[Series]:
    """The holder's number, or the next one. A repeat is written once more: who was told first perhaps died before it
    was in the journal (`chassis.journal`)."""
    series = series or Series()
    known = series.holders.get(command.holder)
    if known is not None:
        return Decision(series.model_copy(), answer={"number": known})
    if len(series.holders) >= MAX_HOLDERS:
        raise Refused("series_busy", f"{MAX_HOLDERS} numbers wait for their confirmation")
    number = series.last + 1
    holders = {**series.holders, command.holder: number}
    return Decision(Series(last=number, holders=holders), answer={"number": number})


def confirm(series: Series | None, command: Confirm, _now: datetime) -> Decision[Series]:
    """Forgets the holder."""
    if series is None or command.holder not in series.holders:
        return Decision(series)
    return Decision(Series(last=series.last, holders={h: n for h, n in series.holders.items() if h != command.holder}))


SERIES: Final = AggregateType(name=NAME, state=Series, handlers={Take: take, Confirm: confirm})


class _Engines(Protocol):
    def engine(self, name: str) -> Engine[Any]: ...


def _holder(aggregate: str, purpose: str) -> str:
    return f"{aggregate}/{purpose}" if purpose else aggregate


class TakesNumber:
    """Adapter of `TakeNumber`: the series is another aggregate of the same service."""

    def __init__(self, platform: _Engines) -> None:
        self._platform = platform

    async def execute(self, effect: TakeNumber, call: Call) -> Outcome:
        """Raises Retryable while the series is busy."""
        engine = self._platform.engine(NAME)
        try:
            answer = await engine.tell(effect.series, Take(holder=_holder(call.aggregate, effect.purpose)), call.trace)
        except Refused as error:
            raise Retryable(error.code) from error
        return NumberTaken(series=effect.series, number=answer["number"], purpose=effect.purpose)


class ConfirmsNumber:
    """Adapter of `ConfirmNumber`."""

    def __init__(self, platform: _Engines) -> None:
        self._platform = platform

    async def execute(self, effect: ConfirmNumber, call: Call) -> Outcome:
        """Idempotent."""
        engine = self._platform.engine(NAME)
        written = Confirm(holder=_holder(call.aggregate, effect.purpose))
        await engine.tell(effect.series, written, call.trace, Patience.IDLE)
        return NumberConfirmed()

"""Number series without holes: dossier codes by agency and day, result numbers, receipts.

A series is an aggregate of its own. `TakeNumber` gives a holder its number, the same one however often it asks until
the series knows that the holder has written it down; so a repeat gets the same number and a crash loses none.

That a number is written down costs no write: the process that saw it says so when it takes the next one. Whom nobody
spoke for, because that process died, is looked at after `CHECK_AFTER`: who no longer waits for a number has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Protocol

from chassis.codec import Unloadable
from chassis.decision import Command, DeadlineDue, Decision, Effect, Outcome, Policy, Refused
from chassis.document import AggregateType
from chassis.engine import Engine
from chassis.mailbox import Patience
from chassis.runner import Adapter, Call, Retryable
from chassis.store import StoreUnavailable
from schemas.event import Instant, Record

MAX_HOLDERS: Final = 500
MAX_CHECKED: Final = 200
"""Holders looked at together."""
MAX_SERIES: Final = 100
CHECK_AFTER: Final = timedelta(minutes=1)
NAME: Final = "series"


class Series(Record):
    """`last` is the highest number given; `holders` those of whom it is not known that they wrote theirs down.

    `check_at`: when those are looked at; set while there are any.
    """

    last: int = 0
    holders: Mapping[str, int] = {}
    check_at: Instant | None = None


class Take(Command):
    """Give `holder` its number; those in `written` have theirs written down."""

    holder: str
    written: tuple[str, ...] = ()


class Confirm(Command):
    """`holder` has written its number down."""

    holder: str


class TakeNumber(Effect):
    """Asks the series for the number of this aggregate; repeatable until confirmed.

    An aggregate that needs several numbers of one series says for which `purpose` each is, and uses none twice.
    """

    TYPE: ClassVar[str] = "series.take"
    POLICY: ClassVar[Policy] = "repeat"
    CONCURRENCY: ClassVar[int] = 256
    series: str
    purpose: str = ""


class ConfirmNumber(Effect):
    """Tells the series that the number is written down. The release before said it so; its documents may hold some."""

    TYPE: ClassVar[str] = "series.confirm"
    POLICY: ClassVar[Policy] = "repeat"
    CONCURRENCY: ClassVar[int] = 256
    PATIENCE: ClassVar[Patience] = Patience.IDLE
    series: str
    purpose: str = ""


class CheckHolders(Effect):
    """Looks whether these holders of this series still wait for their number."""

    TYPE: ClassVar[str] = "series.check"
    POLICY: ClassVar[Policy] = "repeat"
    holders: tuple[str, ...]

    def unknown(self) -> Outcome:
        """Nobody is known to have written it down: they are looked at again."""
        return HoldersChecked(written=())


class NumberTaken(Outcome):
    """The number of this aggregate in `series`, for that purpose."""

    series: str
    number: int
    purpose: str = ""


class NumberConfirmed(Outcome):
    """Nothing more to do."""


class HoldersChecked(Outcome):
    """These have their number written down."""

    written: tuple[str, ...]


def take(series: Series | None, command: Take, now: datetime) -> Decision[Series]:
    """The holder's number, or the next one. A repeat is written once more: who was told first perhaps died before it
    was in the journal (`chassis.journal`)."""
    series = _forget(series or Series(), command.written)
    number = series.holders.get(command.holder)
    if number is None:
        if len(series.holders) >= MAX_HOLDERS:
            raise Refused("series_busy", f"{MAX_HOLDERS} numbers wait for their confirmation")
        number = series.last + 1
        series = series.model_copy(update={"last": number, "holders": {**series.holders, command.holder: number}})
    return _watched(series.model_copy(), now, {"number": number})


def confirm(series: Series | None, command: Confirm, _now: datetime) -> Decision[Series]:
    """Forgets the holder."""
    return Decision(None if series is None else _forget(series, (command.holder,)))


def check(series: Series | None, _due: DeadlineDue, _now: datetime) -> Decision[Series]:
    """Has those looked at for whom nobody spoke."""
    if series is None or series.check_at is None:
        return Decision(series)
    holders = tuple(series.holders)[:MAX_CHECKED]
    return Decision(series.model_copy(update={"check_at": None}), effects=(CheckHolders(holders=holders),))


def checked(series: Series | None, outcome: HoldersChecked, now: datetime) -> Decision[Series]:
    """Forgets those who have it; the others are looked at again."""
    return Decision(None) if series is None else _watched(_forget(series, outcome.written), now, {})


def _forget(series: Series, written: Iterable[str]) -> Series:
    gone = series.holders.keys() & set(written)
    if not gone:
        return series
    return series.model_copy(update={"holders": {h: n for h, n in series.holders.items() if h not in gone}})


def _watched(series: Series, now: datetime, answer: Mapping[str, Any]) -> Decision[Series]:
    if series.check_at is not None or not series.holders:
        return Decision(series, answer=answer)
    series = series.model_copy(update={"check_at": now + CHECK_AFTER})
    return Decision(series, due=series.check_at, answer=answer)


SERIES: Final = AggregateType(
    name=NAME,
    state=Series,
    handlers={Take: take, Confirm: confirm, DeadlineDue: check, HoldersChecked: checked},
    effects=(CheckHolders,),
)


class _Engines(Protocol):
    def engine(self, name: str) -> Engine[Any]: ...


def _holder(aggregate: str, purpose: str) -> str:
    return f"{aggregate}/{purpose}" if purpose else aggregate


class TakesNumber:
    """Adapter of `TakeNumber`: the series is another aggregate of the same service."""

    def __init__(self, platform: _Engines, patience: Patience) -> None:
        self._platform = platform
        self._patience = patience
        self._written: dict[str, set[str]] = {}
        """Of each series, the holders to speak for when the next number is taken."""

    async def execute(self, effect: TakeNumber, call: Call) -> Outcome:
        """Raises Retryable while the series is busy."""
        engine = self._platform.engine(NAME)
        written = self._written.pop(effect.series, set())
        command = Take(holder=_holder(call.aggregate, effect.purpose), written=tuple(sorted(written)))
        try:
            answer = await engine.tell(effect.series, command, call.trace, self._patience)
        except BaseException as error:
            self._written.setdefault(effect.series, set()).update(written)
            if isinstance(error, Refused):
                raise Retryable(error.code) from error
            raise
        return NumberTaken(series=effect.series, number=answer["number"], purpose=effect.purpose)

    def recorded(self, effect: TakeNumber, aggregate: str) -> None:
        """The holder has it. Of the longest unused series more than `MAX_SERIES` are forgotten: they are checked."""
        self._written.setdefault(effect.series, set()).add(_holder(aggregate, effect.purpose))
        if len(self._written) > MAX_SERIES:
            del self._written[next(iter(self._written))]


class ChecksHolders:
    """Adapter of `CheckHolders`. `kind`: of the aggregates that take numbers in this service."""

    def __init__(self, platform: _Engines, kind: str) -> None:
        self._platform = platform
        self._kind = kind

    async def execute(self, effect: CheckHolders, call: Call) -> Outcome:
        """Raises Retryable while the store is away."""
        try:
            written = [holder for holder in effect.holders if await self._has_it(holder, call.aggregate)]
        except StoreUnavailable as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        return HoldersChecked(written=tuple(written))

    async def _has_it(self, holder: str, series: str) -> bool:
        """It no longer waits for the number, so that it will not ask again. Who cannot be read may be waiting."""
        aggregate, _, purpose = holder.partition("/")
        try:
            doc = await self._platform.engine(self._kind).read(aggregate)
        except Unloadable:
            return False
        waits = TakeNumber(series=series, purpose=purpose)
        return doc is not None and all(pending.effect != waits for pending in doc.effects)


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


def adapters(platform: _Engines, kind: str, patience: Patience = Patience.NONE) -> Mapping[type[Effect], Adapter]:
    """Of a service whose aggregates of `kind` take numbers, each at once or after `patience`, with others."""
    return {
        TakeNumber: TakesNumber(platform, patience),
        CheckHolders: ChecksHolders(platform, kind),
        ConfirmNumber: ConfirmsNumber(platform),
    }

"""One tree of errors.

LawError
├── LawDataError          a data file is wrong; names the file
├── UnknownProcedure      no version of that code in force on that date
├── CalendarMissing       no calendar table for that year
├── FeeError              more than a payment can carry
│   └── FeeInputError     names the input and what is allowed
│       ├── MissingFeeInput
│       ├── WrongFeeInput
│       └── UnknownFeeInput
├── ClockError            an instant without a zone, a term of no days
├── BadDossierCode        not a dossier code of either generation
├── Unfit                 a value that does not fit its field; says in both languages what would be right
└── PhoneError
    ├── NotAPhone         cannot be read as a Vietnamese number
    ├── OldPrefix         eleven digits; names the prefix that replaced it in 2018
    └── NotMobile         Vietnamese, but takes no SMS
"""

from datetime import date


class LawError(Exception):
    """Base of everything that this package raises."""


class LawDataError(LawError):
    """A data file breaks its schema or contradicts another; the message names it."""


class UnknownProcedure(LawError):
    """No version of the procedure `code` is in force on the day `on`; `hint` says what was, or what replaced it."""

    def __init__(self, code: str, on: date, hint: str = "") -> None:
        super().__init__(f"no procedure {code!r} is in force on {on.isoformat()}{f': {hint}' if hint else ''}")
        self.code = code
        self.on = on
        self.hint = hint


class CalendarMissing(LawError):
    """The calendar has no table for `year`; a working day is not guessed."""

    def __init__(self, year: int) -> None:
        super().__init__(f"the calendar has no table of days off for {year}")
        self.year = year


class FeeError(LawError):
    """The fee cannot be charged."""


class FeeInputError(FeeError):
    """`name` is the input that does not fit, `allowed` says in words what would."""

    text = "the fee input {name!r} must be {allowed}"

    def __init__(self, name: str, allowed: str) -> None:
        super().__init__(self.text.format(name=name, allowed=allowed))
        self.name = name
        self.allowed = allowed


class MissingFeeInput(FeeInputError):
    """The fee depends on an input that is not given."""

    text = "the fee needs the input {name!r}: {allowed}"


class WrongFeeInput(FeeInputError):
    """An input has a value that is not allowed."""


class UnknownFeeInput(FeeInputError):
    """An input on which the fee does not depend; `allowed` names those on which it does."""

    text = "the fee does not depend on {name!r} but on: {allowed}"


class ClockError(LawError):
    """An instant without a time zone, or a term that has no length."""


class BadDossierCode(LawError):
    """`text` is not a dossier code; `reason` says which part is wrong."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text[:60]!r} is not a dossier code: {reason}")
        self.reason = reason


class Unfit(LawError):
    """A value of a form does not fit; `vi` and `en` say what would be right, never the value."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class PhoneError(LawError):
    """Base of refused phone numbers. Messages never repeat the number: it is personal data."""


class NotAPhone(PhoneError):
    """Cannot be read as a valid Vietnamese number."""


class OldPrefix(PhoneError):
    """An eleven-digit mobile number, out of use since the conversion of 15/9/2018 to 30/6/2019."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(f"mobile numbers have ten digits since 2018: the prefix {old} became {new}")
        self.old = old
        self.new = new


class NotMobile(PhoneError):
    """A Vietnamese number that is not a mobile one."""

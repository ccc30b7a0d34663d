"""Report II.06a/VPCP/KSTT (Circular 02/2017/TT-VPCP): how dossiers were received and resolved in a period.

The printed form does not say how its columns add up; the sums are read off the grouping of its headers (domain facts
2.6, remembered). One province's form puts under "on time" what waits for a supplement too, which contradicts the column
of what is pending. This project's written rule:

1. Columns 3 to 6 count dossiers on the day the desk received them (tiếp nhận). What was refused, withdrawn or stopped
   before that is in no column.
2. Resolved (7) is a dossier that was decided, withdrawn or stopped. Early (8): decided on a day before the due day. On
   time (9): ended by the due instant; so is one withdrawn or stopped while nothing was due. Late (10): after it.
3. Pending (11) is received and not resolved at the end of the period. Overdue (13): its due instant has passed. Within
   the term (12): all others, also those that wait for a supplement or a fee, for nothing is due meanwhile.
4. Days are local days. The last day of a period that is not over ends now.
5. A due date that moved counts where it is now; figures of past periods follow it.
"""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = {
    "received_total": (3, "Tổng số tiếp nhận", "Received in total"),
    "received_online": (4, "Trong kỳ, trực tuyến", "Received in the period, online"),
    "received_otherwise": (5, "Trong kỳ, trực tiếp và bưu chính", "Received in the period, in person or by post"),
    "carried_over": (6, "Từ kỳ trước", "Carried over"),
    "resolved_total": (7, "Tổng số đã giải quyết", "Resolved in total"),
    "early": (8, "Trước hạn", "Early"),
    "on_time": (9, "Đúng hạn", "On time"),
    "late": (10, "Quá hạn", "Late"),
    "pending_total": (11, "Tổng số đang giải quyết", "Pending in total"),
    "within_term": (12, "Trong hạn", "Within the term"),
    "overdue": (13, "Quá hạn", "Overdue"),
}  # fmt: skip
"""Attribute of a row to the column's number and caption; columns 1 and 2 are number and name of the row."""


class Contradiction(ArithmeticError):
    """The columns of a row do not add up: what counted them is wrong."""


@dataclass(frozen=True)
class Row:
    """One unit or procedure in one period: numbers of dossiers. Raises Contradiction, naming the columns."""

    name: str
    received_total: int
    received_online: int
    received_otherwise: int
    carried_over: int
    resolved_total: int
    early: int
    on_time: int
    late: int
    pending_total: int
    within_term: int
    overdue: int

    def __post_init__(self) -> None:
        received = self.received_online + self.received_otherwise + self.carried_over
        for text, one, other in (
            ("3 = 4 + 5 + 6", self.received_total, received),
            ("3 = 7 + 11", self.received_total, self.resolved_total + self.pending_total),
            ("7 = 8 + 9 + 10", self.resolved_total, self.early + self.on_time + self.late),
            ("11 = 12 + 13", self.pending_total, self.within_term + self.overdue),
        ):
            if one != other:
                raise Contradiction(f"{self.name}: columns {text} does not hold: {one} and {other}")
        for attribute, (column, *_) in COLUMNS.items():
            if getattr(self, attribute) < 0:
                raise Contradiction(f"{self.name}: column {column} is {getattr(self, attribute)}, less than nothing")

    @property
    def numbers(self) -> dict[str, int]:
        """The columns 3 to 13, in order."""
        return {attribute: getattr(self, attribute) for attribute in COLUMNS}

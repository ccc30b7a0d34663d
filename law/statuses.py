"""The national status codes of a dossier, 1 to 10 (found alike in five public code bases).

Two groupings are kept apart, because public code and the form of TT 03/2025 disagree on code 8 (Dừng xử lý):
statistics group it with what waits, while form 05 "thông báo dừng giải quyết" ends the dossier.
Decision of this project: 8 is an end.
"""

from enum import IntEnum


class Status(IntEnum):
    """Trạng thái hồ sơ."""

    REGISTERED = 1
    RECEIVED = 2
    REFUSED = 3
    PROCESSING = 4
    SUPPLEMENT_REQUESTED = 5
    FEE_REQUESTED = 6
    WITHDRAWN = 7
    STOPPED = 8
    DECIDED = 9
    RETURNED = 10

    @property
    def name_vi(self) -> str:
        return _NAMES[self][0]

    @property
    def name_en(self) -> str:
        return _NAMES[self][1]

    @property
    def terminal(self) -> bool:
        """Nothing follows."""
        return self in _TERMINAL

    @property
    def clock_paused(self) -> bool:
        """The agency waits for the citizen."""
        return self in _PAUSED

    @property
    def counted_as_paused(self) -> bool:
        """Grouped with the paused ones in the national statistics."""
        return self in _PAUSED or self is Status.STOPPED


_NAMES = {
    Status.REGISTERED: ("Mới đăng ký", "Newly registered"),
    Status.RECEIVED: ("Được tiếp nhận", "Received"),
    Status.REFUSED: ("Không được tiếp nhận", "Not received"),
    Status.PROCESSING: ("Đang xử lý", "In process"),
    Status.SUPPLEMENT_REQUESTED: ("Yêu cầu bổ sung giấy tờ", "Supplement requested"),
    Status.FEE_REQUESTED: ("Yêu cầu thực hiện nghĩa vụ tài chính", "Financial duty requested"),
    Status.WITHDRAWN: ("Công dân yêu cầu rút hồ sơ", "Withdrawn at the citizen's request"),
    Status.STOPPED: ("Dừng xử lý", "Stopped"),
    Status.DECIDED: ("Đã xử lý xong", "Decided"),
    Status.RETURNED: ("Đã trả kết quả", "Result returned"),
}
_PAUSED = frozenset({Status.SUPPLEMENT_REQUESTED, Status.FEE_REQUESTED})
_TERMINAL = frozenset({Status.REFUSED, Status.WITHDRAWN, Status.STOPPED, Status.RETURNED})

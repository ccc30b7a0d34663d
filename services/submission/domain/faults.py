"""What is wrong with what a portal sent: a stable word, the field, a sentence in English and in Vietnamese. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from chassis.decision import Refused
from schemas.upstream import Problem
from services.submission.domain.filing import Wrong

CODES: Final[Mapping[str, str]] = {
    "invalid": "giá trị không hợp lệ",
    "missing": "thiếu trường bắt buộc",
    "unknown_field": "không có trường này",
    "unknown_type": "không có loại sự kiện này",
    "not_json": "nội dung không phải JSON hợp lệ",
    "already_filed": "mã tham chiếu này đã có hồ sơ được nộp bằng một sự kiện khác",
    "not_filed": "không có hồ sơ nào được nộp với mã tham chiếu này trong vòng một ngày",
    "repeated": "mã sự kiện này đã được dùng; sự kiện mới cần mã mới",
    "too_many": "quá nhiều sự kiện của mã tham chiếu này đang chờ trả lời",
    "wrong_stage": "hồ sơ đang ở bước không cho phép thao tác này",
    "not_asked": "cơ quan không yêu cầu bổ sung nội dung này",
    "not_given": "cơ quan yêu cầu bổ sung nội dung này nhưng chưa có",
    "file_denied": "địa chỉ tệp không được phép",
    "file_unavailable": "không tải được tệp",
    "file_mismatch": "nội dung tệp không khớp với giá trị băm hoặc kích thước đã khai",
    "file_refused": "tệp không được chấp nhận",
    "erased": "dữ liệu cá nhân của hồ sơ này đã được xóa",
    "impossible": "không thực hiện được",
}
"""Every word a portal may meet, and what it says in Vietnamese."""
OF_SCHEMA: Final = {"missing": "missing", "extra_forbidden": "unknown_field", "json_invalid": "not_json"}
MAX_FAULTS: Final = 100
MAX_TEXT: Final = 240
MAX_FIELD: Final = 100


def named(code: str, field: str, problem: str, problem_vi: str | None = None) -> Problem:
    """One fault. Raises KeyError for a word that is not in `CODES`."""
    return Problem(
        field=field[:MAX_FIELD],
        problem=problem[:MAX_TEXT],
        code=code,
        problem_vi=(problem_vi or CODES[code])[:MAX_TEXT],
    )


def of_schema(error: ValidationError) -> tuple[Problem, ...]:
    """Every field that is not as the schema says."""
    return tuple(
        named(
            OF_SCHEMA.get(p["type"], "invalid"),
            ".".join(map(str, p["loc"])) or "(event)",
            p["msg"],
        )
        for p in error.errors(include_input=False, include_url=False)[:MAX_FAULTS]
    )


def of_filing(problems: tuple[Wrong, ...]) -> tuple[Problem, ...]:
    """Every field that is not as the procedure says."""
    return tuple(named("invalid", wrong.field, wrong.problem, wrong.problem_vi) for wrong in problems)


def of_refusal(refused: Refused) -> Problem:
    """What the dossier's life does not allow now."""
    code = refused.code if refused.code in CODES else "impossible"
    return named(code, refused.field or "ce_subject", refused.detail)

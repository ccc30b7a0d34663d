"""A data version as a whole: the packaged one, or a reviewed folder put in its place without a release.

A folder has the shape of `law/data`: shared/, procedures/, reductions/, calendar/, slips/, forms/ and units/. It must
hold every version that dossiers were filed under; `hoso law check` compares it with the packaged data and says what is
missing.
"""

from importlib.resources.abc import Traversable

from law import _data
from law.errors import LawDataError
from law.lint import check


def use(folder: Traversable | None) -> None:
    """Let the catalogue and the calendar of this process be those of `folder` (a path); None: the packaged ones.

    Raises LawDataError with every finding of `law.lint`, and then leaves what was in use as it was.
    """
    if folder is None:
        _data.use(None)
        return
    texts = _data.read(folder)
    if findings := check(texts, _data.packaged()):
        raise LawDataError("; ".join(map(str, findings)))
    _data.use(texts)

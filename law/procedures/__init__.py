"""The catalogue of administrative procedures (TTHC), by effective date.

A dossier keeps the version of the procedure that it was filed under: store `code` and `version`, read with `version()`.
A correction is a new data version: `law.dataset.use` puts a reviewed folder in place of the packaged data.
"""

from datetime import date

from law._data import current
from law.procedures.catalogue import Catalogue
from law.procedures.model import AdministrativeLevel, Applicant, Document, FeePoint, Names, Procedure, ResultKind, Way

__all__ = [
    "AdministrativeLevel",
    "Applicant",
    "Catalogue",
    "Document",
    "FeePoint",
    "Names",
    "Procedure",
    "ResultKind",
    "Way",
    "all",
    "default",
    "find",
]


def default() -> Catalogue:
    """Return the catalogue in use: the packaged one, unless `law.dataset.use` put another in its place."""
    return current(Catalogue.from_texts)


def find(code: str, on: date) -> Procedure:
    """Return the version of the catalogue in use that is in force on `on`. Raises UnknownProcedure."""
    return default().find(code, on)


def all(on: date) -> tuple[Procedure, ...]:  # noqa: A001  read as procedures.all(on)
    """Return the catalogue in use on the day `on`, by code."""
    return default().all(on)

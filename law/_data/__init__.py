"""Data files: which texts there are, how shared parts are put in, and how they become models."""

from law._data.files import AREAS, current, packaged, read, use
from law._data.parse import Parsed, Reader, parse_all

__all__ = ["AREAS", "Parsed", "Reader", "current", "packaged", "parse_all", "read", "use"]

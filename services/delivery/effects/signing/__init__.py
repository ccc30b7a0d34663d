"""Signing of result documents: keys behind a port (`keys`), PAdES by incremental updates (`pades`)."""

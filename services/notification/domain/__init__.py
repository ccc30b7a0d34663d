"""Texts, segments and what was told. Pure."""

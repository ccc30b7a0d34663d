"""Adapters: SMPP and SMTP."""

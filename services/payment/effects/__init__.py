"""Adapters: the only places of payment with I/O."""

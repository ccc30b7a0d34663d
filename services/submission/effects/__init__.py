"""Adapters: the only places of submission with I/O."""

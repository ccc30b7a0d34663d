"""Adapters: documents and the post office."""

"""Tracking measured: its timelines against the store's limit, its statistics, and what people wait for.

Stories of dossiers on four streams, eight events each, told to real Kafka; each process alone, then both at once.
"""

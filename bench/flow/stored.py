"""Fills the store with dossiers that are done, as copies of one that went through."""

from __future__ import annotations

import copy
import uuid
from typing import Any, Final

from pymongo import MongoClient
from rich.console import Console
from rich.progress import Progress

BATCH: Final = 1_000
ONCE: Final = frozenset({"series"})
"""Collections whose documents do not grow in number with dossiers."""


def fill(url: str, count: int, console: Console) -> None:
    """`count` copies in every collection of every service, the keyring's too; ids are new."""
    client: MongoClient[dict[str, Any]] = MongoClient(url)
    names = [str(uuid.uuid4()) for _ in range(count)]
    samples = [
        (database, collection, sample)
        for database in client.list_database_names()
        if database.startswith("hoso_")
        for collection in client[database].list_collection_names()
        if collection not in ONCE and "." not in collection
        for sample in client[database][collection].find({"pending": {"$exists": False}}).limit(1)
    ]
    with Progress(console=console) as progress:
        for database, collection, sample in samples:
            bar = progress.add_task(f"{database}.{collection}", total=count)
            for start in range(0, count, BATCH):
                batch = [{**copy.deepcopy(sample), "_id": name} for name in names[start : start + BATCH]]
                client[database][collection].insert_many(batch, ordered=False)
                progress.advance(bar, len(batch))
    client.close()

"""Creates the declared topics on a broker.

``python -m deploy.local.topics`` reads KAFKA_BOOTSTRAP_SERVERS, HOSO_PORTALS (comma-separated sources of upstream
portals) and HOSO_REPLICATION; and KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_CA_FILE where Kafka asks who we are.
"""

import asyncio
import os

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis.kafka import Bootstrap, connection
from chassis.settings import KafkaSettings, load
from schemas.topics import declared


async def create(bootstrap: Bootstrap, sources: tuple[str, ...], *, replication: int = 1) -> list[str]:
    """Create the topics that do not exist yet; returns their names. Existing ones stay as they are."""
    admin = AIOKafkaAdminClient(**connection(bootstrap))
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = [topic for topic in declared(sources) if topic.name not in existing]
        await admin.create_topics(
            [
                NewTopic(
                    topic.name,
                    num_partitions=topic.partitions,
                    replication_factor=replication,
                    topic_configs=dict(topic.config(replication=replication)),
                )
                for topic in missing
            ]
        )
    finally:
        await admin.close()
    return [topic.name for topic in missing]


if __name__ == "__main__":
    portals = tuple(filter(None, os.environ.get("HOSO_PORTALS", "").split(",")))
    replicas = int(os.environ.get("HOSO_REPLICATION", "3"))
    asyncio.run(create(load(KafkaSettings).kafka, portals, replication=replicas))

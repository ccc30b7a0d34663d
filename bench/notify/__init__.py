"""One process of notification, from events on Kafka to texts at the simulated centre, with synced writes."""

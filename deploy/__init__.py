"""What brings the platform up: embedded Kafka and store, images, dashboards."""

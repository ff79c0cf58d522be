"""Events on Kafka: how they are framed, and the registry that knows their schemas."""

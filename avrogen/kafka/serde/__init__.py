"""Serializers and deserializers of generated classes, for clients of confluent-kafka."""

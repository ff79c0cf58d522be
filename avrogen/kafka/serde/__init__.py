"""Serializers and deserializers for confluent-kafka's own clients.

Modules, in reading order:

    serializer       Serializer, AsyncSerializer: objects to keys or values of messages
    deserializer     Deserializer, AsyncDeserializer: keys or values of messages to objects
    decoders         DecoderCache: decoders by schema id; ReaderTypes: choice of the type
    primitive_keys   keys without a schema, as Kafka's own serializers encode them
"""

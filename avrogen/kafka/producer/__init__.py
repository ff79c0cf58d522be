"""Sending events to topics.

producer        TopicProducer, which generated classes inherit
client          the producer of librdkafka beneath, one for any number of topics
outgoing        what a topic's keys and values are as bytes; key_fields, where keys come from values
schemas         the ids that stand in front of them, from the registry
headers         headers from all who have some
delivery        the future of a message; pending, what it may find when it is called back
outbox          what was sent and what came of it
failures        what librdkafka's errors mean for a message
transactions    the calls that make several messages one; transaction_block, in which order
"""

"""Consumers: messages of a topic, handled as a member of a consumer group.

Typed consumers, which generated classes inherit:

    consumer              TopicConsumer, and what both kinds share
    async_consumer        AsyncTopicConsumer
    session               an open consumer, without the runner of its handler
    signals               graceful shutdown on SIGTERM and SIGINT

Runners call the handler. They get messages through protocols, which the test kit implements, too:

    runner                one message at a time
    async_runner          the same with asyncio, partitions concurrently
    batch_runner          many messages at a time
    transaction_runner    exactly once, in transactions
    message_source        the protocols

Failures:

    error_policy          classes of failures and the action that follows each; RetryPolicy
    error_handler         carries out the policy: counts, log records, observers
    dead_letter_topic     records of the dead-letter topic, and their producer

From Kafka to the runners:

    consumer_poll_thread  the thread that fetches, and stays a member of the group
    rebalance             its callbacks when partitions are assigned, revoked or lost
    fetch_buffer          one queue per partition, and flow control; no I/O
    message_reader        decoding of messages
    assignment            pausing, seeking, committing on request, lag
    consumer_client       confluent-kafka's consumer, and what its errors mean
"""

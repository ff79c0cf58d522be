"""Consuming messages of topics, with threads and with asyncio.

The public classes:

    consumer              TopicConsumer, which generated classes inherit, and what both kinds share
    async_consumer        AsyncTopicConsumer, likewise for asyncio
    service               run_all: several consumers until all have stopped
    session               an open consumer without its runner, and its options

Decisions, without I/O:

    runner_core           messages of one partition queue in order, iteration, recovery; the effects
    batch_runner          many messages at a time
    concurrent_core       messages handled concurrently, in key queues or in runs
    transaction_runner    exactly once: batches in transactions
    error_handler         retry, dead letter or stop after a failure, and reporting it
    message_source        protocols between runners and what feeds them
    error_policy          the rules of these: kinds of failures, retry policy, actions
    fetch_buffer          partition queues, whose turn it is, and flow control
    key_scheduler         messages that are handled concurrently: keys in order, slots, bounds
    offset_tracker        offsets handled out of order: the contiguous prefix, commit metadata

Drivers of these decisions:

    runner                blocks; handlers are called in the caller's thread
    async_runner          awaits; handlers are called in tasks
    concurrent_runner     the same for messages handled concurrently, in threads
    async_concurrent_runner  likewise, in tasks
    concurrent_batches    batches at the same time, in threads and in tasks
    signals               graceful shutdown by SIGTERM and SIGINT

Kafka:

    consumer_poll_thread  the thread that polls, stays a member of the group and stores offsets
    rebalance             assigned, revoked and lost partitions, in that thread
    commit_metadata       what is handled out of order, in the metadata of commits
    consumer_client       librdkafka's consumer, and the meaning of its errors
    message_reader        decoding of keys and values
    dead_letter_topic     headers of dead-lettered records, and sending them
    assignment            pausing, seeking, committing and lag of assigned partitions
"""

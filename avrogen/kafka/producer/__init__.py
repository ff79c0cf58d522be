"""Typed producers of topics.

Modules, in reading order:

    producer               TopicProducer, the base class of generated producers
    async_producer         AsyncTopicProducer, the same for asyncio; transactions for asyncio
    async_sender           sends of an event loop: back-pressure, futures that settle on the loop
    producer_client        ProducerClient: one librdkafka producer for any number of topics
    record_builder         arguments of send() to those of produce(): shared by both producers
    record_encoder         keys and values to bytes; schema ids, looked up at the start
    partitioner            partitions chosen by a function of the user
    delivery               delivery futures, and the counts of sent and delivered messages
    delivery_errors        errors of librdkafka as DeliveryError; the log of failures
    transactions           TransactionManager: transactional calls with retries
    producer_poll_thread   the thread that serves delivery reports and other callbacks
"""

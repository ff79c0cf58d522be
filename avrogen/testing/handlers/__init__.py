"""Tests of handlers without a broker.

Messages are encoded, decoded and handed to the handler by the code of production, which also
decides what follows when the handler fails. Only the thread that polls Kafka is replaced, and time:
backoffs take none, and are recorded.

    driver             ``handling(OrdersConsumer).deliver(...)``
    incoming_messages  messages to deliver, and how they are encoded
    interleaved_runner  concurrent handling by a schedule, without threads
    fake_session       an open consumer without Kafka: its source of messages, and its clock
    outcome            the result of a delivery, and the observer that records it
"""

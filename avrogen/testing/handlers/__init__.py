"""Tests of handlers without a broker.

Messages are encoded, read and handed to the handler by the code that does so in production; what
follows when it fails is decided there, too. Only the thread that polls Kafka is left out, and time:
pauses pass at once, and are noted.

incoming     what is delivered
raw          how it looks to whoever reads it; encoding, how it is written
clocked      a poller that has everything from the start, and the clock that it goes by
session      an open consumer around it
outcome      what came of it; recording notes that
driver       ``handling(OrdersConsumer).deliver(...)``
"""

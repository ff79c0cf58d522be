"""Typed clients for asyncio.

They decide as those for threads do, with the same code (``producing``, ``consuming``), and wait in
the loop's way: no thread for each message, and nothing that blocks the loop.

producer        AsyncTopicProducer, which generated classes inherit
sender          what is behind it while it is open
handover        outcomes of messages, from the thread that polls to the loop
queueing        sends that wait for room in librdkafka's queue, in their order
transactions    all or nothing
consumer        AsyncTopicConsumer, likewise
loop            takes lanes and has their messages handled; iteration and batching likewise
waking          from the thread that polls to a task that waits
signals         SIGTERM and SIGINT on a loop
threads         the few calls that do block, in a thread, and safe from cancellation
"""

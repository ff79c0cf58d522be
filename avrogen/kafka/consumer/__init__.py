"""Handling events of topics.

consumer            TopicConsumer, which generated classes inherit

What is decided, without doing or waiting:

retry               when and how often a message is tried again
failures            what went wrong with a message, and what follows
lane                one partition: its messages on their way to the handler, how far it has come
intake              all lanes: whose turn it is, what the client should fetch, what to store
dead_letters        what a dead letter says
batch               a batch that is being put together

What consumers for threads and for asyncio have in common:

session             an open consumer, but for the loop that handles messages
poller              the thread that polls: it fetches, and stays a member of the group
rebalancing         what it does when partitions come and go
calls               what others want done in it
handling            what follows a failure, who is told, what is counted
reading             from what the client gives to messages
starting            the registry is asked before the first message
partitions          which there are, pausing, seeking; seeking, what that takes
offsets             committing when asked, and how far behind it is
dead_letter_sender  sends dead letters, and waits for each
client              the consumer of librdkafka beneath; client_errors, what its errors mean

For threads:

loop                handles messages one by one; batching, by the batch
signals             SIGTERM and SIGINT

Typed clients for asyncio.

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

"""How far a consumer group has come: :func:`wait_until_handled`."""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

from avrogen.extras import comes_with

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

__all__ = ["wait_until_handled"]

_POLL_INTERVAL: Final = 0.02


def wait_until_handled(bootstrap_servers: str, topic: str, group: str, timeout: float) -> None:
    """Wait until a group has committed all that was on a topic when this was called.

    Args:
        bootstrap_servers: where.
        topic: its name.
        group: the name of the group.
        timeout: seconds.

    Raises:
        TimeoutError: it has not by then; it says how many messages are left.
        LookupError: there is no such topic.
    """
    with comes_with("kafka"):
        from confluent_kafka import Consumer
    deadline = monotonic() + timeout
    # It never subscribes, and so is no member.
    client = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group, "log_level": 0})
    try:
        ends = _ends(client, topic, timeout)
        while left := _left(client, ends, timeout):
            if monotonic() > deadline:
                raise TimeoutError(
                    f"in {timeout} s, the group {group!r} has not handled all of {topic}: "
                    f"{left} messages are left"
                )
            sleep(_POLL_INTERVAL)
    finally:
        client.close()


def _ends(client: Consumer, topic: str, timeout: float) -> list[tuple[TopicPartition, int, int]]:
    """The partitions of a topic, each with its first offset and the one after its last."""
    from confluent_kafka import TopicPartition

    found = client.list_topics(timeout=timeout).topics.get(topic)
    if found is None:
        raise LookupError(f"there is no topic {topic!r}")
    places = [TopicPartition(topic, number) for number in found.partitions]
    return [(place, *client.get_watermark_offsets(place, timeout=timeout)) for place in places]


def _left(client: Consumer, ends: list[tuple[TopicPartition, int, int]], timeout: float) -> int:
    committed = client.committed([place for place, _, _ in ends], timeout=timeout)
    # A negative offset says that nothing is committed.
    return sum(
        max(0, end - max(start, done.offset))
        for done, (_, start, end) in zip(committed, ends, strict=True)
    )

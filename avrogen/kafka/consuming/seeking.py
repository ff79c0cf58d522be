"""Going on from another place: what the poller's thread does for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from avrogen.kafka.consuming.poller import Poller

__all__ = ["Position", "move"]

Position: TypeAlias = int | datetime | Literal["beginning", "end"]
"""A place in a partition: an offset, a time, or one of its ends."""


def move(poller: Poller, numbers: Sequence[int], to: Position, deadline: float) -> None:
    """Have the client fetch from another place, and forget what it has fetched.

    It is done twice. The client may be asking a broker where to begin, as it does where the group
    has no offset, and when it gets the answer after it was told to go elsewhere, it asks again and
    goes there after all (librdkafka #2256). Brokers answer a connection in order: behind the answer
    to another question, that one has come, and the second time, it asks no more.

    Args:
        poller: whose thread this is.
        numbers: of partitions that are assigned.
        to: where.
        deadline: by the monotonic clock, for answers of brokers.

    Raises:
        KafkaException: brokers do not answer, or the client does not fetch a partition yet.
    """
    from confluent_kafka import OFFSET_END

    offsets = _offsets(poller, numbers, to, deadline)
    _seek(poller, offsets)
    _ask(poller, dict.fromkeys(numbers, OFFSET_END), deadline)
    _seek(poller, offsets)


def _offsets(
    poller: Poller, numbers: Iterable[int], to: Position, deadline: float
) -> Mapping[int, int]:
    """The offset of a place in each partition."""
    from confluent_kafka import OFFSET_BEGINNING, OFFSET_END

    match to:
        case int():
            return dict.fromkeys(numbers, to)
        case "beginning":
            return _ask(poller, dict.fromkeys(numbers, OFFSET_BEGINNING), deadline)
        case "end":
            return _ask(poller, dict.fromkeys(numbers, OFFSET_END), deadline)
        case datetime():
            milliseconds = int(to.timestamp() * 1000)
            found = _ask(poller, dict.fromkeys(numbers, milliseconds), deadline)
            # There may be nothing as late as that.
            late = {number: OFFSET_END for number, offset in found.items() if offset < 0}
            return {**found, **_ask(poller, late, deadline)}


def _ask(poller: Poller, times: Mapping[int, int], deadline: float) -> dict[int, int]:
    """Ask the leaders of partitions for offsets by time, for which the ends count as well."""
    from confluent_kafka import KafkaException

    if not times:
        return {}
    wanted = poller.partitions_at(times.items())
    found = poller.client.offsets_for_times(wanted, timeout=max(deadline - monotonic(), 0.0))
    for each in found:
        if each.error is not None:
            raise KafkaException(each.error)
    return {each.partition: each.offset for each in found}


def _seek(poller: Poller, offsets: Mapping[int, int]) -> None:
    for place in poller.partitions_at(offsets.items()):
        poller.client.seek(place)
        with poller.changed:
            poller.intake.restart(place.partition)

"""Offsets that are part of a transaction: of partitions that are the consumer's still."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from avrogen.kafka.consuming.poller import Poller, RawLane

if TYPE_CHECKING:
    from avrogen.kafka.observing.observer import AnyMessage

__all__ = ["Membership", "TakenAway", "membership", "offsets_behind"]


class TakenAway(BaseException):
    """A partition is somebody else's by now: what was done for it must not be committed.

    It is no Exception, as it is no failure of a message.
    """


@dataclass(frozen=True, slots=True)
class Membership:
    """Who commits.

    Attributes:
        group: what brokers know the member by, and the generation that it is of. When there is
            another generation by the time it comes to them, they refuse.
    """

    group: Any


def membership(poller: Poller, lanes: Iterable[RawLane]) -> Future[Membership]:
    """Who commits offsets of these lanes.

    It is found out between two polls: a rebalance comes before or after it. The generation alone
    would not do, as a member of the next one may have lost a partition with it.

    Returns:
        That. It raises TakenAway.
    """
    held = list(lanes)

    def find_out() -> Membership:
        if any(lane.over for lane in held):
            raise TakenAway
        return Membership(poller.client.consumer_group_metadata())

    return poller.call(find_out)


def offsets_behind(poller: Poller, messages: Sequence[AnyMessage]) -> list[Any]:
    """The offsets behind messages, as the client has them. Those of a partition are in order."""
    ends = {message.partition: message.offset + 1 for message in messages}
    return poller.partitions_at(ends.items())

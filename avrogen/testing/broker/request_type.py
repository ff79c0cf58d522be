"""Kafka's requests by the numbers that the protocol gives them."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["RequestType"]


class RequestType(IntEnum):
    """What a client asks of a broker; the values are the protocol's API keys.

    Source: "Kafka protocol guide", API keys. These are the ones that the embedded broker can be
    told to fail.
    """

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28
    CONSUMER_GROUP_HEARTBEAT = 68

"""Where Java's producer puts a key: ``org.apache.kafka.common.utils.Utils.murmur2``."""

from __future__ import annotations

__all__ = ["murmur2", "partition_of"]

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995


def murmur2(data: bytes) -> int:
    """The hash, as 32 bits with a sign."""
    hash_ = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        k = int.from_bytes(data[start : start + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        hash_ = (hash_ * _M & _MASK) ^ k
    if whole < len(data):
        hash_ = (hash_ ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    hash_ = (hash_ ^ hash_ >> 13) * _M & _MASK
    hash_ ^= hash_ >> 15
    return hash_ - 2**32 if hash_ >= 2**31 else hash_


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among so many."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions

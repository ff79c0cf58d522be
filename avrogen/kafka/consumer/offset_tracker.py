"""Offsets of messages that are handled out of order: what can be committed, and what is beyond it.

The committed offset is that after the *contiguous prefix*: all messages before it are handled. What
is handled *beyond* it goes into the metadata of the commit, so that it is not handled again after a
restart. The metadata is text, with a version::

    avrogen1r.<base64url>   runs: pairs of LEB128 integers, from the committed offset on: so many
                            offsets are not handled, and so many behind them are
    avrogen1b.<base64url>   bits: the lowest bit of the first byte is the committed offset; 1 is
                            handled

The shorter one is written, and of runs only as many as fit into :data:`MOST_METADATA` characters.
Offsets without a message, as after compaction, may be in either kind of run. Text of any other form
says nothing. The idea is that of Confluent's parallel consumer (``OffsetMapCodecManager``).
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Final, NamedTuple

__all__ = [
    "MOST_METADATA",
    "CommitPoint",
    "HandledOffsets",
    "OffsetTracker",
    "decode_handled",
    "encode_handled",
]

MOST_METADATA: Final = 3000
"""Characters of metadata. Brokers accept 4,096 by default (``offset.metadata.max.bytes``)."""

_RUNS: Final = "avrogen1r."
_BITS: Final = "avrogen1b."
_MOST_OFFSETS: Final = 10_000_000
"""Offsets from the committed one that metadata may speak of: what claims more is not ours."""


class CommitPoint(NamedTuple):
    """The progress of a partition.

    Attributes:
        offset: the offset to commit.
        beyond: ranges of offsets that are handled beyond it, each with its end excluded.
    """

    offset: int
    beyond: list[tuple[int, int]]

    @property
    def metadata(self) -> str:
        """The metadata of the commit."""
        return encode_handled(self.offset, self.beyond)


class OffsetTracker:
    """The offsets of one partition that were taken to be handled, in any order.

    One thread at a time changes it; any may ask for :meth:`commit_point`.

    Attributes:
        next_offset: the offset after the contiguous prefix; None: nothing was handled yet.
        completed: number of offsets that are handled.
        reported: how many of them were when the last commit was sent.
    """

    __slots__ = ("_beyond", "_last", "_lock", "_pending", "completed", "next_offset", "reported")

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: deque[int] = deque()  # from the first that is not handled, ascending
        self._beyond: set[int] = set()  # those among them that are handled
        self._last = -1
        self.next_offset: int | None = None
        self.completed = self.reported = 0

    def take(self, offset: int) -> None:
        """Add an offset. They come in order; one that came before is known."""
        if offset > self._last:
            self._last = offset
            with self._lock:
                self._pending.append(offset)

    def complete(self, offset: int) -> None:
        """Count an offset that was taken as handled."""
        pending, beyond = self._pending, self._beyond
        with self._lock:
            self.completed += 1
            if offset == pending[0]:
                pending.popleft()
                while pending and pending[0] in beyond:
                    beyond.discard(pending.popleft())
            else:
                beyond.add(offset)
            self.next_offset = pending[0] if pending else self._last + 1

    def next_offset_with(self, offset: int) -> int | None:
        """Return ``next_offset`` as it would be if this offset, too, were handled."""
        with self._lock:
            for pending in self._pending:
                if pending != offset and pending not in self._beyond:
                    return pending
            return self._last + 1 if self._last >= 0 else self.next_offset

    @property
    def beyond(self) -> int:
        """Number of messages that are handled beyond the prefix."""
        return len(self._beyond)

    @property
    def first_pending(self) -> int | None:
        """The first offset that was taken and is not handled; None: there is none."""
        with self._lock:
            return self._pending[0] if self._pending else None

    def commit_point(self, offset: int) -> CommitPoint:
        """Return what can be committed.

        Args:
            offset: the offset to commit, at most that after the prefix, or after a message that
                is about to be handled.
        """
        with self._lock:
            pending, beyond = list(self._pending) if self._beyond else [], set(self._beyond)
        # Offsets behind the prefix are handled by now, or were when the offset was read.
        return CommitPoint(offset, [r for r in _ranges(pending, beyond) if r[0] > offset])


def _ranges(pending: Iterable[int], beyond: set[int]) -> Iterator[tuple[int, int]]:
    first = last = -1
    for offset in pending:
        if offset in beyond:
            first = offset if first < 0 else first
            last = offset
        elif first >= 0:
            yield first, last + 1
            first = -1
    if first >= 0:
        yield first, last + 1


class HandledOffsets:
    """Offsets that were handled before the partition was assigned, as commit metadata has them.

    Args:
        start: the committed offset.
        ranges: ranges beyond it, ascending, each with its end excluded.

    Attributes:
        start: the committed offset. If messages before it come, the partition is not read from
            there, and nothing here counts.
    """

    __slots__ = ("_ends", "_starts", "start")

    def __init__(self, start: int, ranges: Iterable[tuple[int, int]]) -> None:
        self.start = start
        pairs = list(ranges)
        self._starts = [first for first, _ in pairs]
        self._ends = [end for _, end in pairs]

    def __contains__(self, offset: int) -> bool:
        index = bisect_right(self._starts, offset) - 1
        return index >= 0 and offset < self._ends[index]

    @property
    def end(self) -> int:
        """The offset after the last of them."""
        return self._ends[-1] if self._ends else self.start


# --- metadata -------------------------------------------------------------------------------------


def encode_handled(
    offset: int, ranges: Iterable[tuple[int, int]], most: int = MOST_METADATA
) -> str:
    """Return metadata for the offsets that are handled beyond a committed one.

    Args:
        offset: the committed offset.
        ranges: ranges beyond it, ascending, each with its end excluded.
        most: characters that it may have. Ranges that do not fit are left out, the last first.
    """
    pairs = list(ranges)
    if not pairs:
        return ""
    room = (most - len(_RUNS)) * 3 // 4
    runs = bytearray()
    position = offset
    complete = True
    for first, end in pairs:
        run = _varint(first - position) + _varint(end - first)
        if len(runs) + len(run) > room:
            complete = False
            break
        runs += run
        position = end
    size = (pairs[-1][1] - offset + 7) // 8
    if size <= room and (size < len(runs) or not complete):
        bits = 0
        for first, end in pairs:
            bits |= ((1 << (end - first)) - 1) << (first - offset)
        return _BITS + _text(bits.to_bytes(size, "little"))
    return _RUNS + _text(runs) if runs else ""


def decode_handled(offset: int, metadata: str | None) -> HandledOffsets | None:
    """Return the offsets that are handled beyond a committed one; None: there are none.

    Args:
        offset: the committed offset.
        metadata: the metadata of its commit, whoever has written it.
    """
    text = metadata or ""
    try:
        if text.startswith(_RUNS):
            ranges = list(_from_runs(offset, _bytes(text[len(_RUNS) :])))
        elif text.startswith(_BITS):
            ranges = list(_from_bits(offset, _bytes(text[len(_BITS) :])))
        else:
            return None
    except ValueError:
        return None
    return HandledOffsets(offset, ranges) if ranges else None


def _from_runs(offset: int, data: bytes) -> Iterator[tuple[int, int]]:
    numbers = list(_varints(data))
    if len(numbers) % 2 or sum(numbers) > _MOST_OFFSETS:
        raise ValueError("no pairs, or too many offsets")
    position = offset
    for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
        first = position + gap
        position = first + length
        yield first, position


def _from_bits(offset: int, data: bytes) -> Iterator[tuple[int, int]]:
    position, first = offset, -1
    for byte in data:
        for bit in range(8):
            if byte >> bit & 1:
                first = position if first < 0 else first
            elif first >= 0:
                yield first, position
                first = -1
            position += 1
    if first >= 0:
        yield first, position


def _varint(number: int) -> bytes:
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
        elif shift > 63:
            raise ValueError("a number of more than 64 bits")
    if shift:
        raise ValueError("the last number is incomplete")


def _text(data: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error

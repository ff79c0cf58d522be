"""Source that reads arrays and maps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from avrogen.codec import plan
from avrogen.codec.python_backend.decoding_leaves import read_leaf
from avrogen.codec.python_backend.reading import read_block, unpack_array

if TYPE_CHECKING:
    from avrogen.codec.python_backend.decoding import Decoding

__all__ = ["read_array", "read_map"]


def read_array(decoding: Decoding, array: plan.ArrayOperation, target: str) -> None:
    """Emit what reads an array into ``target``."""
    source = decoding.source
    items = source.variable()
    source.line(f"{items} = []")
    least = decoding.least_sizes.of_item(array)
    item = array.item
    if least == 0:
        # How many there may be in a datum is counted by ``checked``.
        decoding.refuse_if("data[p]")
        source.line("p += 1")
    elif isinstance(item, plan.RealOperation):
        unpack, code = source.bind(unpack_array, "unpack"), "f" if item.bits == 32 else "d"

        def unpack_items(count: str) -> None:
            end, some = source.variable(), source.variable()
            source.line(f"{end} = p + {count} * {least}")
            source.line(f'{some} = {unpack}(data[p:{end}], "{code}"); p = {end}')
            source.line(f"if {items}: {items} += {some}")
            source.line(f"else: {items} = {some}")

        _blocks(decoding, least, unpack_items)
    else:
        add = source.variable()
        source.line(f"{add} = {items}.append")

        def read_items(count: str) -> None:
            with _repeat(decoding, count):
                each = source.variable()
                decoding.read(item, each)
                source.line(f"{add}({each})")

        _blocks(decoding, least, read_items)
    source.line(f"{target} = {items}")


def read_map(decoding: Decoding, map_: plan.MapOperation, target: str) -> None:
    """Emit what reads a map into ``target``."""
    source = decoding.source
    entries = source.variable()
    source.line(f"{entries} = {{}}")

    def read_entries(count: str) -> None:
        with _repeat(decoding, count):
            key, each = source.variable(), source.variable()
            read_leaf(decoding, plan.StringOperation(), key)
            decoding.read(map_.value, each)
            source.line(f"{entries}[{key}] = {each}")

    _blocks(decoding, decoding.least_sizes.of_item(map_), read_entries)
    source.line(f"{target} = {entries}")


def _repeat(decoding: Decoding, count: str) -> AbstractContextManager[None]:
    range_ = decoding.source.bind(range, "range")
    return decoding.source.block(f"for _ in {range_}({count}):")


def _blocks(decoding: Decoding, least: int, read_items: Callable[[str], None]) -> None:
    """Emit a loop over blocks; ``read_items`` emits what reads as many items."""
    source = decoding.source
    count = source.variable()
    times = "" if least == 1 else f" * {least}"
    source.line(f"{count} = data[p]; p += 1")
    with source.block(f"while {count}:"):
        with source.block(f"if {count} & 129:"):
            block = source.bind(read_block, "block")
            source.line(f"{count}, p = {block}(data, p - 1)")
        source.line(f"else: {count} >>= 1")
        decoding.refuse_if(f"{count}{times} > size - p")
        read_items(count)
        source.line(f"{count} = data[p]; p += 1")

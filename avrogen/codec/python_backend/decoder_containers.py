"""Source that reads records.

Source that reads arrays and maps.

Source that goes past what is written and not read.

Values are not made, and only what leads to their end is looked at: not whether text is UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields, is_dataclass
from itertools import zip_longest
from typing import Any, Final

from avrogen.codec import plan
from avrogen.codec.python_backend import decoder_leaves as leaves
from avrogen.codec.python_backend.decoder_leaves import RealRun, begins_with_byte, read_leaf
from avrogen.codec.python_backend.decoder_runtime import (
    read_block,
    skip_block,
    stand_in_for,
    twin_of,
    unpack_array,
)
from avrogen.codec.python_backend.emitter import BaseDecoderEmitter
from avrogen.codec.python_backend.source_builder import MAX_NESTING

__all__ = ["fixed_size", "read_array", "read_map", "read_record", "skip"]


def read_record(decoding: BaseDecoderEmitter, record: plan.RecordOperation, target: str) -> None:
    """Emit what reads a record into ``target``."""
    source = decoding.source
    instance = source.variable()
    finish = _make(decoding, record, instance)
    run = RealRun(decoding)
    for field, after in zip_longest(record.fields, record.fields[1:]):
        match field.operation:
            case plan.FloatOperation(bits):
                run.add(_place(decoding, record, field, instance), bits)
            case plan.SkipOperation(skipped):
                size = fixed_size(skipped)
                if size is not None:
                    run.skip(size)
                else:
                    run.end()
                    skip(decoding, skipped)
            case _:
                run.end(source.variable() if begins_with_byte(field.operation) else None)
                then = after.operation if after else None
                place = _place(decoding, record, field, instance)
                decoding.read(field.operation, place, then=then)
    run.end()
    for default in record.defaults:
        _default(decoding, default, _place(decoding, record, default, instance))
    if finish:
        source.line(finish)
    source.line(f"{target} = {instance}")


def _make(decoding: BaseDecoderEmitter, record: plan.RecordOperation, instance: str) -> str:
    """Emit what makes an object to be filled. Returns what makes of it the one that is meant."""
    source = decoding.source
    if record.type is None:
        if [*record.fields] == record.parts:
            source.line(f"{instance} = {{}}")
        else:
            # The order of the keys is settled before their values come.
            template = dict.fromkeys(part.name for part in record.parts)
            source.line(f"{instance} = {source.bind(template, 'template')}.copy()")
        return ""
    twin = twin_of(record.type)
    if twin is not None:
        finish = f"{instance}.__class__ = {source.bind(record.type, 'type')}"
    else:
        attributes = tuple(part.attribute or "" for part in record.parts)
        twin, make = stand_in_for(record.type, attributes)
        finish = f"{instance} = {source.bind(make, 'make')}({instance})"
    source.line(f"{instance} = {source.bind(twin, 'twin')}()")
    return finish


def _place(
    decoding: BaseDecoderEmitter,
    record: plan.RecordOperation,
    part: plan.FieldOperation | plan.DefaultField,
    instance: str,
) -> str:
    """Where the value of a field goes."""
    if record.type is None:
        return f"{instance}[{decoding.source.bind(part.name, 'key')}]"
    return f"{instance}.{part.attribute}"


def _default(decoding: BaseDecoderEmitter, default: plan.DefaultField, place: str) -> None:
    """Emit what puts a default in its place: the same object always, if nothing can change it."""
    source = decoding.source
    value = decoding.interpreter.read_default(default)
    if _is_immutable(value):
        source.line(f"{place} = {source.bind(value, 'default')}")
    elif value == [] or value == {}:
        source.line(f"{place} = {value!r}")
    else:
        read, data = decoding.routine(default.operation), source.bind(default.data, "data")
        # However deep it is: that was settled when it was read above.
        levels = len(default.data) + 1
        source.line(f"{place} = {read}({data}, 0, {len(default.data)}, {levels})[0]")


def _is_immutable(value: Any) -> bool:
    if isinstance(value, list | dict):
        return False
    if is_dataclass(value):
        return all(_is_immutable(getattr(value, field.name)) for field in fields(value))
    return True


def read_array(decoding: BaseDecoderEmitter, array: plan.ArrayOperation, target: str) -> None:
    """Emit what reads an array into ``target``."""
    source = decoding.source
    items = source.variable()
    source.line(f"{items} = []")
    least = decoding.minimum_sizes.of_item(array)
    item = array.item
    if least == 0:
        # How many there may be in a datum is counted by the interpreter.
        decoding.refuse_if("data[p]")
        source.line("p += 1")
    elif isinstance(item, plan.FloatOperation):
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


def read_map(decoding: BaseDecoderEmitter, map_: plan.MapOperation, target: str) -> None:
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

    _blocks(decoding, decoding.minimum_sizes.of_item(map_), read_entries)
    source.line(f"{target} = {entries}")


def _repeat(decoding: BaseDecoderEmitter, count: str) -> AbstractContextManager[None]:
    range_ = decoding.source.bind(range, "range")
    return decoding.source.block(f"for _ in {range_}({count}):")


def _blocks(decoding: BaseDecoderEmitter, least: int, read_items: Callable[[str], None]) -> None:
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


_MOST: Final = 1 << 30
"""Bytes that can be told to ``struct``."""


def fixed_size(operation: plan.Operation) -> int | None:
    """How many bytes an operation always goes past; None if that depends on the data."""
    match operation:
        case plan.NullOperation():
            return 0
        case plan.BooleanOperation():
            return 1
        case plan.FloatOperation(bits):
            return bits // 8
        case plan.FixedOperation(_, size) if size < _MOST:
            return size
        case _:
            return None


def skip(decoding: BaseDecoderEmitter, operation: plan.Operation) -> None:
    """Emit what goes past a value of an operation, which has no logical type."""
    source = decoding.source
    size = fixed_size(operation)
    if size is not None:
        if size:
            source.line(f"p += {size}")
        return
    if source.nesting > MAX_NESTING and not leaves.is_leaf(operation):
        decoding.call(operation, source.variable(), skipping=True)
        return
    match operation:
        case plan.IntegerOperation(bits):
            leaves.read_leaf(decoding, plan.IntegerOperation(bits), source.variable())
        case plan.EnumOperation():
            leaves.read_leaf(decoding, plan.IntegerOperation(32), source.variable())
        case plan.BytesOperation() | plan.StringOperation():
            source.line(f"p = {leaves.span(decoding)}")
        case plan.FixedOperation(_, many):
            source.line(f"p += {many}")
        case plan.Call(key):
            decoding.record_or_call(operation, key, source.variable(), skipping=True)
        case plan.UnionOperation():
            decoding.union(operation, source.variable(), skipping=True)
        case plan.ArrayOperation(inner) | plan.MapOperation(inner):
            _skip_blocks(decoding, operation, inner)
        case _:
            raise AssertionError("nothing else is skipped")


def _skip_blocks(
    decoding: BaseDecoderEmitter,
    operation: plan.ArrayOperation | plan.MapOperation,
    inner: plan.Operation,
) -> None:
    """Emit what goes past blocks: as a whole where they say their size, else item by item."""
    source = decoding.source
    least = decoding.minimum_sizes.of_item(operation)
    if least == 0:
        # How many there may be in a datum is counted by the interpreter.
        decoding.refuse_if("data[p]")
        source.line("p += 1")
        return
    count = source.variable()
    source.line(f"{count} = data[p]; p += 1")
    with source.block(f"while {count}:"):
        block = source.bind(skip_block, "block")
        source.line(f"if {count} & 129: {count}, p = {block}(data, p - 1, {least})")
        source.line(f"else: {count} >>= 1")
        times = "" if least == 1 else f" * {least}"
        decoding.refuse_if(f"{count}{times} > size - p")
        size = fixed_size(inner)
        if isinstance(operation, plan.ArrayOperation) and size is not None:
            source.line(f"p += {count} * {size}")
        else:
            with source.block(f"for _ in {source.bind(range, 'range')}({count}):"):
                if isinstance(operation, plan.MapOperation):
                    skip(decoding, plan.StringOperation())
                skip(decoding, inner)
        source.line(f"{count} = data[p]; p += 1")

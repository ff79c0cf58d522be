"""Source that decodes records, arrays and maps, and that skips data.

Skipped values are not made, and only the bytes that lead to their end are checked: not UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields, is_dataclass
from datetime import date, time
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from avrogen.codec import plan
from avrogen.codec.python_backend import decoder_leaves as leaves
from avrogen.codec.python_backend.decoder_leaves import FloatRun, begins_with_byte, read_leaf
from avrogen.codec.python_backend.decoder_runtime import (
    read_block,
    skip_block,
    stand_in_for,
    twin_of,
    unpack_array,
)
from avrogen.codec.python_backend.emitter import BaseDecoderEmitter
from avrogen.codec.python_backend.source_builder import MAX_NESTING
from avrogen.codec.values import Duration

__all__ = ["fixed_size", "read_array", "read_map", "read_record", "skip"]


def read_record(emitter: BaseDecoderEmitter, record: plan.RecordOperation, target: str) -> None:
    """Emit the decoding of a record into ``target``."""
    source = emitter.source
    instance = source.variable()
    finish = _make(emitter, record, instance)
    run = FloatRun(emitter)
    for field, after in zip_longest(record.fields, record.fields[1:]):
        match field.operation:
            case plan.FloatOperation(bits):
                run.add(_place(emitter, record, field, instance), bits)
            case plan.SkipOperation(skipped):
                size = fixed_size(skipped)
                if size is not None:
                    run.skip(size)
                else:
                    run.end()
                    skip(emitter, skipped)
            case _:
                run.end(source.variable() if begins_with_byte(field.operation) else None)
                then = after.operation if after else None
                place = _place(emitter, record, field, instance)
                emitter.read(field.operation, place, then=then)
    run.end()
    for default in record.defaults:
        _default(emitter, default, _place(emitter, record, default, instance))
    if finish:
        source.line(finish)
    source.line(f"{target} = {instance}")


def _make(emitter: BaseDecoderEmitter, record: plan.RecordOperation, instance: str) -> str:
    """Emit the creation of an object to fill. Return the statement that completes it."""
    source = emitter.source
    if record.type is None:
        if [*record.fields] == record.parts:
            source.line(f"{instance} = {{}}")
        else:
            # The keys get their order before their values are there.
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
    emitter: BaseDecoderEmitter,
    record: plan.RecordOperation,
    part: plan.FieldOperation | plan.DefaultField,
    instance: str,
) -> str:
    """Return the target for the value of a field."""
    if record.type is None:
        return f"{instance}[{emitter.source.bind(part.name, 'key')}]"
    return f"{instance}.{part.attribute}"


def _default(emitter: BaseDecoderEmitter, default: plan.DefaultField, place: str) -> None:
    """Emit the assignment of a default: always the same object, if it is immutable."""
    source = emitter.source
    value = emitter.interpreter.read_default(default)
    if _is_immutable(value):
        source.line(f"{place} = {source.bind(value, 'default')}")
    elif type(value) in (list, dict) and not value:
        source.line(f"{place} = {value!r}")
    else:
        read, data = emitter.routine(default.operation), source.bind(default.data, "data")
        # Its depth was checked when it was decoded above.
        levels = len(default.data) + 1
        source.line(f"{place} = {read}({data}, 0, {len(default.data)}, {levels})[0]")


_IMMUTABLE: Final = (type(None), bool, int, float, str, bytes, date, time, Decimal, UUID)
"""Classes of values that may be shared; those of types of one's own may change."""


def _is_immutable(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_immutable, value))  # pyright: ignore[reportUnknownArgumentType]
    is_own = isinstance(value, Duration) or hasattr(value, "__avro_schema__")
    if is_own and is_dataclass(value):
        return all(_is_immutable(getattr(value, field.name)) for field in fields(value))
    return isinstance(value, _IMMUTABLE)


def read_array(emitter: BaseDecoderEmitter, array: plan.ArrayOperation, target: str) -> None:
    """Emit the decoding of an array into ``target``."""
    source = emitter.source
    items = source.variable()
    source.line(f"{items} = []")
    least = emitter.minimum_sizes.of_item(array)
    item = array.item
    if least == 0:
        # How many there may be in a datum is counted by the interpreter.
        emitter.refuse_if("data[p]")
        source.line("p += 1")
    elif isinstance(item, plan.FloatOperation):
        unpack, code = source.bind(unpack_array, "unpack"), "f" if item.bits == 32 else "d"

        def unpack_items(count: str) -> None:
            end, some = source.variable(), source.variable()
            source.line(f"{end} = p + {count} * {least}")
            source.line(f'{some} = {unpack}(data[p:{end}], "{code}"); p = {end}')
            source.line(f"if {items}: {items} += {some}")
            source.line(f"else: {items} = {some}")

        _blocks(emitter, least, unpack_items)
    else:
        add = source.variable()
        source.line(f"{add} = {items}.append")

        def read_items(count: str) -> None:
            with _repeat(emitter, count):
                each = source.variable()
                emitter.read(item, each)
                source.line(f"{add}({each})")

        _blocks(emitter, least, read_items)
    source.line(f"{target} = {items}")


def read_map(emitter: BaseDecoderEmitter, map_: plan.MapOperation, target: str) -> None:
    """Emit the decoding of a map into ``target``."""
    source = emitter.source
    entries = source.variable()
    source.line(f"{entries} = {{}}")

    def read_entries(count: str) -> None:
        with _repeat(emitter, count):
            key, each = source.variable(), source.variable()
            read_leaf(emitter, plan.StringOperation(), key)
            emitter.read(map_.value, each)
            source.line(f"{entries}[{key}] = {each}")

    _blocks(emitter, emitter.minimum_sizes.of_item(map_), read_entries)
    source.line(f"{target} = {entries}")


def _repeat(emitter: BaseDecoderEmitter, count: str) -> AbstractContextManager[None]:
    range_ = emitter.source.bind(range, "range")
    return emitter.source.block(f"for _ in {range_}({count}):")


def _blocks(emitter: BaseDecoderEmitter, least: int, read_items: Callable[[str], None]) -> None:
    """Emit a loop over blocks; ``read_items`` emits the decoding of a number of items."""
    source = emitter.source
    count = source.variable()
    times = "" if least == 1 else f" * {least}"
    source.line(f"{count} = data[p]; p += 1")
    with source.block(f"while {count}:"):
        with source.block(f"if {count} & 129:"):
            block = source.bind(read_block, "block")
            source.line(f"{count}, p = {block}(data, p - 1)")
        source.line(f"else: {count} >>= 1")
        emitter.refuse_if(f"{count}{times} > size - p")
        read_items(count)
        source.line(f"{count} = data[p]; p += 1")


_MOST: Final = 1 << 30
"""Greatest number of bytes for ``struct``."""


def fixed_size(operation: plan.Operation) -> int | None:
    """Return the size of an operation's data; None if it is not always the same."""
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


def skip(emitter: BaseDecoderEmitter, operation: plan.Operation) -> None:
    """Emit the skipping of a value of an operation, which has no logical type."""
    source = emitter.source
    size = fixed_size(operation)
    if size is not None:
        if size:
            source.line(f"p += {size}")
        return
    if source.nesting > MAX_NESTING and not leaves.is_leaf(operation):
        emitter.call(operation, source.variable(), skipping=True)
        return
    match operation:
        case plan.IntegerOperation(bits):
            leaves.read_leaf(emitter, plan.IntegerOperation(bits), source.variable())
        case plan.EnumOperation():
            leaves.read_leaf(emitter, plan.IntegerOperation(32), source.variable())
        case plan.BytesOperation() | plan.StringOperation():
            source.line(f"p = {leaves.span(emitter)}")
        case plan.FixedOperation(_, many):
            source.line(f"p += {many}")
        case plan.Call(key):
            emitter.record_or_call(operation, key, source.variable(), skipping=True)
        case plan.UnionOperation():
            emitter.union(operation, source.variable(), skipping=True)
        case plan.ArrayOperation(inner) | plan.MapOperation(inner):
            _skip_blocks(emitter, operation, inner)
        case _:
            raise AssertionError("not an operation that is skipped")


def _skip_blocks(
    emitter: BaseDecoderEmitter,
    operation: plan.ArrayOperation | plan.MapOperation,
    inner: plan.Operation,
) -> None:
    """Emit the skipping of blocks: as a whole if they have their size, else item by item."""
    source = emitter.source
    least = emitter.minimum_sizes.of_item(operation)
    if least == 0:
        # How many there may be in a datum is counted by the interpreter.
        emitter.refuse_if("data[p]")
        source.line("p += 1")
        return
    count = source.variable()
    source.line(f"{count} = data[p]; p += 1")
    with source.block(f"while {count}:"):
        block = source.bind(skip_block, "block")
        source.line(f"if {count} & 129: {count}, p = {block}(data, p - 1, {least})")
        source.line(f"else: {count} >>= 1")
        times = "" if least == 1 else f" * {least}"
        emitter.refuse_if(f"{count}{times} > size - p")
        size = fixed_size(inner)
        if isinstance(operation, plan.ArrayOperation) and size is not None:
            source.line(f"p += {count} * {size}")
        else:
            with source.block(f"for _ in {source.bind(range, 'range')}({count}):"):
                if isinstance(operation, plan.MapOperation):
                    skip(emitter, plan.StringOperation())
                skip(emitter, inner)
        source.line(f"{count} = data[p]; p += 1")

"""Source that reads records."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from avrogen.codec import plan
from avrogen.codec.python_backend.decoding_leaves import RealRun, begins_with_byte
from avrogen.codec.python_backend.decoding_skips import fixed_size, skip
from avrogen.codec.python_backend.instances import stand_in_for, twin_of

if TYPE_CHECKING:
    from avrogen.codec.python_backend.decoding import Decoding

__all__ = ["read_record"]


def read_record(decoding: Decoding, record: plan.RecordOperation, target: str) -> None:
    """Emit what reads a record into ``target``."""
    source = decoding.source
    instance = source.variable()
    finish = _make(decoding, record, instance)
    run = RealRun(decoding)
    for field, after in zip_longest(record.fields, record.fields[1:]):
        match field.operation:
            case plan.RealOperation(bits):
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


def _make(decoding: Decoding, record: plan.RecordOperation, instance: str) -> str:
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
    decoding: Decoding,
    record: plan.RecordOperation,
    part: plan.FieldOperation | plan.DefaultField,
    instance: str,
) -> str:
    """Where the value of a field goes."""
    if record.type is None:
        return f"{instance}[{decoding.source.bind(part.name, 'key')}]"
    return f"{instance}.{part.attribute}"


def _default(decoding: Decoding, default: plan.DefaultField, place: str) -> None:
    """Emit what puts a default in its place: the same object always, if nothing can change it."""
    source = decoding.source
    value = decoding.reader.read_default(default)
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

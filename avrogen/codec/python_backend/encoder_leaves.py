"""Source that encodes values without inner values.

Each is a few expressions for bytes, to be used wherever an expression can be. The tag of a union
branch, if there is one, is part of the first.
"""

from __future__ import annotations

import struct
from binascii import hexlify
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final, TypeAlias
from uuid import UUID

from avrogen.avro.model import TimeUnit
from avrogen.codec import conversions, plan
from avrogen.codec.logical import (
    DateKind,
    DecimalKind,
    LogicalKind,
    MappedKind,
    NanosKind,
    TimeKind,
    TimestampKind,
    UuidKind,
)
from avrogen.codec.python_backend.emitter import BaseEncoderEmitter
from avrogen.codec.python_backend.encoder_runtime import (
    SMALL,
    TRAILING_BYTES,
    as_bytes,
    as_datetime,
    as_int,
    check_floats,
    leading_bytes,
    long_writer,
    prefixes,
    small_ints,
    timestamp_writer,
)
from avrogen.codec.python_backend.source_builder import SourceBuilder
from avrogen.codec.varints import encode_long

__all__ = ["is_leaf", "packer", "piece_count", "prefix", "to_base", "write_leaf"]

_LAST_TAG_WITH_TABLES: Final = encode_long(15)
"""Later branches share the tables of values without tags."""

_UUID_GROUPS: Final = struct.Struct("8s4s4s4s12s")
"""The hexadecimal digits of a UUID between its hyphens (RFC 4122, section 3)."""

_HYPHENATED: Final = b"-".join

_LOW_BYTES: Final = {TimeUnit.MILLIS: 2, TimeUnit.MICROS: 3}
"""Low bytes of a timestamp that are not looked up in the table of earlier ones, as they change too
fast: within eight seconds, and within one."""

_Inner: TypeAlias = (
    plan.ArrayOperation
    | plan.MapOperation
    | plan.UnionOperation
    | plan.Call
    | plan.SkipOperation
    | plan.NamedOperation
    | plan.UnreadableOperation
)


def is_leaf(operation: plan.Operation) -> bool:
    """Return whether :func:`write_leaf` is for it."""
    while isinstance(operation, plan.LogicalOperation):
        operation = operation.base
    return not isinstance(operation, _Inner)


def write_leaf(
    emitter: BaseEncoderEmitter, operation: plan.Operation, value: str, tag: bytes
) -> list[str]:
    """Emit checks of ``value``, the name of a variable.

    Returns:
        Expressions for the bytes, with ``tag`` at the start of the first; may be empty.
    """
    source = emitter.source
    if tag > _LAST_TAG_WITH_TABLES:
        pieces = write_leaf(emitter, operation, value, b"")
        return [f"{tag!r} + ({pieces[0]})", *pieces[1:]] if pieces else [repr(tag)]
    match operation:
        case plan.NullOperation():
            emitter.refuse_if(f"{value} is not None")
            return _tagged(tag)
        case plan.BooleanOperation():
            emitter.refuse_if(f"{value}.__class__ is not {source.bind(bool, 'bool')}")
            return [f"{tag + bytes([1])!r} if {value} else {tag + bytes([0])!r}"]
        case plan.IntegerOperation(bits):
            _convert_unless(source, value, int, as_int)
            return [_integer(source, value, bits, tag)]
        case plan.FloatOperation(bits):
            check, type_ = source.bind(check_floats, "check_floats"), source.bind(float, "float")
            source.line(f"if {value}.__class__ is not {type_}: {check}(({value},))")
            pack = packer(source, "B" * len(tag) + ("f" if bits == 32 else "d"))
            return [f"{pack}({', '.join([*map(str, tag), value])})"]
        case plan.BytesOperation():
            _convert_unless(source, value, bytes, as_bytes)
            return [prefix(source, f"len({value})", tag), value]
        case plan.StringOperation():
            content = source.variable()
            source.line(f"{content} = {source.bind(str.encode, 'utf8')}({value})")
            return [prefix(source, f"len({content})", tag), content]
        case plan.FixedOperation(_, size, type_):
            class_ = source.bind(type_, "fixed")
            emitter.refuse_if(f"{value}.__class__ is not {class_} or len({value}) != {size}")
            return [*_tagged(tag), value]
        case plan.EnumOperation():
            return [_symbol(emitter, operation, value, tag)]
        case plan.LogicalOperation(base, kind):
            return _logical(emitter, base, kind, value, tag)
        case _:
            raise AssertionError("not a leaf that is written")


def piece_count(operation: plan.Operation) -> int:
    """Return the greatest number of expressions that :func:`write_leaf` returns."""
    match operation:
        case plan.BytesOperation() | plan.StringOperation() | plan.FixedOperation():
            return 2
        case plan.LogicalOperation(_, TimestampKind(unit)):
            return _LOW_BYTES[unit] + 1
        case plan.LogicalOperation(base, kind) if kind.plain is not kind:
            return piece_count(plan.LogicalOperation(base, kind.plain))
        case plan.LogicalOperation(base):
            return piece_count(base)
        case _:
            return 1


def prefix(source: SourceBuilder, size: str, tag: bytes) -> str:
    """Return an expression for a length or a count after a tag."""
    number = source.variable()
    table = source.bind(prefixes(tag), "prefixes")
    write = source.bind(long_writer(64, tag), "long")
    return f"{table}[{number}] if ({number} := {size}) < {2 * SMALL} else {write}({number})"


def packer(source: SourceBuilder, codes: str) -> str:
    """Return the name of a function that packs floats ("f") and doubles ("d")."""
    return source.bind(struct.Struct(f"<{codes}").pack, "pack")


def _convert_unless(
    source: SourceBuilder, value: str, type_: type[object], convert: object
) -> None:
    """Emit a conversion of values that are not exactly of a type."""
    class_ = source.bind(type_, type_.__name__)
    function = source.bind(convert, "convert")
    source.line(f"if {value}.__class__ is not {class_}: {value} = {function}({value})")


def _integer(source: SourceBuilder, value: str, bits: int, tag: bytes) -> str:
    table = source.bind(small_ints(tag), "ints")
    write = source.bind(long_writer(bits, tag), "int" if bits == 32 else "long")
    return f"{table}[{value}] if {-SMALL} <= {value} < {SMALL} else {write}({value})"


def _symbol(emitter: BaseEncoderEmitter, enum: plan.EnumOperation, value: str, tag: bytes) -> str:
    table = {symbol: tag + encode_long(index) for index, symbol in enumerate(enum.symbols)}
    name = emitter.source.bind(table, "symbols")
    if enum.type is str:
        return f"{name}[{value}]"
    # The hash of a member is computed in Python, that of its value is cached.
    emitter.refuse_if(f"{value}.__class__ is not {emitter.source.bind(enum.type, 'enum')}")
    return f"{name}[{value}._value_]"


# --- logical types --------------------------------------------------------------------------------


def _logical(
    emitter: BaseEncoderEmitter, base: plan.Operation, kind: LogicalKind, value: str, tag: bytes
) -> list[str]:
    """Emit the fast code of a kind, or a call of its ``to_base`` and the code of the base type."""
    source = emitter.source
    if kind.plain is not kind:
        return _timed(emitter, base, kind, value, tag)
    match kind:
        case DateKind():
            emitter.refuse_if(f"{value}.__class__ is not {source.bind(date, 'date')}")
            days = source.variable()
            source.line(f"{days} = {value}.toordinal() - {conversions.EPOCH_ORDINAL}")
            return [_integer(source, days, 32, tag)]
        case TimeKind(unit):
            type_ = source.bind(time, "time")
            emitter.refuse_if(f"{value}.__class__ is not {type_} or {value}.tzinfo is not None")
            units = source.variable()
            seconds = f"({value}.hour * 60 + {value}.minute) * 60 + {value}.second"
            source.line(f"{units} = {_units(seconds, f'{value}.microsecond', unit)}")
            return [_integer(source, units, 64, tag)]
        case TimestampKind(unit, local):
            return _timestamp(source, value, unit, local, tag)
        case NanosKind():
            type_ = source.bind(kind.python_type, "nanos")
            emitter.refuse_if(f"{value}.__class__ is not {type_}")
            return [_integer(source, value, 64, tag)]
        case DecimalKind(precision, scale, size) if scale <= conversions.MAX_SCALE:
            number = _unscaled(emitter, value, precision, scale)
            if size is None:
                content = source.variable()
                minimal = source.bind(conversions.minimal_bytes, "big")
                source.line(f"{content} = {minimal}({number})")
                return [prefix(source, f"len({content})", tag), content]
            content = f"{source.bind(int.to_bytes, 'big')}({number}, {size}, 'big', signed=True)"
            return [*_tagged(tag), content]
        case UuidKind(binary):
            type_ = source.bind(UUID, "uuid")
            emitter.refuse_if(f"{value}.__class__ is not {type_}")
            if binary:
                return [*_tagged(tag), f"{value}.bytes"]
            digits = f"{source.bind(hexlify, 'hexlify')}({value}.int.to_bytes(16, 'big'))"
            groups = f"{source.bind(_UUID_GROUPS.unpack, 'groups')}({digits})"
            return [repr(tag + b"\x48"), f"{source.bind(_HYPHENATED, 'hyphenated')}({groups})"]
        case MappedKind():
            return write_leaf(emitter, base, to_base(emitter, kind, value), tag)
        case _:
            raw = source.variable()
            source.line(f"{raw} = {source.bind(kind.to_base, 'to_base')}({value})")
            return write_leaf(emitter, base, raw, tag)


def _timed(
    emitter: BaseEncoderEmitter, base: plan.Operation, kind: LogicalKind, value: str, tag: bytes
) -> list[str]:
    """Emit the code of a date or time with options: a check before that without, or a call."""
    from avrogen.codec.timed_kinds import TimedKind

    assert isinstance(kind, TimedKind), "no other kind has options"
    source, inner = emitter.source, kind.kind
    if kind.times.keeps_numbers:
        raw = source.variable()
        source.line(f"{raw} = {source.bind(kind.to_base, 'to_base')}({value})")
        return write_leaf(emitter, base, raw, tag)
    if kind.step > 1 and isinstance(inner, TimestampKind):
        epoch = conversions.LOCAL_EPOCH if inner.local else conversions.EPOCH
        delta = f"({value} - {source.bind(epoch, 'epoch')})"
        emitter.refuse_if(f"{delta}.microseconds % {kind.step}")
    elif kind.step > 1:
        type_ = source.bind(time, "time")
        emitter.refuse_if(f"{value}.__class__ is not {type_} or {value}.microsecond % {kind.step}")
    return _logical(emitter, base, inner, value, tag)


def to_base(emitter: BaseEncoderEmitter, kind: LogicalKind, value: str) -> str:
    """Emit the conversion of a type of one's own. Return the name of the base value."""
    assert isinstance(kind, MappedKind), "other kinds have leaves as their base"
    source = emitter.source
    if kind.class_ is not object:
        emitter.refuse_if(f"{value}.__class__ is not {source.bind(kind.class_, 'type')}")
    raw = source.variable()
    if kind.backward is None:
        source.line(f"{raw} = {value}")
    else:
        source.line(f"{raw} = {source.bind(kind.backward, 'to_base')}({value})")
    return raw


def _tagged(tag: bytes) -> list[str]:
    return [repr(tag)] if tag else []


def _units(seconds: str, microseconds: str, unit: TimeUnit) -> str:
    per_second = conversions.PER_SECOND[unit]
    finer = 1_000_000 // per_second
    rest = microseconds if finer == 1 else f"{microseconds} // {finer}"
    return f"({seconds}) * {per_second} + {rest}"


def _timestamp(
    source: SourceBuilder, value: str, unit: TimeUnit, local: bool, tag: bytes
) -> list[str]:
    _convert_unless(source, value, datetime, as_datetime)
    epoch = source.bind(conversions.LOCAL_EPOCH if local else conversions.EPOCH, "epoch")
    delta, units, double = source.variable(), source.variable(), source.variable()
    # This raises where one has a time zone and the other has not.
    source.line(f"{delta} = {value} - {epoch}")
    expression = _units(f"{delta}.days * 86400 + {delta}.seconds", f"{delta}.microseconds", unit)
    source.line(f"{units} = {expression}")
    # Zigzag doubles positive numbers. Successive messages have nearly the same time, so that the
    # encodings of all but the low bits are in the table.
    low = _LOW_BYTES[unit]
    first, more = source.bind(leading_bytes(tag), "first"), source.bind(leading_bytes(b""), "more")
    high = source.bind(TRAILING_BYTES, "high")
    steps = [f"{double} >> {7 * n} & 127" for n in range(low)]
    found = [f"{first}[{steps[0]}]", *(f"{more}[{step}]" for step in steps[1:])]
    found.append(f"{high}[{double} >> {7 * low}]")
    pieces = [source.variable() for _ in found]
    source.line(f"{double} = {units} + {units}")
    least, beyond = 1 << 7 * low, 2 * conversions.END_OF_TIME * conversions.PER_SECOND[unit]
    with source.block(f"if {least} <= {double} < {beyond}:"):
        source.line(
            "; ".join(f"{piece} = {bytes_}" for piece, bytes_ in zip(pieces, found, strict=True))
        )
    with source.block("else:"):
        write = source.bind(timestamp_writer(unit, tag), "timestamp")
        source.line(f"{pieces[0]} = {write}({units}); {' = '.join(pieces[1:])} = b''")
    return pieces


def _unscaled(emitter: BaseEncoderEmitter, value: str, precision: int, scale: int) -> str:
    source = emitter.source
    emitter.refuse_if(f"{value}.__class__ is not {source.bind(Decimal, 'decimal')}")
    dropping_zeros, exact = conversions.decimal_contexts(precision)
    quantize = source.bind(dropping_zeros.quantize, "quantize")
    scaleb = source.bind(exact.scaleb, "scaleb")
    step = source.bind(Decimal((0, (1,), -scale)), "step")
    number = source.variable()
    int_ = source.bind(int, "int")
    source.line(f"{number} = {int_}({scaleb}({quantize}({value}, {step}), {scale}))")
    return number

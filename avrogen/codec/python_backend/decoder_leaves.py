"""Source that decodes values without inner values."""

from __future__ import annotations

import struct
from binascii import unhexlify
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID, SafeUUID

from avrogen.avro.model import TimeUnit
from avrogen.codec import conversions, plan
from avrogen.codec.limits import MAX_DECIMAL_DIGITS
from avrogen.codec.logical import (
    DateKind,
    DecimalKind,
    MappedKind,
    NanosKind,
    TimeKind,
    TimestampKind,
    UuidKind,
)
from avrogen.codec.python_backend.decoder_runtime import (
    UNSET_UUID,
    read_int_rest,
    read_long,
    read_long_rest,
    read_span,
)
from avrogen.codec.python_backend.emitter import BaseDecoderEmitter
from avrogen.codec.python_backend.encoder_leaves import is_leaf
from avrogen.codec.python_backend.encoder_runtime import UNZIGZAG

__all__ = ["FloatRun", "begins_with_byte", "from_base", "is_leaf", "read_leaf", "span"]


def read_leaf(emitter: BaseDecoderEmitter, operation: plan.Operation, target: str) -> None:
    """Emit the decoding of a value into ``target``."""
    source = emitter.source
    match operation:
        case plan.NullOperation():
            source.line(f"{target} = None")
        case plan.BooleanOperation():
            source.line(f"{target} = {source.bind((False, True), 'booleans')}[{emitter.byte()}]")
        case plan.IntegerOperation(bits):
            _integer(emitter, target, bits)
        case plan.FloatOperation(bits):
            run = FloatRun(emitter)
            run.add(target, bits)
            run.end()
        case plan.PromotedOperation(written, 64):
            number = source.variable()
            _integer(emitter, number, written)
            source.line(f"{target} = {source.bind(float, 'float')}({number})")
        case plan.BytesOperation():
            end = span(emitter)
            source.line(f"{target} = data[p:{end}]; p = {end}")
        case plan.StringOperation():
            end = span(emitter)
            source.line(f"{target} = data[p:{end}].decode(); p = {end}")
        case plan.FixedOperation(_, size, type_):
            content = f"data[p:p + {size}]"
            if type_ is not bytes:
                new, class_ = source.bind(bytes.__new__, "new"), source.bind(type_, "fixed")
                content = f"{new}({class_}, {content})"
            source.line(f"{target} = {content}; p += {size}")
        case plan.EnumOperation(_, _, values):
            _symbol(emitter, values, target)
        case plan.LogicalOperation():
            _logical(emitter, operation, target)
        case _:
            # Rare, or slow anyway.
            emitter.interpret(operation, target)


class FloatRun:
    """Adjacent floats and doubles, which one call decodes."""

    def __init__(self, emitter: BaseDecoderEmitter) -> None:
        self._emitter = emitter
        self._targets: list[str] = []
        self._codes = ""

    def add(self, target: str, bits: int) -> None:
        """Add a float, to be decoded into ``target``."""
        self._targets.append(target)
        self._codes += "f" if bits == 32 else "d"

    def skip(self, size: int) -> None:
        """Add bytes to skip between the floats, or before or after them."""
        if size:
            self._codes += f"{size}x"

    def end(self, ahead: str | None = None) -> None:
        """Emit the decoding of the floats so far, with the next byte, if ``ahead`` is its name."""
        source = self._emitter.source
        if self._targets and ahead is not None:
            self._targets.append(ahead)
            self._codes += "B"
            self._emitter.ahead = ahead
        layout = struct.Struct(f"<{self._codes}")
        if self._targets:
            targets, unpack = ", ".join(self._targets), source.bind(layout.unpack_from, "unpack")
            source.line(f"{targets}, = {unpack}(data, p); p += {layout.size}")
        elif layout.size:
            source.line(f"p += {layout.size}")
        self._targets, self._codes = [], ""


def begins_with_byte(operation: plan.Operation) -> bool:
    """Return whether the code for it calls :meth:`BaseDecoderEmitter.byte` before all else."""
    match operation:
        case (
            plan.BooleanOperation()
            | plan.IntegerOperation()
            | plan.BytesOperation()
            | plan.StringOperation()
            | plan.EnumOperation()
            | plan.UnionOperation()
        ):
            return True
        case plan.LogicalOperation(_, UuidKind()):
            return False
        case plan.LogicalOperation(_, kind) if kind.plain is not kind:
            return False
        case plan.LogicalOperation(plan.IntegerOperation(64), TimestampKind(unit)):
            return unit is TimeUnit.NANOS
        case plan.LogicalOperation(base):
            return begins_with_byte(base)
        case _:
            return False


def span(emitter: BaseDecoderEmitter) -> str:
    """Emit the decoding of a length, with ``p`` at the start of the data. Return the end's name."""
    source = emitter.source
    end = emitter.byte()
    span = source.bind(read_span, "span")
    source.line(f"if {end} & 129: p, {end} = {span}(data, p - 1)")
    source.line(f"else: {end} = p + ({end} >> 1)")
    return end


def _integer(emitter: BaseDecoderEmitter, target: str, bits: int) -> None:
    source = emitter.source
    number, byte = emitter.byte(), source.variable()
    table = source.bind(UNZIGZAG, "unzigzag")
    source.line(f"if {number} < 128: {target} = {table}[{number}]")
    with source.block("else:"):
        source.line(f"{byte} = data[p]")
        source.line(f"{number} += ({byte} << 7) - {128}")
        source.line(f"if {byte} < 128: {target} = {number} >> 1 ^ -({number} & 1); p += 1")
        with source.block("else:"):
            source.line(f"{byte} = data[p + 1]")
            source.line(f"{number} += ({byte} << 14) - {128 << 7}")
            source.line(f"if {byte} < 128: {target} = {number} >> 1 ^ -({number} & 1); p += 2")
            rest = source.bind(read_int_rest if bits == 32 else read_long_rest, "rest")
            source.line(f"else: {target}, p = {rest}(data, p + 2, {number} - {128 << 14})")


def _symbol(emitter: BaseDecoderEmitter, values: tuple[str | None, ...], target: str) -> None:
    source = emitter.source
    readable = {index: value for index, value in enumerate(values) if value is not None}
    if len(values) <= 64:
        # By the byte itself: other bytes are not in the table.
        table = source.bind({2 * index: value for index, value in readable.items()}, "symbols")
        source.line(f"{target} = {table}[{emitter.byte()}]")
    else:
        index = source.variable()
        _integer(emitter, index, 32)
        table = source.bind(readable, "symbols")
        source.line(f"{target} = {table}[{index}]")


# --- logical types --------------------------------------------------------------------------------


def _logical(emitter: BaseDecoderEmitter, operation: plan.LogicalOperation, target: str) -> None:
    """Emit the fast code of a kind, or the code of the base type and a call of ``from_base``."""
    source = emitter.source
    if operation.kind.plain is not operation.kind:
        _timed(emitter, operation, target)
        return
    match operation.base, operation.kind:
        case _, DateKind():
            days = source.variable()
            _integer(emitter, days, 32)
            from_ordinal = source.bind(date.fromordinal, "date")
            source.line(f"{target} = {from_ordinal}({days} + {conversions.EPOCH_ORDINAL})")
        case plan.IntegerOperation(bits), TimeKind(unit):
            units = source.variable()
            _integer(emitter, units, bits)
            convert = source.bind(partial(conversions.time_from_units, unit=unit), "time")
            source.line(f"{target} = {convert}({units})")
        case plan.IntegerOperation(64), TimestampKind(
            TimeUnit.MILLIS | TimeUnit.MICROS as unit, local
        ):
            _timestamp(emitter, unit, local, target)
        case plan.IntegerOperation(bits), NanosKind(unit=TimeUnit.NANOS) as kind:
            nanos = source.variable()
            _integer(emitter, nanos, bits)
            source.line(f"{target} = {source.bind(kind.python_type, 'nanos')}({nanos})")
        case _, DecimalKind(written_scale=None) as kind if _is_short(kind):
            _decimal(emitter, kind, target)
        case _, UuidKind(binary):
            _uuid(emitter, binary, target)
        case base, _:
            raw = source.variable()
            read_leaf(emitter, base, raw)
            from_base(emitter, operation, raw, target)


def from_base(
    emitter: BaseDecoderEmitter, operation: plan.LogicalOperation, raw: str, target: str
) -> None:
    """Emit the conversion of a value of the base type by one call."""
    kind, source = operation.kind, emitter.source
    convert = kind.forward if isinstance(kind, MappedKind) else kind.from_base
    source.line(f"{target} = {source.bind(convert, 'from_base')}({raw})")


_DATES: Final = tuple(end.toordinal() - conversions.EPOCH_ORDINAL for end in (date.min, date.max))


def _timed(emitter: BaseDecoderEmitter, operation: plan.LogicalOperation, target: str) -> None:
    """Emit the code of a date or time with options: a call where Python may have no value."""
    source = emitter.source
    exact = operation.kind.from_base
    match operation.base, operation.kind.plain:
        case plan.IntegerOperation(32), DateKind():
            days = source.variable()
            _integer(emitter, days, 32)
            from_ordinal, convert = source.bind(date.fromordinal, "date"), source.bind(
                exact, "exact"
            )
            source.line(
                f"{target} = {from_ordinal}({days} + {conversions.EPOCH_ORDINAL}) "
                f"if {_DATES[0]} <= {days} <= {_DATES[1]} else {convert}({days})"
            )
        case plan.IntegerOperation(64), TimestampKind(
            TimeUnit.MILLIS | TimeUnit.MICROS as unit, local
        ):
            _timestamp(emitter, unit, local, target, exact)
        case base, _:
            raw = source.variable()
            read_leaf(emitter, base, raw)
            source.line(f"{target} = {source.bind(exact, 'from_base')}({raw})")


def _timestamp(
    emitter: BaseDecoderEmitter,
    unit: TimeUnit,
    local: bool,
    target: str,
    convert: Callable[[int], object] | None = None,
) -> None:
    """Emit the decoding; ``convert`` is for timestamps that may not be representable."""
    source = emitter.source
    units = source.variable()
    _recent(emitter, units, 6 if unit is TimeUnit.MILLIS else 8)
    per_second = conversions.PER_SECOND[unit]
    # Within these bounds division rounds by less than half a microsecond.
    bound = 8 * 10**12 if unit is TimeUnit.MILLIS else 4 * 10**15
    if local:
        microseconds = units if unit is TimeUnit.MICROS else f"{units} * 1000"
        epoch = source.bind(conversions.LOCAL_EPOCH, "epoch")
        value = f"{epoch} + {source.bind(timedelta, 'delta')}(0, 0, {microseconds})"
        if convert is not None:
            exact = source.bind(convert, "exact")
            value = f"{value} if -{bound} < {units} < {bound} else {exact}({units})"
        source.line(f"{target} = {value}")
        return
    from_timestamp, utc = source.bind(datetime.fromtimestamp, "datetime"), source.bind(UTC, "utc")
    convert = convert or partial(conversions.timestamp_from_units, unit=unit, local=False)
    exact = source.bind(convert, "exact")
    source.line(
        f"{target} = {from_timestamp}({units} / {per_second}, {utc}) "
        f"if -{bound} < {units} < {bound} else {exact}({units})"
    )


def _recent(emitter: BaseDecoderEmitter, target: str, size: int) -> None:
    """Emit the decoding of a long that most likely has ``size`` bytes."""
    source = emitter.source
    names = [source.variable() for _ in range(size)]
    unpack = source.bind(struct.Struct(f"{size}B").unpack_from, "unpack")
    last = names[-1]
    read = source.bind(read_long, "varint")
    with source.block(f"if p + {size} <= size:"):
        source.line(f"{', '.join(names)} = {unpack}(data, p)")
        with source.block(f"if {' & '.join(names[:-1])} > 127 >= {last}:"):
            # In two halves: ints of up to 30 bits are cheaper.
            low = " + ".join(f"({name} << {7 * n})" for n, name in enumerate(names[:4]))
            high = " + ".join(f"({name} << {7 * n})" for n, name in enumerate(names[4:]))
            surplus_low = sum(128 << 7 * n for n in range(4))
            surplus_high = sum(128 << 7 * n for n in range(size - 5))
            low, high = f"{low} - {surplus_low}", f"{high} - {surplus_high}"
            whole = source.variable()
            source.line(f"{whole} = {low} + (({high}) << 28); p += {size}")
            source.line(f"{target} = {whole} >> 1 ^ -({whole} & 1)")
        source.line(f"else: {target}, p = {read}(data, p)")
    source.line(f"else: {target}, p = {read}(data, p)")


_MOST_BYTES: Final = MAX_DECIMAL_DIGITS // 2
"""Size up to which data are made a decimal before digits are counted: half a byte holds any."""


def _is_short(kind: DecimalKind) -> bool:
    return kind.size is None or kind.size <= _MOST_BYTES


def _decimal(emitter: BaseDecoderEmitter, kind: DecimalKind, target: str) -> None:
    source = emitter.source
    _, exact = conversions.decimal_contexts(MAX_DECIMAL_DIGITS)
    if kind.size is None:
        end = span(emitter)
        emitter.refuse_if(f"{end} - p > {_MOST_BYTES}")
    else:
        end = source.variable()
        source.line(f"{end} = p + {kind.size}")
    from_bytes = source.bind(int.from_bytes, "int")
    number = f"{from_bytes}(data[p:{end}], 'big', signed=True)"
    scaleb, decimal = source.bind(exact.scaleb, "scaleb"), source.bind(Decimal, "decimal")
    source.line(f"{target} = {scaleb}({decimal}({number}), {-kind.scale}); p = {end}")


def _uuid(emitter: BaseDecoderEmitter, binary: bool, target: str) -> None:
    source = emitter.source
    from_bytes, uuid = source.bind(int.from_bytes, "int"), source.variable()
    if binary:
        digits = source.variable()
        source.line(f"{digits} = data[p:p + 16]; p += 16")
    else:
        text, digits = source.variable(), source.variable()
        with source.block("if data[p] == 72:"):
            source.line(f"{text} = data[p + 1:p + 37]; p += 37")
            replace = f"{text}.replace(b'-', b'')"
            source.line(f"{digits} = {source.bind(unhexlify, 'unhexlify')}({replace})")
            length = source.bind(len, "len")
            emitter.refuse_if(f"{text}[8:24:5] != b'----' or {length}({digits}) != 16")
        with source.block("else:"):
            # Without hyphens, in braces, as a URN.
            end, convert = span(emitter), source.bind(conversions.uuid_from_text, "uuid")
            source.line(f"{digits} = {convert}(data[p:{end}].decode()).bytes; p = {end}")
    source.line(f"{uuid} = {source.bind(UNSET_UUID, 'unset')}()")
    source.line(f"{uuid}.int = {from_bytes}({digits}, 'big')")
    source.line(f"{uuid}.is_safe = {source.bind(SafeUUID.unknown, 'unknown')}")
    source.line(f"{uuid}.__class__ = {source.bind(UUID, 'uuid')}")
    source.line(f"{target} = {uuid}")

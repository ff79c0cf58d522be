"""What comes of bytes: a value or an error, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeAlias, cast

from avrogen import DecodeError, Incompatibility, ResolutionError
from avrogen.avro import model
from avrogen.runtime.v1 import AvroEnum, AvroFixed, AvroRecord

__all__ = ["Failure", "Find", "Outcome", "Value", "as_plain", "outcome_of"]

LONGEST = 4000
"""Characters of a message with its path. Names of the schemas here are short."""


class Find(Exception):
    """Something that must not be."""


@dataclass(frozen=True)
class Value:
    """Bytes have been read."""

    value: Any


@dataclass(frozen=True)
class Failure:
    """Bytes have been refused."""

    message: str
    path: str
    offset: int
    incompatibilities: tuple[Incompatibility, ...] = ()


Outcome: TypeAlias = Value | Failure


def outcome_of(read: Callable[[], Any], size: int) -> Outcome:
    """What comes of reading so many bytes.

    Raises:
        Find: another exception than DecodeError, or one that is not as it should be.
    """
    try:
        return Value(read())
    except DecodeError as error:
        text = str(error)
        if not error.path.startswith("$") or not 0 <= error.offset <= size:
            raise Find(f"no place in {size} bytes: {text}") from error
        if not text.isprintable() or len(text) > LONGEST:
            raise Find(f"no line for a log: {text[:200]!r}") from error
        found = error.incompatibilities if isinstance(error, ResolutionError) else ()
        return Failure(error.message, error.path, error.offset, found)
    except Exception as error:
        raise Find(f"{type(error).__name__}: {error}"[:500]) from error


def as_plain(value: Any) -> Any:
    """A value with dicts, strings and bytes in place of classes."""
    match value:
        case AvroEnum():
            return value.value
        case AvroFixed():
            return bytes(value)
        case AvroRecord():
            names = _field_names(type(value))
            return {
                name: as_plain(getattr(value, field.name))
                for name, field in zip(names, fields(cast("Any", value)), strict=True)
            }
        case list():
            return [as_plain(item) for item in cast("list[Any]", value)]
        case dict():
            entries = cast("dict[str, Any]", value)
            return {key: as_plain(each) for key, each in entries.items()}
        case _:
            return value


@cache
def _field_names(class_: type[AvroRecord]) -> list[str]:
    schema = class_.__avro_schema__
    assert isinstance(schema.type, model.Reference), "generated classes stand for named types"
    record = schema.types[schema.type.name]
    assert isinstance(record, model.Record), "it is the class of a record"
    return [field.name for field in record.fields]

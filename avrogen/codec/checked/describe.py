"""What an operation expects, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from avrogen.codec import plan
from avrogen.codec.brief import shortened_name

__all__ = ["describe"]


def describe(operation: plan.Operation, records: Mapping[str, plan.RecordOperation]) -> str:
    """The Python values that an operation writes, as a person would name them."""
    match operation:
        case plan.NullOperation():
            return "None"
        case plan.BooleanOperation():
            return "bool"
        case plan.IntegerOperation(bits):
            return f"int of {bits} bits"
        case plan.RealOperation():
            return "float"
        case plan.BytesOperation():
            return "bytes"
        case plan.StringOperation():
            return "str"
        case plan.FixedOperation(_, size, class_):
            return f"{size} bytes" if class_ is bytes else shortened_name(class_.__qualname__)
        case plan.EnumOperation(name, _, _, class_):
            return (
                f"symbol of {shortened_name(name)}"
                if class_ is str
                else shortened_name(class_.__qualname__)
            )
        case plan.DecimalOperation(precision, scale):
            return f"Decimal({precision}, {scale})"
        case plan.UuidOperation():
            return "UUID"
        case plan.DateOperation():
            return "date"
        case plan.TimeOperation():
            return "time without time zone"
        case plan.TimestampOperation(_, local):
            return "naive datetime" if local else "aware datetime"
        case plan.NanosOperation(local):
            return "LocalTimestampNanos" if local else "TimestampNanos"
        case plan.DurationOperation():
            return "Duration"
        case plan.ArrayOperation():
            return "list"
        case plan.MapOperation():
            return "dict"
        case plan.UnionOperation(()):
            return "a value of a union without branches, which has none"
        case plan.UnionOperation(branches):
            names = [describe(branch.operation, records) for branch in branches]
            shown = names if len(names) <= 8 else [*names[:7], f"{len(names) - 7} others"]
            return " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
        case plan.Call(key):
            record = records[key]
            return (
                f"dict for {shortened_name(key)}"
                if record.type is None
                else shortened_name(record.type.__qualname__)
            )
        case plan.PromotedOperation() | plan.SkipOperation() | plan.UnreadableOperation():
            raise AssertionError("only reads")
        case _:
            assert_never(operation)

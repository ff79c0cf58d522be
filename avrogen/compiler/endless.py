"""Records that can never be complete, as they contain themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics

__all__ = ["report_endless_records"]


def report_endless_records(types: Mapping[str, model.NamedType], diagnostics: Diagnostics) -> None:
    """Report records whose every value would contain another value of the same record, for ever.

    A record directly in itself is refused, a circle of several noted. As schemas both are valid,
    and Avro Java lets them pass.
    """
    finite: set[str] = set()
    rest = [named for named in types.values() if isinstance(named, model.Record)]
    while rest:
        still = [r for r in rest if not all(_ends(f.type, types, finite) for f in r.fields)]
        if len(still) == len(rest):
            break
        finite.update(record.name for record in rest)
        finite.difference_update(record.name for record in still)
        rest = still
    for record in rest:
        field = next(f for f in record.fields if not _ends(f.type, types, finite))
        assert field.origin is not None, "what was parsed has an origin"
        is_direct = field.type == model.Reference(record.name)
        diagnostics.report(
            Code.ENDLESS_RECORD if is_direct else Code.ENDLESS_CIRCLE,
            field.origin / "type",
            f"{record.name} contains itself through {field.name}, so that no value of it can exist",
            'let it end: use a union with null, ["null", ...], an array or a map',
        )


def _ends(type_: model.AvroType, types: Mapping[str, model.NamedType], finite: set[str]) -> bool:
    match type_:
        case model.Primitive() | model.Array() | model.Map():
            return True
        case model.Reference(name):
            return name in finite or not isinstance(types.get(name), model.Record)
        case model.Union(branches):
            return not branches or any(_ends(branch, types, finite) for branch in branches)
        case _:
            assert_never(type_)

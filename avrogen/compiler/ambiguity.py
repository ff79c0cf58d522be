"""Warnings for unions whose branches a Python value cannot tell apart.

Which branch is written is settled all the same (:mod:`avrogen.codec.unions` has the rule); whoever
designs the schema should know that the other is never, or not always, written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Origin
from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.mapping import python_type

__all__ = ["report_ambiguous_unions"]


def report_ambiguous_unions(parsed: Parsed, diagnostics: Diagnostics) -> None:
    """Warn of every union of the run that has two branches of one Python type."""
    for named in parsed.types.values():
        if isinstance(named, model.Record):
            for field in named.fields:
                assert field.origin is not None, "what was parsed has an origin"
                place = f"field {named.name}.{field.name}"
                _check(field.type, field.origin / "type", place, parsed, diagnostics)
    for root in parsed.roots:
        _check(root.type, Origin(root.source), root.source.name, parsed, diagnostics)


def _check(
    type_: model.AvroType, origin: Origin, place: str, parsed: Parsed, diagnostics: Diagnostics
) -> None:
    for union in _unions(type_):
        first: dict[Expression, str] = {}
        for branch in union.branches:
            annotation = python_type(branch, parsed.types, lambda name: Symbol("", name))
            label = _label(branch)
            other = first.setdefault(annotation, label)
            if other != label:
                text = "".join(p if isinstance(p, str) else p.name for p in annotation.parts)
                diagnostics.report(
                    Code.AMBIGUOUS_UNION,
                    origin,
                    f"union of {other} and {label} in {place}: both are {text} in Python",
                    hint="the first branch that can hold the value exactly is written",
                )


def _unions(type_: model.AvroType) -> Iterator[model.Union]:
    match type_:
        case model.Primitive() | model.Reference():
            return
        case model.Array(inner) | model.Map(inner):
            yield from _unions(inner)
        case model.Union(branches):
            yield type_
            for branch in branches:
                yield from _unions(branch)
        case _:
            assert_never(type_)


def _label(branch: model.AvroType) -> str:
    match branch:
        case model.Primitive(name) | model.Reference(name):
            return name
        case model.Array():
            return "array"
        case model.Map():
            return "map"
        case model.Union():
            raise AssertionError("unions hold no unions")
        case _:
            assert_never(branch)

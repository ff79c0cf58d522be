"""An example of each type: believable, valid, and the same in every run."""

from __future__ import annotations

from dataclasses import dataclass

from avrogen.avro import model
from avrogen.avro.references import reachable_types
from avrogen.catalogue.avro_json import avro_json
from avrogen.catalogue.landscape import Entry, Landscape
from avrogen.catalogue.python_source import python_example
from avrogen.codec.checked.writer import CheckedWriter
from avrogen.codec.planning.own import plan_for
from avrogen.errors import EncodeError
from avrogen.testing.examples.values import ExampleMaker

__all__ = ["Example", "example_of"]


@dataclass(frozen=True, slots=True)
class Example:
    """One value in two ways.

    Attributes:
        json: in Avro's JSON encoding.
        python: a program that makes it.
    """

    json: model.Json
    python: str


def example_of(entry: Entry, landscape: Landscape) -> Example | None:
    """The example that :func:`avrogen.testing.examples.example_value` makes of a type as well.

    Returns:
        None if there is none that could be shown: the type has no values, or they lie too deep.
    """
    try:
        types = reachable_types(entry.type, landscape.types)
        made = ExampleMaker(entry.type, types).make(1)
        data = CheckedWriter(plan_for(entry.type, types, None)).write(made)
        value = avro_json(data, entry.type, types)
        return Example(value, python_example(entry, value, landscape))
    except (ValueError, EncodeError, RecursionError):
        return None

"""An example of each type: believable, valid, and the same in every run."""

from __future__ import annotations

from dataclasses import dataclass

from avrogen.avro import model
from avrogen.catalogue.landscape import Entry, Landscape
from avrogen.catalogue.python_source import python_example
from avrogen.codec import plan
from avrogen.codec.interpreter.encoder import CheckedWriter
from avrogen.codec.json_encoding import avro_json
from avrogen.codec.planner import Operations
from avrogen.errors import EncodeError
from avrogen.examples.values import ExampleMaker, LeastParts

__all__ = ["Example", "Examples"]


@dataclass(frozen=True, slots=True)
class Example:
    """One value in two ways.

    Attributes:
        json: in Avro's JSON encoding.
        python: a program that makes it.
    """

    json: model.Json
    python: str


class Examples:
    """Examples of all types of a landscape.

    What they have in common is made once: types may all refer to each other, and there are
    thousands of them.
    """

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self._least = LeastParts(landscape.types)
        self._operations = Operations(landscape.types, {})
        self._records = self._operations.records(
            name for name, named in landscape.types.items() if isinstance(named, model.Record)
        )

    def of(self, entry: Entry) -> Example | None:
        """The example that :func:`avrogen.examples.example_value` makes of a type as well.

        Returns:
            None if there is none that could be shown: the type has no values, or they lie too deep.
        """
        types = self._landscape.types
        try:
            made = ExampleMaker(entry.type, types, self._least).make(1)
            write = plan.Plan(self._operations.of(entry.type), self._records, plain=True)
            value = avro_json(CheckedWriter(write).write(made), entry.type, types)
            return Example(value, python_example(entry, value, self._landscape))
        except (ValueError, EncodeError, RecursionError):
            return None

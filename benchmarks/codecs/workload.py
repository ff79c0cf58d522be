"""What is encoded and decoded: a class, a value, and an older schema that wrote the value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from avrogen import Schema
from benchmarks.codecs.conversion import Conversion
from benchmarks.codecs.evolution import Older, older_writer
from benchmarks.codecs.plain import Json

__all__ = ["Workload"]


@dataclass(frozen=True)
class Workload:
    """A generated class (or codec) and one value.

    Attributes:
        name: what the tables call it.
        place: a module, and the name in it of a class, or of the codec of a schema that is no
            named type.
        value: plain, as fastavro takes it: of several records in a union, the one is forced by
            ``(name, value)``.
    """

    name: str
    place: tuple[str, str]
    value: Any

    @cached_property
    def owner(self) -> Any:
        """The class or codec."""
        module, attribute = self.place
        return getattr(import_module(module), attribute)

    @cached_property
    def schema(self) -> Json:
        """The schema in one piece."""
        return json.loads(str(self.owner.__avro_schema__))

    @cached_property
    def conversion(self) -> Conversion:
        """From plain values to objects and back."""
        return Conversion(self.owner)

    @cached_property
    def object(self) -> Any:
        """The value as an object of the generated class."""
        return self.conversion.to_object(self.value)

    @cached_property
    def older(self) -> Older | None:
        """A schema that the value may have been written with before; None if it is no record."""
        return older_writer(self.schema, self.value)

    @cached_property
    def data(self) -> bytes:
        """The value, written."""
        return self.written(self.value)

    def written(self, value: Json) -> bytes:
        """A plain value in Avro's encoding."""
        return self._plain.to_avro(value)

    @cached_property
    def _plain(self) -> Schema:
        return Schema.parse(json.dumps(self.schema))

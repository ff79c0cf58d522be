"""What events are read and written as: generated classes, codecs, schemas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from avrogen.avro.model import Reference, Union
from avrogen.avro.resolution import names_match
from avrogen.avro.schema_json import type_json
from avrogen.codec.codec import Codec
from avrogen.codec.compilation import decoder_for
from avrogen.codec.schema import Schema
from avrogen.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from avrogen.avro.model import NamedType
    from avrogen.codec.schema import SchemaOwner

__all__ = ["Target", "Targets", "name_of", "schema_of"]

Target: TypeAlias = "SchemaOwner | Schema"
"""A generated class; the codec of a type without a class; a schema, whose values are plain."""


def schema_of(target: Target) -> Schema:
    """The schema of a target.

    Raises:
        TypeError: it is none.
    """
    schema: object = (
        target if isinstance(target, Schema) else getattr(target, "__avro_schema__", None)
    )
    if not isinstance(schema, Schema):
        raise TypeError(f"expected a generated class, a Codec or a Schema, got {target!r}")
    return schema


def name_of(schema: Schema) -> str | None:
    """The full name of the type that a schema is; None: it has none."""
    return schema.type.name if isinstance(schema.type, Reference) else None


class Targets:
    """What the messages of a topic are read as, each by the name that it was written under.

    Args:
        targets: one, or several for several types of events.

    Raises:
        TypeError: there are none, or something else is among them.
        ValueError: two have the same name.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        if not targets:
            raise TypeError("expected at least one generated class, Codec or Schema")
        self._targets = tuple(targets)
        self._named: dict[str, Target] = {}
        for target in targets:
            name = name_of(schema_of(target))
            if name is not None and self._named.setdefault(name, target) is not target:
                raise ValueError(f"two of what should be read are called {name}")
        self._any: Codec[Any] | None = None

    def decoder(self, writer: Schema) -> Callable[..., Any]:
        """The function ``(data, *, limits=None)`` that reads what was written with a schema.

        A type that has a name is read as the target of that full name, or else as the one that has
        it as an alias, or as the only one of that short name. Anything else is read as a union of
        all targets.

        Raises:
            DecodeError: no target is of that name.
        """
        if len(self._targets) == 1:
            return decoder_for(self._targets[0], writer)
        if isinstance(writer.type, Reference):
            return decoder_for(self._called(writer.types[writer.type.name]), writer)
        return decoder_for(self._union(), writer)

    def _called(self, written: NamedType) -> Target:
        named = {name: _definition(target) for name, target in self._named.items()}
        chosen = (
            [name for name in named if name == written.name]
            or [name for name, own in named.items() if written.name in own.aliases]
            or [name for name, own in named.items() if names_match(own, written)]
        )
        if len(chosen) == 1:
            return self._named[chosen[0]]
        if chosen:
            raise DecodeError(
                f"{written.name} was written, which may be {' or '.join(chosen)}; "
                "an alias of that name says which"
            )
        if any(isinstance(schema_of(target).type, Union) for target in self._targets):
            return self._union()
        raise DecodeError(f"{written.name} was written, and only {', '.join(named)} are read here")

    def _union(self) -> Codec[Any]:
        """A codec that reads any of the targets."""
        if self._any is None:
            branches: dict[str, None] = {}
            for target in self._targets:
                type_ = schema_of(target).type
                for branch in type_.branches if isinstance(type_, Union) else (type_,):
                    branches[json.dumps(type_json(branch))] = None
            owners: list[SchemaOwner] = [
                Codec[Any](each) if isinstance(each, Schema) else each for each in self._targets
            ]
            text = f"[{','.join(branches)}]"
            self._any = Codec(Schema.embedded(text, lambda: owners))
        return self._any


def _definition(target: Target) -> NamedType:
    schema = schema_of(target)
    assert isinstance(schema.type, Reference), "it has a name"
    return schema.types[schema.type.name]

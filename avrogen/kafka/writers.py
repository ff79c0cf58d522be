"""From a topic and a type to what messages begin with and how their values are encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from avrogen.codec.compilation import encoder_of
from avrogen.errors import EncodeError, RegistryError
from avrogen.kafka.framing import frame_prefix, header_value
from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.registry.single_flight import SingleFlight
from avrogen.kafka.subjects import needs_name, subject_name
from avrogen.kafka.targets import name_of, schema_of

if TYPE_CHECKING:
    from avrogen.kafka.registry.port import RegisteredSchema, SchemaRegistry
    from avrogen.kafka.subjects import Part, SubjectStrategy
    from avrogen.kafka.targets import Target

__all__ = ["MAX_BOUND", "Bound", "Rule", "Writers"]

MAX_BOUND: Final = 10_000
"""Topics, times classes, that are remembered: names of topics may be without end."""


class Rule(NamedTuple):
    """How schemas are registered, and how messages name them.

    Attributes:
        strategy: how subjects are named; None: by topic for one type, and by topic and name for
            several.
        register: whether what is missing is registered.
        references: whether named types have subjects of their own.
        header: whether a header names the schema, by its GUID.
    """

    strategy: SubjectStrategy | None = None
    register: bool = False
    references: bool = False
    header: bool = False


class Bound(NamedTuple):
    """How values of a type are written to a topic.

    Attributes:
        prefix: what stands before the body.
        header: the value of the header that names the schema; None: there is no such header.
        encode: the function ``(value)`` that gives the body.
    """

    prefix: bytes
    header: bytes | None
    encode: Callable[..., bytes]


class Writers:
    """What is written to topics, by topic, part of the message and type.

    Args:
        registry: where schemas are looked up.
        targets: what is written: classes, or one codec or schema.
        rule: how.

    Raises:
        TypeError: it is something else.
        ValueError: there is no such strategy, or it goes by names and a type has none.
    """

    def __init__(self, registry: SchemaRegistry, targets: Sequence[Target], rule: Rule) -> None:
        classes = [target for target in targets if isinstance(target, type)]
        if not targets or (len(targets) > 1 and len(classes) < len(targets)):
            raise TypeError("expected generated classes, or a single Codec or Schema")
        several = len(targets) > 1
        default: SubjectStrategy = "topic-record" if several else "topic"
        self._strategy: SubjectStrategy = rule.strategy or default
        named = needs_name(self._strategy)
        for target in targets:
            if name_of(schema_of(target)) is None and named:
                raise ValueError(f"the subject strategy {self._strategy} needs a name: {target!r}")
        self._registry = registry
        self._targets = tuple(targets)
        self._by_class = bool(classes)
        self._rule = rule
        self._bound: dict[tuple[str, bool, type | None], Bound] = {}
        self._lock = Lock()
        self._flights: SingleFlight[Bound] = SingleFlight()

    @property
    def targets(self) -> Sequence[Target]:
        """What is written."""
        return self._targets

    def known(self, topic: str, part: str, value: object) -> Bound | None:
        """How a value is written; None: nothing like it was written there yet."""
        kind = type(value) if self._by_class else None
        return self._bound.get((topic, part == "key", kind))

    def bind(self, topic: str, part: Part, value: object) -> Bound:
        """How a value is written, which the registry is asked for. This takes its time.

        Raises:
            EncodeError: it is not what should be written here.
            RegistryError: the registry does not give the schema's id.
        """
        kind = type(value) if self._by_class else None
        target = self._target(value)
        key = topic, part == "key", kind

        def bound() -> Bound:
            return self._made(target, topic, part)

        made = self._flights.call((topic, part, id(target)), bound)
        with self._lock:
            self._bound[key] = made
            if len(self._bound) > MAX_BOUND:
                del self._bound[next(iter(self._bound))]
        return made

    def prepare(self, topic: str, part: Part) -> list[RegisteredSchema]:
        """What all targets are registered as, for a topic."""
        return [self._registered(target, topic, part) for target in self._targets]

    def _target(self, value: object) -> Target:
        if not self._by_class:
            return self._targets[0]
        for kind in type(value).__mro__:
            if kind in self._targets:
                return kind
        names = " or ".join(target.__name__ for target in self._targets if isinstance(target, type))
        raise EncodeError(f"expected {names}, got {type(value).__qualname__}")

    def _made(self, target: Target, topic: str, part: Part) -> Bound:
        registered = self._registered(target, topic, part)
        encode = encoder_of(target)
        if not self._rule.header:
            return Bound(frame_prefix(registered.id), None, encode)
        if registered.guid is None:
            raise RegistryError(
                "the registry gives the schema no GUID, which headers name it by",
                hint="put ids before values instead, as by default; "
                "only Confluent's registry has GUIDs, from version 8",
                subject=registered.subject,
                id=registered.id,
            )
        return Bound(b"", header_value(registered.guid), encode)

    def _registered(self, target: Target, topic: str, part: Part) -> RegisteredSchema:
        schema = schema_of(target)
        return find_or_register(
            self._registry,
            subject_name(self._strategy, topic, part, name_of(schema)),
            schema,
            register=self._rule.register,
            references=self._rule.references,
        )

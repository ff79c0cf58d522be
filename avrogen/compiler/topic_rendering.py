"""Text of the modules of ``pkg.topics``, for the template to lay out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from avrogen.compiler import literals
from avrogen.compiler.expressions import RUNTIME, Expression, Scope, Symbol
from avrogen.compiler.naming import ClassName
from avrogen.compiler.pymodel import TopicModule

__all__ = ["clients", "declaration", "topic_scope"]

View: TypeAlias = dict[str, object]

_TOPIC = Symbol(RUNTIME, "Topic")
_PRODUCER = Symbol(RUNTIME, "TopicProducer")
_CONSUMER = Symbol(RUNTIME, "TopicConsumer")
_ASYNC_PRODUCER = Symbol(RUNTIME, "AsyncTopicProducer")
_ASYNC_CONSUMER = Symbol(RUNTIME, "AsyncTopicConsumer")
_KEYED_PRODUCER = Symbol(RUNTIME, "KeyedTopicProducer")
_ASYNC_KEYED_PRODUCER = Symbol(RUNTIME, "AsyncKeyedTopicProducer")


def topic_scope(module: TopicModule) -> Scope:
    """What the symbols of a module are called there."""
    symbols = [
        *(_TOPIC, *_producers(module), _CONSUMER, _ASYNC_CONSUMER),
        *module.value_types,
        *module.key.symbols(),
        *module.value.symbols(),
    ]
    if isinstance(module.key_type, Symbol):
        symbols.append(module.key_type)
    own = "." + ".".join((*module.package, module.name))
    return Scope(own, symbols, set(module.names.all()))


def declaration(module: TopicModule, scope: Scope) -> View:
    """What the template of the declaration sees."""
    values = [scope.name(owner) for owner in module.value_types]
    arguments = [f"value=({values[0]},)" if len(values) == 1 else f"value=({', '.join(values)})"]
    match module.key_type:
        case None:
            pass
        case Symbol() as owner:
            arguments.append(f"key={scope.name(owner)}")
        case str(primitive):
            arguments.append(f"key={literals.string_literal(primitive)}")
    if module.key_field is not None:
        arguments.append(f"key_field={literals.string_literal(module.key_field)}")
    arguments.append(f"subject_strategy={literals.string_literal(module.subject_strategy)}")
    if module.dead_letter is not None:
        arguments.append(f"dead_letter={literals.string_literal(module.dead_letter)}")
    if module.tombstones:
        arguments.append("tombstones=True")
    return {
        "name": module.names.declaration,
        "type": scope.text(_parameters(_TOPIC, module)),
        "class": scope.name(_TOPIC),
        "topic": literals.string_literal(module.topic),
        "arguments": arguments,
        "doc": literals.docstring(f"The topic ``{module.topic}``.", ""),
    }


def clients(module: TopicModule, scope: Scope) -> Iterator[View]:
    """What the template of each class sees."""
    names = module.names
    sends = f"Sends to the topic ``{module.topic}``"
    receives = f"Receives what is on the topic ``{module.topic}``"

    def view(name: ClassName, base: Symbol, what: str, facts: tuple[str, ...]) -> View:
        return {
            "name": name,
            "base": scope.text(_parameters(base, module)),
            "doc": literals.docstring("\n".join((what, "", *facts)), "    "),
            "declaration": names.declaration,
        }

    producer, async_producer = _producers(module)
    yield view(names.producer, producer, f"{sends}.", module.sent)
    yield view(names.consumer, _CONSUMER, f"{receives}.", module.received)
    yield view(names.async_producer, async_producer, f"{sends}, with asyncio.", module.sent)
    yield view(names.async_consumer, _ASYNC_CONSUMER, f"{receives}, with asyncio.", module.received)


def _producers(module: TopicModule) -> tuple[Symbol, Symbol]:
    """The bases of the producers: where values do not hold the key, it has to be given."""
    if module.key_type is not None and module.key_field is None:
        return _KEYED_PRODUCER, _ASYNC_KEYED_PRODUCER
    return _PRODUCER, _ASYNC_PRODUCER


def _parameters(generic: Symbol, module: TopicModule) -> Expression:
    return Expression.of(generic, "[", module.key, ", ", module.value, "]")

"""Rendering: the Python model to text, with templates.

The templates only lay out: everything they show is prepared here as finished text. Output is in
pieces, one for the top of a module and one for each definition, as formatting works piece by piece.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TypeAlias, assert_never

import jinja2

import avrogen
from avrogen.compiler import literals
from avrogen.compiler.expressions import (
    RUNTIME,
    Expression,
    Import,
    ImportStatement,
    Scope,
    Symbol,
    grouped,
    relative,
)
from avrogen.compiler.line_layout import import_lines, list_lines, mapping_lines, union_lines
from avrogen.compiler.naming import ClassName
from avrogen.compiler.output import HEADER, ROOT_MARK, SOURCE_MARK
from avrogen.compiler.python_model import (
    AliasDefinition,
    Definition,
    EmbeddedSchema,
    EnumClass,
    FieldDefinition,
    FixedClass,
    Module,
    Namespace,
    Package,
    RecordClass,
    TopicModule,
    TypeEntries,
)
from avrogen.config.config import field_name
from avrogen.config.keys import TOPIC_ARGUMENTS

__all__ = ["RenderedFile", "render", "template_folder"]

_PRIVATE_NAMES = "# pyright: reportPrivateUsage=false, reportUnusedClass=false"
"""For types whose Avro names begin with an underscore, which are public nevertheless."""

_DATACLASS = Symbol("dataclasses", "dataclass")
_TYPE_ALIAS = Symbol("typing", "TypeAlias")
_TYPE_CHECKING = Symbol("typing", "TYPE_CHECKING")
_IMPORTED = Symbol(RUNTIME, "imported")
_SCHEMA = Symbol(RUNTIME, "Schema")
_CODEC = Symbol(RUNTIME, "Codec")
_RECORD = Symbol(RUNTIME, "AvroRecord")
_ENUM = Symbol(RUNTIME, "AvroEnum")
_FIXED = Symbol(RUNTIME, "AvroFixed")
_TYPE_MAPPING = Symbol(RUNTIME, "TypeMapping")
_LAZY_EXPORTS = Symbol(RUNTIME, "lazy_exports")
_TOPIC = Symbol(RUNTIME, "Topic")
_TYPE_VAR = Symbol(RUNTIME, "TypeVar")
_CONSUMER_ARGUMENTS = Symbol(RUNTIME, "ConsumerArguments")
_MAPPING = Symbol("collections.abc", "Mapping")
_OVERLOAD = Symbol("typing", "overload")
_UNPACK = Symbol("typing", "Unpack")
_MESSAGE = Symbol(RUNTIME, "Message")
_PRODUCER = Symbol(RUNTIME, "TopicProducer")
_CONSUMER = Symbol(RUNTIME, "TopicConsumer")
_ASYNC_PRODUCER = Symbol(RUNTIME, "AsyncTopicProducer")
_ASYNC_CONSUMER = Symbol(RUNTIME, "AsyncTopicConsumer")
_KEYED_PRODUCER = Symbol(RUNTIME, "KeyedTopicProducer")
_ASYNC_KEYED_PRODUCER = Symbol(RUNTIME, "AsyncKeyedTopicProducer")

View: TypeAlias = dict[str, object]
"""Variables of a template."""


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file before formatting.

    Attributes:
        path: path in the package.
        head: comments at the top, which are not formatted.
        pieces: text to format where lines are too long, piece by piece: imports first, then
            definitions.
    """

    path: str
    head: str
    pieces: tuple[str, ...]


def render(package: Package) -> Iterator[RenderedFile]:
    """Yield every file of the package, in no particular order."""
    yield RenderedFile("py.typed", "", ())
    for namespace in package.namespaces:
        yield _namespace(namespace)
    for module in package.modules:
        yield _module(module)
    for topic in package.topics:
        yield _topic_module(topic)


def _head(comments: Iterable[str], public_names: Iterable[str]) -> str:
    """Return the comments at the top of a file, which black leaves alone."""
    pragma = [_PRIVATE_NAMES] if any(name.startswith("_") for name in public_names) else []
    return "".join(f"{line}\n" for line in (HEADER, *comments, *pragma)) + "\n"


def _path(package: Iterable[str], module: str) -> str:
    return "/".join((*package, f"{module}.py"))


# --- modules of types -----------------------------------------------------------------------------


def _module(module: Module) -> RenderedFile:
    own = "." + ".".join((*module.package, module.name))
    symbols = set(_symbols(module))
    scope = Scope(own, symbols, set(_names_in(module)))
    head = _head(
        (f"{SOURCE_MARK}{literals.comment(source)}" for source in module.sources),
        [*(d.name for d in module.definitions), *(s.name for s in symbols)],
    )
    imports = _text(
        "module.py.jinja",
        postponed=module.postponed,
        imports=_import_lines(grouped(scope.imports, module.package)),
    )
    pieces = (imports, *(_definition(definition, scope) for definition in module.definitions))
    if isinstance(module.definitions[0], AliasDefinition):
        pieces = ("\n".join(pieces),)  # black sets an alias nearer to the imports than a class
    return RenderedFile(_path(module.package, module.name), head, pieces)


def _symbols(module: Module) -> Iterator[Symbol]:
    """Yield every symbol that the text of the module uses."""
    for definition in module.definitions:
        yield _SCHEMA
        yield from definition.schema.owners
        yield from definition.schema.times.symbols() if definition.schema.times else ()
        if definition.schema.fingerprints:
            yield _IMPORTED
        if isinstance(definition, RecordClass | AliasDefinition) and definition.types:
            yield _TYPE_MAPPING
            for entry in definition.types.values():
                for part in entry:
                    yield from part.symbols()
        match definition:
            case RecordClass(fields=fields):
                yield from (_DATACLASS, _RECORD)
                for field in fields:
                    yield from field.annotation.symbols()
                    yield from field.default.symbols() if field.default else ()
            case EnumClass():
                yield _ENUM
            case FixedClass():
                yield _FIXED
            case AliasDefinition(type=type_):
                yield from (_CODEC, _TYPE_ALIAS)
                yield from type_.symbols()
            case _:
                assert_never(definition)


def _names_in(module: Module) -> Iterator[str]:
    """Yield the names that the module defines: its classes, and the members of classes."""
    for definition in module.definitions:
        yield definition.name
        match definition:
            case RecordClass(fields=fields):
                yield from (field.name for field in fields)
            case EnumClass(members=members):
                yield from (member.name for member in members)
            case AliasDefinition(codec=codec):
                yield codec
            case FixedClass():
                pass
            case _:
                assert_never(definition)


def _definition(definition: Definition, scope: Scope) -> str:
    view: View = {"name": definition.name, "schema": _schema(definition.schema, scope)}
    if isinstance(definition, RecordClass | AliasDefinition):
        view["types"] = _type_mapping(definition.types, scope)
    match definition:
        case RecordClass(doc=doc, fields=fields):
            view |= {
                "dataclass": scope.name(_DATACLASS),
                "base": scope.name(_RECORD),
                "doc": literals.docstring(doc, "    "),
                "fields": [
                    {
                        "declaration": _field(field, scope),
                        "doc": literals.docstring(field.doc, "    ") if field.doc else None,
                    }
                    for field in fields
                ],
            }
            return _text("record.py.jinja", **view)
        case EnumClass(doc=doc, members=members):
            view |= {
                "base": scope.name(_ENUM),
                "doc": literals.docstring(doc, "    "),
                "members": [
                    {"name": member.name, "symbol": literals.string_literal(member.symbol)}
                    for member in members
                ],
            }
            return _text("enum.py.jinja", **view)
        case FixedClass(doc=doc):
            view |= {"base": scope.name(_FIXED), "doc": literals.docstring(doc, "    ")}
            return _text("fixed.py.jinja", **view)
        case AliasDefinition(codec=codec, doc=doc, type=type_):
            view |= {
                "declaration": _alias(definition.name, scope.text(type_), scope),
                "doc": literals.docstring(doc, ""),
                "codec": scope.name(_CODEC),
                "codec_name": codec,
            }
            return _text("alias.py.jinja", **view)
        case _:
            assert_never(definition)


def _field(field: FieldDefinition, scope: Scope) -> str:
    before, annotation = f"{field.name}: ", scope.text(field.annotation)
    if field.default is None:
        return union_lines(before, annotation, "", "    ")
    default = scope.text(field.default)
    if default != "None":  # black may break the default instead
        return f"    {before}{annotation} = {default}"
    return union_lines(before, annotation, " = None", "    ")


def _alias(name: str, type_: str, scope: Scope) -> str:
    return union_lines(f"{name}: {scope.name(_TYPE_ALIAS)} = ", type_, "", "")


def _schema(schema: EmbeddedSchema, scope: Scope) -> View:
    text = literals.json_block(f"\n{schema.text}\n        ")
    arguments = list(_schema_arguments(schema, scope, broken="\n" in text))
    return {
        "embedded": f"{scope.name(_SCHEMA)}.embedded",
        "text": text,
        "arguments": arguments,
        "is_broken": bool(arguments) and "\n" in text,
    }


def _schema_arguments(schema: EmbeddedSchema, scope: Scope, *, broken: bool) -> Iterator[str]:
    """Yield the arguments behind the text: with a line for each, or all on one line."""
    indent, after = ("        ", ",") if broken else ("", "")
    if schema.owners:
        owners = [_owner(owner, schema.fingerprints, scope) for owner in schema.owners]
        yield list_lines("lambda: ", owners, after, indent)
    if schema.times:
        yield f"{indent}times={scope.text(schema.times)}{after}"


def _import_lines(groups: Iterable[Iterable[ImportStatement]], indent: str = "") -> list[list[str]]:
    return [[import_lines(statement, indent) for statement in group] for group in groups]


def _owner(owner: Symbol, fingerprints: Mapping[Symbol, str], scope: Scope) -> str:
    """Return an owner; that of another package with the fingerprint that it must have."""
    if owner not in fingerprints:
        return scope.name(owner)
    fingerprint = literals.string_literal(fingerprints[owner])
    return f"{scope.name(_IMPORTED)}({scope.name(owner)}, {fingerprint})"


def _type_mapping(entries: TypeEntries, scope: Scope) -> str | None:
    if not entries:
        return None
    return mapping_lines(
        scope.name(_TYPE_MAPPING),
        {
            literals.string_literal(selector): [scope.text(part) for part in entry]
            for selector, entry in entries.items()
        },
        "    ",
    )


# --- modules of topics ----------------------------------------------------------------------------


def _topic_module(module: TopicModule) -> RenderedFile:
    scope = _topic_scope(module)
    source = PurePath(module.config.locations.key().path).name
    head = _head(
        [f"{SOURCE_MARK}{literals.comment(source)}"],
        [*module.names.all(), *(imported.name for imported in scope.imports)],
    )
    imports = _text(
        "module.py.jinja",
        postponed=False,
        imports=_import_lines(grouped(scope.imports, module.package)),
    )
    # black sets the declaration nearer to the imports than a class
    top = f"{imports}\n" + _text("topic.py.jinja", **_declaration(module, scope))
    classes = (_text("client.py.jinja", **client) for client in _clients(module, scope))
    return RenderedFile(_path(module.package, module.name), head, (top, *classes))


def _topic_scope(module: TopicModule) -> Scope:
    symbols = [
        *(_TOPIC, _MESSAGE, _TYPE_ALIAS, *_producers(module), _CONSUMER, _ASYNC_CONSUMER),
        *module.value_types,
        *module.key.symbols(),
        *module.value.symbols(),
    ]
    if isinstance(module.key_type, Symbol):
        symbols.append(module.key_type)
    if module.fingerprints:
        symbols.append(_IMPORTED)
    selected = _selected_values(module)
    if selected is not None:
        symbols += [_TYPE_VAR, selected, *_SELECTING.values()]
    own = "." + ".".join((*module.package, module.name))
    return Scope(own, symbols, {*module.names.all(), _SELECTED})


_SELECTED = "_V"
_SELECTING = {
    "type_checking": _TYPE_CHECKING,
    "overload": _OVERLOAD,
    "unpack": _UNPACK,
    "mapping": _MAPPING,
    "arguments": _CONSUMER_ARGUMENTS,
}
"""Symbols of the constructor that type checkers see."""


def _selected_values(module: TopicModule) -> Symbol | None:
    """Return the type variable of consumers; None: there is one type to handle."""
    if len(module.value_types) + module.config.tombstones == 1:
        return None
    return Symbol("." + ".".join((*module.package, module.name)), _SELECTED)


def _declaration(module: TopicModule, scope: Scope) -> View:
    topic, selected = module.config.topic, _selected_values(module)
    return {
        "name": module.names.declaration,
        "type": scope.text(_parametrized(_TOPIC, module)),
        "class": scope.name(_TOPIC),
        "topic": literals.string_literal(topic),
        "arguments": list(_topic_arguments(module, scope)),
        "doc": literals.docstring(f"The topic ``{topic}``.", ""),
        "selected": _SELECTED if selected is not None else None,
        "type_var": scope.name(_TYPE_VAR) if selected is not None else None,
        "type_alias": scope.name(_TYPE_ALIAS),
        "value": module.names.value,
        "value_alias": _alias(module.names.value, scope.text(module.value), scope),
        "value_doc": literals.docstring(f"A value of the topic ``{topic}``.", ""),
        "message": module.names.message,
        "message_type": f"{scope.name(_MESSAGE)}[{scope.text(module.key)}, {module.names.value}]",
        "message_doc": literals.docstring(
            f"A message of the topic ``{topic}``, as handlers get it.", ""
        ),
    }


def _topic_arguments(module: TopicModule, scope: Scope) -> Iterator[str]:
    """Yield the arguments of :data:`~avrogen.config.keys.TOPIC_ARGUMENTS` that are set."""
    for key, argument in TOPIC_ARGUMENTS.items():
        if argument is not None:
            text = _argument(module, key, scope)
            if text is not None:
                yield f"{argument}={text}"


def _argument(module: TopicModule, key: str, scope: Scope) -> str | None:
    """Return the literal of a key's value; None for a value that is not set."""
    if key == "value":
        owners = [_owner(owner, module.fingerprints, scope) for owner in module.value_types]
        return f"({owners[0]},)" if len(owners) == 1 else f"({', '.join(owners)})"
    if key == "key" and isinstance(module.key_type, Symbol):
        return _owner(module.key_type, module.fingerprints, scope)
    value: object = module.key_type if key == "key" else getattr(module.config, field_name(key))
    match value:
        case None | False:
            return None
        case str():
            return literals.string_literal(value)
        case bool() | int():
            return repr(value)
        case float():
            return literals.float_literal(value)
        case _:
            raise AssertionError(f"no literal for {key} = {value!r}")


def _clients(module: TopicModule, scope: Scope) -> Iterator[View]:
    names, topic = module.names, module.config.topic
    sends = f"Sends to the topic ``{topic}``"
    receives = f"Receives what is on the topic ``{topic}``"

    selected = _selected_values(module)
    selecting: View | None = None
    if selected is not None:
        selecting = {name: scope.name(symbol) for name, symbol in _SELECTING.items()}
        selecting |= {"value": scope.text(module.value), "selected": _SELECTED}

    def view(name: ClassName, base: Expression, summary: str, facts: tuple[str, ...]) -> View:
        is_consumer = name in (names.consumer, names.async_consumer)
        return {
            "name": name,
            "base": scope.text(base),
            "selecting": selecting if is_consumer else None,
            "doc": literals.docstring("\n".join((summary, "", *facts)), "    "),
            "declaration": names.declaration,
        }

    sent, received = module.producer_doc, module.consumer_doc
    producer, async_producer = (_parametrized(each, module) for each in _producers(module))
    consumer, async_consumer = (
        _parametrized(each, module, selected) for each in (_CONSUMER, _ASYNC_CONSUMER)
    )
    yield view(names.producer, producer, f"{sends}.", sent)
    yield view(names.consumer, consumer, f"{receives}.", received)
    yield view(names.async_producer, async_producer, f"{sends}, with asyncio.", sent)
    yield view(names.async_consumer, async_consumer, f"{receives}, with asyncio.", received)


def _producers(module: TopicModule) -> tuple[Symbol, Symbol]:
    """Return the bases of the producers; without a key field, ``send`` requires the key."""
    if module.key_type is not None and module.config.key_field is None:
        return _KEYED_PRODUCER, _ASYNC_KEYED_PRODUCER
    return _PRODUCER, _ASYNC_PRODUCER


def _parametrized(generic: Symbol, module: TopicModule, value: Symbol | None = None) -> Expression:
    return Expression.of(generic, "[", module.key, ", ", value or module.value, "]")


# --- packages -------------------------------------------------------------------------------------


def _namespace(namespace: Namespace) -> RenderedFile:
    exports = namespace.exports
    scope = Scope("", (_TYPE_CHECKING, _LAZY_EXPORTS), {export.name for export in exports})
    text = _text(
        "namespace.py.jinja",
        doc=literals.docstring(namespace.doc, ""),
        imports=_import_lines(grouped(scope.imports, namespace.path)),
        checked=_import_lines(
            grouped((Import(e.module, e.name) for e in exports), namespace.path), "    "
        ),
        exports=[
            {"name": export.name, "module": relative(export.module, namespace.path)}
            for export in exports
        ],
        type_checking=scope.name(_TYPE_CHECKING),
        lazy_exports=scope.name(_LAZY_EXPORTS),
    )
    version = [] if namespace.path else [f"{ROOT_MARK}{avrogen.__version__}"]
    head = _head(version, (export.name for export in exports))
    return RenderedFile(_path(namespace.path, "__init__"), head, (text,))


# --- templates ------------------------------------------------------------------------------------


def _text(template: str, **view: object) -> str:
    return _template(template).render(view)


@functools.cache
def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)


@functools.cache
def _environment() -> jinja2.Environment:
    # The output is not HTML; text of schemas arrives as finished Python literals.
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_folder()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def template_folder() -> Path:
    """Return the folder of templates: beside this module, or at the top of a checkout."""
    installed = Path(__file__).with_name("templates")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "templates"

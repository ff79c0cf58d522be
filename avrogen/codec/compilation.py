"""Functions that encode and decode values of classes, codecs and schemas.

Each is compiled once, on first use, under a lock. Encoders and decoders are compiled separately, as
many programs need only one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from avrogen.avro.model import Reference
from avrogen.codec.classes import AvroValue
from avrogen.codec.planner import DictRules, own_overrides, plan_for, under_options
from avrogen.codec.python_backend import compile_decoder, compile_encoder
from avrogen.codec.schema import Schema
from avrogen.errors import ResolutionError
from avrogen.fork_safety import renew_after_fork

if TYPE_CHECKING:
    from avrogen.codec.schema import SchemaOwner
    from avrogen.codec.type_conversions import RuntimeOverrides

__all__ = [
    "MAX_WRITERS",
    "classes_of",
    "decoder_for",
    "decoder_of",
    "encoder_of",
    "install_decoder",
    "install_encoder",
    "named",
    "naming_decoders",
    "overrides_of",
]

Encoder: TypeAlias = Callable[..., bytes]
Decoder: TypeAlias = Callable[..., Any]
Classes: TypeAlias = Mapping[str, type[object]]

F = TypeVar("F", bound=Callable[..., Any])

MAX_WRITERS: Final = 100
"""Greatest number of writers whose decoders are kept for a class, codec or schema."""


class _Compilation:
    """The lock of all compilations."""

    def __init__(self) -> None:
        self.lock = RLock()
        renew_after_fork(self, _Compilation._renew)

    def _renew(self) -> None:
        self.lock = RLock()


_compilation: Final = _Compilation()


class ResolvedDecoders:
    """Decoders of one class, codec or schema, one for each writer's schema.

    Attributes:
        own: decodes data of its own schema; with a ``writer``, it calls another.

    Args:
        schema: the schema of the values.
        classes: classes for its types; None: plain values.
        overrides: overrides of Python types outside of records.
        named_branches: values of unions are pairs that force their branch.
    """

    def __init__(
        self,
        schema: Schema,
        classes: Classes | None,
        overrides: RuntimeOverrides | None = None,
        *,
        named_branches: bool = False,
    ) -> None:
        self._schema = schema
        self._classes = classes
        self._overrides = overrides
        self._named_branches = named_branches
        self._by_writer: dict[Schema, Decoder] = {}
        self._known: dict[int, Decoder] = {}
        self._writers: dict[int, Schema] = {}
        plan = plan_for(
            schema.type,
            schema.types,
            classes,
            overrides=overrides,
            named_branches=named_branches,
        )
        naming = None if classes is not None or named_branches else partial(_naming_decoder, schema)
        plan = under_options(plan, schema.times)
        self.own: Decoder = compile_decoder(plan, (self._known, self.find), naming)

    def __len__(self) -> int:
        """Return the number of writers whose decoders are kept."""
        return len(self._writers)

    def find(self, writer: Schema) -> Decoder:
        """Return the function ``(data, *, limits=None)`` that decodes data of ``writer``.

        If no data of it can be read, the function raises ResolutionError.

        Raises:
            TypeError: ``writer`` is not a Schema.
        """
        if not isinstance(writer, Schema):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"writer must be a Schema, not {type(writer).__qualname__}")
        with _compilation.lock:
            decode = self._by_writer.get(writer)
            if decode is None:
                decode = self._by_writer[writer] = self._make(writer)
                _forget_oldest(self._by_writer)
            # The schema is kept as well: afterwards another object may have its id.
            self._known[id(writer)] = decode
            self._writers[id(writer)] = writer
            _forget_oldest(self._known)
            _forget_oldest(self._writers)
            return decode

    def _make(self, writer: Schema) -> Decoder:
        if writer == self._schema:
            return self.own
        from avrogen.codec.resolving_planner import plan_to_read

        reader = self._schema
        try:
            plan = plan_to_read(
                reader.type,
                reader.types,
                writer.type,
                writer.types,
                self._classes,
                self._named_branches,
                reader.times,
                self._overrides,
            )
        except ResolutionError as error:
            return _refusal(error)
        return compile_decoder(plan)


def _forget_oldest(kept: dict[Any, Any]) -> None:
    if len(kept) > MAX_WRITERS:
        del kept[next(iter(kept))]


def _refusal(error: ResolutionError) -> Decoder:
    """Return a decoder that raises the error each time, so that planning is not repeated."""
    incompatibilities = error.incompatibilities

    def refuse(data: object, *, limits: object = None) -> Any:
        raise ResolutionError(incompatibilities)

    return refuse


# --- classes, codecs and schemas ------------------------------------------------------------------


def encoder_of(owner: SchemaOwner | Schema) -> Encoder:
    """Return the function ``(value, *, limits=None)`` that encodes values of an owner.

    Args:
        owner: a generated class, a codec, or a schema, which encodes plain values.
    """
    with _compilation.lock:
        encode: Encoder | None = vars(owner).get("__avro_encoder__")
        if encode is None:
            schema, classes = _schema(owner), classes_of(owner)
            strict = partial(_strict_encoder, schema) if classes is None else None
            plan = plan_for(schema.type, schema.types, classes, overrides=overrides_of(owner))
            encode = compile_encoder(under_options(plan, schema.times), strict)
            setattr(owner, "__avro_encoder__", encode)  # noqa: B010 -- unknown to type checkers
        return encode


def _strict_encoder(schema: Schema, fill_defaults: bool, allow_unknown_keys: bool) -> Encoder:
    """Return the function ``(value, *, limits=None)`` that encodes fewer dicts."""
    rules = DictRules(bool(fill_defaults), bool(allow_unknown_keys))
    with _compilation.lock:
        encoders: dict[DictRules, Encoder] = vars(schema).setdefault("__avro_strict_encoders__", {})
        if rules not in encoders:
            plan = under_options(plan_for(schema.type, schema.types, None, rules), schema.times)
            encoders[rules] = compile_encoder(plan)
        return encoders[rules]


def decoder_of(owner: SchemaOwner | Schema) -> Decoder:
    """Return the function ``(data, *, writer=None, limits=None)`` that decodes its values."""
    return _decoders(owner).own


def naming_decoders(schema: Schema) -> ResolvedDecoders:
    """Return the decoders of a schema that name the branches of unions."""
    with _compilation.lock:
        found: ResolvedDecoders | None = vars(schema).get("__avro_naming_decoders__")
        if found is None:
            found = ResolvedDecoders(schema, None, named_branches=True)
            vars(schema)["__avro_naming_decoders__"] = found
        return found


def _naming_decoder(schema: Schema) -> Decoder:
    return naming_decoders(schema).own


def decoder_for(owner: SchemaOwner | Schema, writer: Schema) -> Decoder:
    """Return the function ``(data, *, limits=None)`` that decodes data of ``writer`` for an owner.

    It saves a look-up for each of many data of one writer. If no data of the writer's can be read,
    the function raises ResolutionError.
    """
    return _decoders(owner).find(writer)


def install_encoder(class_: type[AvroValue]) -> Encoder:
    """Compile the encoder of a generated class and make it the class's ``to_avro``."""
    with _compilation.lock:
        encode = encoder_of(class_)
        # A function in a class is a method: the object becomes its argument. A method that
        # a subclass defines is kept.
        if class_.__dict__.get("to_avro", AvroValue.to_avro) is AvroValue.to_avro:
            named(encode, AvroValue.to_avro, class_.__module__, class_.__qualname__)
            setattr(class_, "to_avro", encode)  # noqa: B010 -- a method to type checkers
        return encode


def install_decoder(class_: type[AvroValue]) -> Decoder:
    """Compile the decoder of a generated class and make it the class's ``from_avro``."""
    with _compilation.lock:
        decode = decoder_of(class_)
        inherited = AvroValue.__dict__["from_avro"]
        if class_.__dict__.get("from_avro", inherited) is inherited:
            named(decode, AvroValue.from_avro, class_.__module__, class_.__qualname__)
            # A static method, as a function in a class would get the class itself.
            setattr(class_, "from_avro", staticmethod(decode))  # noqa: B010 -- as above
        return decode


def named(compiled: F, like: Any, module: str, owner: str | None) -> F:
    """Name a compiled function after its place in a module, so that it can be pickled.

    Args:
        compiled: the function.
        like: the method that it replaces.
        module: module of its owner.
        owner: name of the owner there; None: it has none.
    """
    compiled.__doc__ = like.__doc__
    if owner is not None:
        compiled.__module__, compiled.__qualname__ = module, f"{owner}.{like.__name__}"
    return compiled


def _decoders(owner: SchemaOwner | Schema) -> ResolvedDecoders:
    with _compilation.lock:
        decoders: ResolvedDecoders | None = vars(owner).get("__avro_decoders__")
        if decoders is None:
            decoders = ResolvedDecoders(_schema(owner), classes_of(owner), overrides_of(owner))
            setattr(owner, "__avro_decoders__", decoders)  # noqa: B010 -- as above
        return decoders


def _schema(owner: SchemaOwner | Schema) -> Schema:
    return owner if isinstance(owner, Schema) else owner.__avro_schema__


def overrides_of(owner: SchemaOwner | Schema) -> RuntimeOverrides | None:
    """Return the overrides of Python types at the top of an owner's values: those of a codec.

    Those of a class apply to the fields of its records.
    """
    return None if isinstance(owner, Schema | type) else own_overrides(owner)


def classes_of(owner: SchemaOwner | Schema) -> Classes | None:
    """Return the classes for the types of an owner's schema; None: its values are plain."""
    if isinstance(owner, Schema):
        return None
    classes: dict[str, type[object]] = {}
    for each, schema in ((owner, owner.__avro_schema__), *owner.__avro_schema__.closure()):
        if isinstance(each, type) and isinstance(schema.type, Reference):
            # A subclass of a generated class is used itself, even where types refer to its base.
            classes.setdefault(schema.type.name, each)
    return classes

"""JSON of the values of one class, codec or schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from avrogen.codec import plan
from avrogen.codec.compilation import classes_of, decoder_of, encoder_of, overrides_of
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.interpreter.path_errors import TOO_DEEP_FOR_PYTHON
from avrogen.codec.json_encoding.avro_form import AvroForm
from avrogen.codec.json_encoding.json_forms import JsonFault, JsonForm, JsonStyle
from avrogen.codec.json_encoding.json_plan import JsonDefaults, bare, json_plan
from avrogen.codec.json_encoding.json_text import (
    decoded_text,
    parse_json,
    position_of,
    with_position,
)
from avrogen.codec.json_encoding.plain_form import PlainForm, PythonForm, StandardForm
from avrogen.codec.json_encoding.tree_reader import TreeReader
from avrogen.codec.json_encoding.tree_writer import TreeWriter
from avrogen.codec.limits import Limits, current_limits
from avrogen.codec.planner import plan_for, under_options
from avrogen.codec.python_backend.encoder_runtime import FallBack
from avrogen.codec.schema import Schema
from avrogen.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.codec.schema import SchemaOwner

__all__ = ["JsonCodec", "json_codec"]

_STYLES: Final = ("plain", "avro")


def json_codec(owner: SchemaOwner | Schema) -> JsonCodec:
    """Return the functions of an owner, which keeps them."""
    found: JsonCodec | None = vars(owner).get("__avro_json__")
    if found is None:
        # Two threads may both do this; they come to the same.
        found = JsonCodec(owner)
        setattr(owner, "__avro_json__", found)  # noqa: B010 -- unknown to type checkers
    return found


class JsonCodec:
    """Converts values of an owner to JSON and back.

    Attributes:
        plan: the plan of the data.
        is_compiled: ordinary values of the plain style are left to compiled source.

    Args:
        owner: a generated class, a codec, or a schema, whose values are plain.
    """

    def __init__(self, owner: SchemaOwner | Schema) -> None:
        schema = owner if isinstance(owner, Schema) else owner.__avro_schema__
        own = plan_for(schema.type, schema.types, classes_of(owner), overrides=overrides_of(owner))
        own = under_options(own, schema.times)
        self._own = own
        self._interpreter = InterpretedEncoder(own)
        self._text_writer: Callable[[Any, int], str] | None = None
        self._tree_reader: Callable[[Any, Callable[[int], None], int], Any] | None = None
        self.is_compiled = classes_of(owner) is not None
        self._encode = encoder_of(owner)
        self._decode = decoder_of(owner)
        self.plan = json_plan(own)
        records = self.plan.records
        self._defaults = defaults = JsonDefaults(schema.types)
        self._forms: dict[str, tuple[TreeReader, TreeWriter]] = {}
        forms: dict[str, JsonForm] = {
            "plain": PlainForm(records),
            "avro": AvroForm(records),
            "python": PythonForm(records),
            "standard": StandardForm(records),
        }
        for name, form in forms.items():
            writer = TreeWriter(self.plan, form, defaults, self._interpreter)
            self._forms[name] = TreeReader(self.plan, form), writer

    # --- values to JSON --------------------------------------------------------------------------

    def to_json(
        self,
        value: Any,
        style: JsonStyle = "plain",
        indent: int | None = None,
        limits: Limits | None = None,
    ) -> str:
        """Return the JSON of a value.

        Raises:
            EncodeError: a part of the value does not fit the schema.
            ValueError: there is no such style.
        """
        if style == "plain" and indent is None and self.is_compiled:
            try:
                write = self._text_writer or self.writer()
                text = write(value, (limits or current_limits()).max_depth)
                if text.isascii() or text.encode():  # without halves of surrogate pairs
                    return text
            except Exception:  # of any kind: the slow path has the error, or the result
                pass
        return _text(self._tree(self._encode(value, limits=limits), _known(style)), indent)

    def writer(self) -> Callable[[Any, int], str]:
        """Return the compiled function that writes ordinary values of the plain style."""
        if self._text_writer is None:
            from avrogen.codec.json_encoding.text_emitter import TextEmitter

            try:
                emitter = TextEmitter(self._own, PlainForm(self.plan.records), self._write_piece)
                self._text_writer = emitter.compiled()
            except FallBack:
                self.is_compiled = False
                raise
        return self._text_writer

    def _write_piece(self, operation: plan.Operation) -> Callable[[Any], str]:
        """Return the function that writes a value which compiled source leaves to others."""
        shown = replace(self.plan, root=bare(operation))
        reader = TreeReader(shown, PlainForm(self.plan.records))

        def write(value: Any) -> str:
            depth = current_limits().max_depth
            data = self._interpreter.write_part(operation, value, depth)
            return _text(reader.read(data), None)

        return write

    def to_tree(self, value: Any, *, limits: Limits | None = None) -> Any:
        """Return the tree of a value in the plain style.

        Raises:
            EncodeError: as :meth:`to_json`.
        """
        return self._tree(self._encode(value, limits=limits), "plain")

    def to_dict(self, value: Any, *, standard: bool = False) -> Any:
        """Return plain Python values in the form of the plain style.

        Args:
            value: the value.
            standard: no values of avrogen's own types, such as ``Duration``: strings instead.

        Raises:
            EncodeError: as :meth:`to_json`.
        """
        return self._tree(self._encode(value), "standard" if standard else "python")

    def from_data(self, data: Buffer, *, style: JsonStyle, indent: int | None) -> str:
        """Return the JSON of valid binary data."""
        return _text(self._tree(bytes(memoryview(data)), _known(style)), indent)

    def _tree(self, data: bytes, form: str) -> Any:
        try:
            return self._forms[form][0].read(data)
        except RecursionError:
            pass
        raise EncodeError(TOO_DEEP_FOR_PYTHON)

    # --- JSON to values --------------------------------------------------------------------------

    def from_json(
        self,
        text: str | Buffer,
        style: JsonStyle = "plain",
        allow_unknown_keys: bool = False,
        limits: Limits | None = None,
    ) -> Any:
        """Return the value of a JSON text.

        Raises:
            DecodeError: the text is not JSON, or a part of it does not fit the schema.
            ValueError: there is no such style.
        """
        form, given, text = _known(style), text, decoded_text(text)
        if style == "plain" and self.is_compiled and _is_ordinary(text, given):
            try:
                tree, end = _SCAN(text, 0)
                if end == len(text):
                    counts: list[int] = []
                    depth = (limits or current_limits()).max_depth
                    read = self._tree_reader or self.reader()
                    value = read(tree, counts.append, depth)
                    if text.count('":') == sum(counts):  # no key is there twice
                        return value
            except Exception:  # as in to_json
                pass
        tree = parse_json(text)
        return self._value(tree, form, text, allow_unknown_keys, limits or current_limits())

    def reader(self) -> Callable[[Any, Callable[[int], None], int], Any]:
        """Return the compiled function that reads ordinary trees of the plain style."""
        if self._tree_reader is None:
            from avrogen.codec.json_encoding.tree_emitter import TreeEmitter

            form = PlainForm(self.plan.records)
            try:
                emitter = TreeEmitter(self._own, form, self._defaults, self._read_piece)
                self._tree_reader = emitter.compiled()
            except FallBack:
                self.is_compiled = False
                raise
        return self._tree_reader

    def _read_piece(self, operation: plan.Operation) -> Callable[[Any], Any]:
        """Return the function that reads a tree which compiled source leaves to others."""
        shown = replace(self.plan, root=bare(operation))
        form = PlainForm(self.plan.records)
        writer = TreeWriter(shown, form, self._defaults, self._interpreter)
        decoder = InterpretedDecoder(replace(self._own, root=operation))
        is_exact = not isinstance(operation, plan.FloatOperation)

        def read(tree: Any) -> Any:
            if isinstance(tree, list | dict) or (is_exact and isinstance(tree, float)):
                raise FallBack  # its digits and its keys count
            if isinstance(tree, float) and tree - tree != 0:
                raise FallBack
            data = writer.write(tree, current_limits(), 0, allow_unknown_keys=False)
            return decoder.read(data)

        return read

    def from_dict(
        self, tree: Any, *, allow_unknown_keys: bool = False, limits: Limits | None = None
    ) -> Any:
        """Return the value of plain Python values, or of a tree of the plain style.

        Raises:
            DecodeError: a part of it does not fit the schema.
        """
        return self._value(tree, "python", None, allow_unknown_keys, limits or current_limits())

    def to_data(
        self,
        text: str | Buffer,
        *,
        style: JsonStyle,
        allow_unknown_keys: bool,
        limits: Limits | None,
    ) -> bytes:
        """Return binary data of a JSON text.

        Raises:
            DecodeError: as :meth:`from_json`.
        """
        form, text = _known(style), decoded_text(text)
        limits = limits or current_limits()
        tree = parse_json(text)
        return self._checked(tree, form, text, allow_unknown_keys, limits)[0]

    def tree_to_data(self, tree: Any) -> bytes:
        """Return binary data of a tree of the plain style, a part of a text that was parsed.

        Args:
            tree: from :func:`~avrogen.codec.json_encoding.json_text.parse_json`.

        Raises:
            DecodeError: a part of it does not fit the schema; the error has no position.
        """
        return self._checked(tree, "plain", None, False, current_limits())[0]

    def _value(
        self, tree: Any, form: str, text: str | None, allow_unknown_keys: bool, limits: Limits
    ) -> Any:
        return self._checked(tree, form, text, allow_unknown_keys, limits)[1]

    def _checked(
        self, tree: Any, form: str, text: str | None, allow_unknown_keys: bool, limits: Limits
    ) -> tuple[bytes, Any]:
        """Return binary data of a tree, and their value."""
        data = self._data(tree, form, text, allow_unknown_keys, limits)
        try:
            return data, self._decode(data, limits=limits)
        except DecodeError as error:
            fault, cause = error, error.__cause__
        # The part of the tree whose data are faulty.
        try:
            self._forms[form][1].write(
                tree, limits, len(data), allow_unknown_keys=True, until=fault.offset
            )
        except JsonFault as found:
            found.message = fault.message
            located = _located(found, text)
        else:
            located = DecodeError(fault.message, fault.path, -1)
        raise located from cause

    def _data(
        self, tree: Any, form: str, text: str | None, allow_unknown_keys: bool, limits: Limits
    ) -> bytes:
        size = len(text) if text is not None else 0
        try:
            return self._forms[form][1].write(
                tree, limits, size, allow_unknown_keys=allow_unknown_keys
            )
        except JsonFault as fault:
            error, cause = _located(fault, text), fault.cause
        except RecursionError:
            error, cause = _located(JsonFault(TOO_DEEP_FOR_PYTHON), text), None
        # Raised out here, it does not drag along what was tried before.
        raise error from cause


_DECODER: Final[Any] = json.JSONDecoder()
_SCAN: Final[Callable[[str, int], tuple[Any, int]]] = _DECODER.scan_once


def _is_ordinary(text: str, given: object) -> bool:
    """Tell if a text has no halves of surrogate pairs, and no space between keys and colons.

    Args:
        text: the text.
        given: what it was decoded from; the text itself, if it was given.
    """
    if " :" in text or "\n:" in text or "\t:" in text or "\r:" in text:
        return False
    if "\\" in text and ("\\ud" in text or "\\uD" in text):
        return False
    if given is not text or text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _located(fault: JsonFault, text: str | None) -> DecodeError:
    error = DecodeError(fault.message, fault.path(), -1)
    if text is None:
        return error
    return with_position(error, text, position_of(text, fault.places[::-1], fault.key))


def _known(style: str) -> str:
    if style not in _STYLES:
        raise ValueError(f'style must be "plain" or "avro", not {style!r}')
    return style


def _text(tree: Any, indent: int | None) -> str:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(tree, ensure_ascii=False, separators=separators, indent=indent)

"""JSON of the values of one class, codec or schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from avrogen.codec.compilation import classes_of, decoder_of, encoder_of, overrides_of
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.interpreter.path_errors import TOO_DEEP_FOR_PYTHON
from avrogen.codec.json_encoding.avro_form import AvroForm
from avrogen.codec.json_encoding.json_forms import JsonFault, JsonForm, JsonStyle
from avrogen.codec.json_encoding.json_plan import JsonDefaults, json_plan
from avrogen.codec.json_encoding.json_text import (
    decoded_text,
    parse_json,
    position_of,
    with_position,
)
from avrogen.codec.json_encoding.plain_form import PlainForm, PythonForm
from avrogen.codec.json_encoding.tree_reader import TreeReader
from avrogen.codec.json_encoding.tree_writer import TreeWriter
from avrogen.codec.limits import Limits, current_limits
from avrogen.codec.planner import plan_for, under_options
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

    Args:
        owner: a generated class, a codec, or a schema, whose values are plain.
    """

    def __init__(self, owner: SchemaOwner | Schema) -> None:
        schema = owner if isinstance(owner, Schema) else owner.__avro_schema__
        own = plan_for(schema.type, schema.types, classes_of(owner), overrides=overrides_of(owner))
        own = under_options(own, schema.times)
        self._encode = encoder_of(owner)
        self._decode = decoder_of(owner)
        self.plan = json_plan(own)
        records, defaults = self.plan.records, JsonDefaults(schema.types)
        self._forms: dict[str, tuple[TreeReader, TreeWriter]] = {}
        forms: dict[str, JsonForm] = {
            "plain": PlainForm(records),
            "avro": AvroForm(records),
            "python": PythonForm(records),
        }
        for name, form in forms.items():
            writer = TreeWriter(self.plan, form, defaults, InterpretedEncoder(own))
            self._forms[name] = TreeReader(self.plan, form), writer

    # --- values to JSON --------------------------------------------------------------------------

    def to_json(
        self,
        value: Any,
        *,
        style: JsonStyle = "plain",
        indent: int | None = None,
        limits: Limits | None = None,
    ) -> str:
        """Return the JSON of a value.

        Raises:
            EncodeError: a part of the value does not fit the schema.
            ValueError: there is no such style.
        """
        return _text(self._tree(self._encode(value, limits=limits), _known(style)), indent)

    def to_tree(self, value: Any, *, limits: Limits | None = None) -> Any:
        """Return the tree of a value in the plain style.

        Raises:
            EncodeError: as :meth:`to_json`.
        """
        return self._tree(self._encode(value, limits=limits), "plain")

    def to_dict(self, value: Any, *, limits: Limits | None = None) -> Any:
        """Return plain Python values in the form of the plain style.

        Raises:
            EncodeError: as :meth:`to_json`.
        """
        return self._tree(self._encode(value, limits=limits), "python")

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
        *,
        style: JsonStyle = "plain",
        allow_unknown_keys: bool = False,
        limits: Limits | None = None,
    ) -> Any:
        """Return the value of a JSON text.

        Raises:
            DecodeError: the text is not JSON, or a part of it does not fit the schema.
            ValueError: there is no such style.
        """
        form, text = _known(style), decoded_text(text)
        tree = parse_json(text)
        return self._value(tree, form, text, allow_unknown_keys, limits or current_limits())

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
        self._value(tree, form, text, allow_unknown_keys, limits)
        return self._data(tree, form, text, allow_unknown_keys, limits)

    def _value(
        self, tree: Any, form: str, text: str | None, allow_unknown_keys: bool, limits: Limits
    ) -> Any:
        data = self._data(tree, form, text, allow_unknown_keys, limits)
        try:
            return self._decode(data, limits=limits)
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

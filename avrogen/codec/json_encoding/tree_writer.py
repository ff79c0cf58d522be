"""Trees to binary data, with every check."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from avrogen.codec import plan
from avrogen.codec.interpreter.encoder import InterpretedEncoder, leaf
from avrogen.codec.interpreter.path_errors import (
    TOO_MANY_VALUES,
    PathError,
    index_step,
    key_step,
    name_step,
)
from avrogen.codec.json_encoding.json_forms import (
    JsonFault,
    JsonForm,
    Place,
    is_array,
    is_object,
    shown,
)
from avrogen.codec.json_encoding.json_plan import JsonDefaults
from avrogen.codec.json_encoding.json_text import DuplicateKeys
from avrogen.codec.limits import VALUES_PER_BYTE, Limits
from avrogen.codec.varints import encode_long
from avrogen.message_text import shortened_name

__all__ = ["TreeWriter"]


class TreeWriter:
    """Converts trees of one form to data of one plan.

    Args:
        made: a plan of :func:`~avrogen.codec.json_encoding.json_plan.json_plan`.
        form: the form.
        defaults: defaults of fields that a tree lacks.
        encoder: encodes instances of generated classes in plain Python values.
    """

    def __init__(
        self,
        made: plan.Plan,
        form: JsonForm,
        defaults: JsonDefaults,
        encoder: InterpretedEncoder,
    ) -> None:
        self.plan = made
        self.form = form
        self.defaults = defaults
        self.encoder = encoder

    def write(
        self,
        tree: Any,
        limits: Limits,
        size: int,
        *,
        allow_unknown_keys: bool,
        until: int | None = None,
    ) -> bytes:
        """Encode a tree.

        Args:
            tree: the tree.
            limits: limits of what defaults may add.
            size: size of the tree's text.
            allow_unknown_keys: ignore keys that are no fields.
            until: refuse the part whose data are at this offset; None: there is no such part.

        Raises:
            JsonFault: it does not fit, at the place that the fault has.
        """
        filled = limits.max_values + VALUES_PER_BYTE * size
        writing = _Writing(self, limits, filled, allow_unknown_keys, until)
        writing.write(self.plan.root, tree, limits.max_depth)
        return bytes(writing.out)


class _Writing:
    """The encoding of one tree.

    Attributes:
        out: the data so far.
    """

    def __init__(
        self,
        writer: TreeWriter,
        limits: Limits,
        filled_left: int,
        allow_unknown_keys: bool,
        until: int | None,
    ) -> None:
        self._writer = writer
        self._records = writer.plan.records
        self._form = writer.form
        self._limits = limits
        self._filled_left = filled_left
        self._allow_unknown_keys = allow_unknown_keys
        self._until = until
        self.out = bytearray()

    def write(self, operation: plan.Operation, tree: Any, left: int) -> None:
        """Encode the tree of an operation."""
        places: tuple[Place, ...] = ()
        if isinstance(tree, DuplicateKeys):
            raise JsonFault(f"the key {shown(tree.key)} is there twice", tree.key)
        if isinstance(operation, plan.UnionOperation):
            index, tree, places = self._branch(operation, tree)
            self.out += encode_long(index)
            operation = operation.branches[index].operation
        try:
            match operation:
                case plan.Call(key):
                    self._record(self._records[key], tree, left)
                case plan.ArrayOperation(item):
                    self._array(item, tree, left)
                case plan.MapOperation(value):
                    self._map(value, tree, left)
                case _:
                    self._leaf(operation, tree)
        except JsonFault as fault:
            fault.places += places[::-1]
            raise

    def _branch(self, union: plan.UnionOperation, tree: Any) -> tuple[int, Any, tuple[Place, ...]]:
        for index, branch in enumerate(union.branches):
            if isinstance(branch.operation, plan.Call) and self._is_instance(
                branch.operation, tree
            ):
                return index, tree, ()
        return self._form.branch(union, tree)

    def _is_instance(self, call: plan.Call, tree: Any) -> bool:
        class_ = self._records[call.key].type
        return class_ is not None and not is_object(tree) and isinstance(tree, class_)

    def _leaf(self, operation: plan.Operation, tree: Any) -> None:
        base = self._form.base(operation)
        value = self._form.value(base, tree)
        try:
            self.out += leaf(base, value)
        except PathError as error:
            raise JsonFault(error.message) from None
        if self._until is not None and len(self.out) > self._until:
            raise JsonFault("")

    def _array(self, item: plan.Operation, tree: Any, left: int) -> None:
        if not is_array(tree):
            raise JsonFault(f"expected an array, got {shown(tree)}")
        items = list(tree)
        if items:
            self.out += encode_long(len(items))
            for index, each in enumerate(items):
                try:
                    self.write(item, each, left)
                except JsonFault as fault:
                    fault.steps.append(index_step(index))
                    fault.places.append(index)
                    raise
        self.out += b"\0"

    def _map(self, value: plan.Operation, tree: Any, left: int) -> None:
        entries = self._object(tree)
        if entries:
            self.out += encode_long(len(entries))
            for key, each in entries.items():
                try:
                    self.out += _text(key)
                    self.write(value, each, left)
                except JsonFault as fault:
                    fault.steps.append(key_step(key))
                    fault.places.append(key)
                    raise
        self.out += b"\0"

    def _object(self, tree: Any) -> dict[str, Any]:
        if not is_object(tree):
            raise JsonFault(f"expected an object, got {shown(tree)}")
        entries: dict[Any, Any] = dict(tree)
        for key in entries:
            if not isinstance(key, str):
                raise JsonFault(f"expected keys of type str, got {shown(key)}")
        return entries

    def _record(self, record: plan.RecordOperation, tree: Any, left: int) -> None:
        left -= record.recursive
        if left < 0:
            raise JsonFault("nested more deeply than Limits.max_depth allows")
        if record.type is not None and not is_object(tree) and isinstance(tree, record.type):
            self._instance(record, tree, left)
            return
        entries = self._object(tree)
        found = 0
        for field in record.fields:
            try:
                if field.name in entries:
                    found += 1
                    self.write(field.operation, entries[field.name], left)
                    continue
            except JsonFault as fault:
                fault.steps.append(name_step(field.name))
                fault.places.append(field.name)
                raise
            self._default(record, field, entries)
        if found < len(entries):
            self._check_keys(record, entries)
        if self._until is not None and len(self.out) > self._until:
            raise JsonFault("")

    def _instance(self, record: plan.RecordOperation, value: Any, left: int) -> None:
        try:
            key = plan.Call(record.name)
            self.out += self._writer.encoder.write_part(key, value, left + record.recursive)
        except PathError as error:
            fault = JsonFault(error.message)
            fault.steps = error.steps
            fault.cause = error.cause
            raise fault from None

    def _default(
        self, record: plan.RecordOperation, field: plan.FieldOperation, entries: dict[str, Any]
    ) -> None:
        data = self._writer.defaults.of(record.name, field.name)
        if data is None:
            unknown = next(self._unknown(record, entries), None)
            other = "" if unknown is None else f"; {shown(unknown)} is no field"
            fault = JsonFault(f"missing value of a field{other}")
            fault.steps.append(name_step(field.name))
            raise fault
        self._filled_left -= 1 + len(data)
        if self._filled_left < 0:
            raise JsonFault(TOO_MANY_VALUES)
        self.out += data

    def _check_keys(self, record: plan.RecordOperation, entries: dict[str, Any]) -> None:
        for key in self._unknown(record, entries):
            if not self._allow_unknown_keys:
                names = [field.name for field in record.fields]
                near: list[str] = get_close_matches(key[:100], names, 1)
                hint = f': did you mean "{shortened_name(near[0])}"?' if near else ""
                raise JsonFault(
                    f"{shown(key)} is no field of {shortened_name(record.name)}{hint}", key
                )

    def _unknown(self, record: plan.RecordOperation, entries: dict[str, Any]) -> Iterator[str]:
        names = {field.name for field in record.fields}
        for key, tree in entries.items():
            if key not in names and not self._form.is_tag(record, key, tree):
                yield key


def _text(text: str) -> bytes:
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise JsonFault("expected text without half of a surrogate pair") from None
    return encode_long(len(content)) + content

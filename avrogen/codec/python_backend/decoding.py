"""Source that reads values.

``data`` is bytes, ``p`` the position in it. Nothing looks whether a slice was cut short by the end
of ``data``, since ``p`` goes on to where it should have ended: the next byte is then missing, or
``p`` is not ``size`` in the end. Only counts are compared with what remains, before there is a
loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from avrogen.codec import plan
from avrogen.codec.checked.reader import CheckedReader
from avrogen.codec.checked.sizes import least_sizes
from avrogen.codec.limits import MAX_DEPTH
from avrogen.codec.python_backend import decoding_leaves as leaves
from avrogen.codec.python_backend.instances import stand_in_for, twin_of
from avrogen.codec.python_backend.layout import Layout
from avrogen.codec.python_backend.source import MAX_NESTING, Source
from avrogen.codec.python_backend.tables import Unfit, read_block, unpack_array
from avrogen.codec.varints import encode_long

__all__ = ["Decoding", "decoder_source"]


def decoder_source(plan_: plan.Plan) -> Source:
    """Source with a function ``from_avro(data)``."""
    decoding = Decoding(plan_)
    decoding.whole()
    return decoding.source


class Decoding:
    """The functions that read values of one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        self.plan = plan_
        self.source = Source()
        self.depth = "0"
        """The expression for how many recursive records lie around the present place."""
        self._checked = CheckedReader(plan_)
        self._least_sizes = least_sizes(plan_)
        self._layout = Layout(plan_)
        self._inlined = 0
        self._routines: dict[str, str] = {}
        self._waiting: deque[tuple[str, plan.Operation]] = deque()

    # --- functions -------------------------------------------------------------------------------

    def whole(self) -> None:
        """Emit the function for a datum, and all that it calls."""
        source = self.source
        with source.block("def from_avro(data):"):
            bytes_, view = source.bind(bytes, "bytes"), source.bind(memoryview, "memoryview")
            source.line(f"if data.__class__ is not {bytes_}: data = {bytes_}({view}(data))")
            with source.block("try:"):
                source.line("p = 0")
                source.line(f"size = {source.bind(len, 'len')}(data)")
                self.read(self.plan.root, "value")
                source.line("if p == size: return value")
            with source.block(f"except {source.bind(Exception, 'exception')}:"):
                source.line("pass")
            source.line(f"return {source.bind(self._checked.read, 'checked')}(data)")
        while self._waiting:
            self._routine(*self._waiting.popleft())

    def _routine(self, name: str, operation: plan.Operation) -> None:
        """Emit a function that reads a value."""
        source = self.source
        with source.block(f"def {name}(data, p, size, depth):"):
            self.depth = "depth"
            self._inlined = 0
            if isinstance(operation, plan.Call):
                record = self.plan.records[operation.key]
                if record.recursive:
                    source.line("depth += 1")
                    self.refuse_if(f"depth > {MAX_DEPTH}")
                self._record(record, "value")
            else:
                self.read(operation, "value")
            source.line("return value, p")

    def _call(self, operation: plan.Operation, target: str) -> None:
        """Emit the call of a function of its own."""
        key = operation.key if isinstance(operation, plan.Call) else None
        name = self._routines.get(key) if key is not None else None
        if name is None:
            name = f"read_{self.source.variable()}"
            self._waiting.append((name, operation))
            if key is not None:
                self._routines[key] = name
        self.source.line(f"{target}, p = {name}(data, p, size, {self.depth})")

    def refuse_if(self, condition: str) -> None:
        """Emit a check that leaves the datum to ``checked``."""
        self.source.line(f"if {condition}: {self.refusal()}")

    def refusal(self) -> str:
        """A statement that leaves the datum to ``checked``."""
        return f"raise {self.source.bind(Unfit, 'unfit')}"

    def checked(self, operation: plan.Operation, target: str) -> None:
        """Emit the reading of one operation by ``checked``."""
        read = self.source.bind(partial(self._checked.read_part, operation), "checked")
        self.source.line(f"{target}, p = {read}(data, p, {self.depth})")

    # --- operations ------------------------------------------------------------------------------

    def read(self, operation: plan.Operation, target: str) -> None:
        """Emit what reads a value into ``target``, whatever can be assigned to."""
        if self.source.nesting > MAX_NESTING and not leaves.is_leaf(operation):
            self._call(operation, target)
            return
        match operation:
            case plan.Call(key):
                if self._layout.is_inline(key, self._inlined):
                    self._inlined += 1
                    self._record(self.plan.records[key], target)
                    self._inlined -= 1
                else:
                    self._call(operation, target)
            case plan.UnionOperation():
                self._union(operation, target)
            case plan.ArrayOperation(item):
                self._array(operation, item, target)
            case plan.MapOperation(inner):
                self._map(operation, inner, target)
            case _:
                leaves.read_leaf(self, operation, target)

    def _record(self, record: plan.RecordOperation, target: str) -> None:
        source = self.source
        instance = source.variable()
        finish = ""
        if record.type is None:
            places = [f"{instance}[{source.bind(f.name, 'key')}]" for f in record.fields]
            source.line(f"{instance} = {{}}")
        else:
            attributes = tuple(field.attribute or "" for field in record.fields)
            twin = twin_of(record.type)
            if twin is not None:
                finish = f"{instance}.__class__ = {source.bind(record.type, 'type')}"
            else:
                twin, make = stand_in_for(record.type, attributes)
                finish = f"{instance} = {source.bind(make, 'make')}({instance})"
            places = [f"{instance}.{attribute}" for attribute in attributes]
            new = source.bind(object.__new__, "new")
            source.line(f"{instance} = {new}({source.bind(twin, 'twin')})")
        reals: list[str] = []
        codes = ""
        for field, place in zip(record.fields, places, strict=True):
            match field.operation:
                case plan.RealOperation(bits):
                    reals.append(place)
                    codes += "f" if bits == 32 else "d"
                case _:
                    leaves.read_reals(self, reals, codes)
                    reals, codes = [], ""
                    self.read(field.operation, place)
        leaves.read_reals(self, reals, codes)
        if finish:
            source.line(finish)
        source.line(f"{target} = {instance}")

    def _union(self, union: plan.UnionOperation, target: str) -> None:
        source = self.source
        if len(union.branches) > 64:
            # Their indexes can have two bytes.
            self.checked(union, target)
            return
        tag = source.variable()
        source.line(f"{tag} = data[p]; p += 1")
        # Most values of a nullable are not null.
        order = sorted(
            range(len(union.branches)),
            key=lambda index: isinstance(union.branches[index].operation, plan.NullOperation),
        )
        for position, index in enumerate(order):
            byte = encode_long(index)[0]
            with source.block(f"{'elif' if position else 'if'} {tag} == {byte}:"):
                self.read(union.branches[index].operation, target)
        source.line(f"else: {self.refusal()}")

    def _array(self, operation: plan.ArrayOperation, item: plan.Operation, target: str) -> None:
        items = self.source.variable()
        self.source.line(f"{items} = []")
        least = self._least_sizes.of(item)
        if least == 0:
            # How many there may be in a datum is counted by ``checked``.
            self.refuse_if("data[p]")
            self.source.line("p += 1")
        elif isinstance(item, plan.RealOperation):
            unpack = self.source.bind(unpack_array, "unpack")
            self._blocks(
                least,
                lambda count: self.source.line(
                    f'p = {unpack}(data, p, {count}, "{"f" if item.bits == 32 else "d"}", {items})'
                ),
            )
        else:
            add = self.source.variable()
            self.source.line(f"{add} = {items}.append")

            def read_items(count: str) -> None:
                with self._repeat(count):
                    each = self.source.variable()
                    self.read(item, each)
                    self.source.line(f"{add}({each})")

            self._blocks(least, read_items)
        self.source.line(f"{target} = {items}")

    def _map(self, operation: plan.MapOperation, inner: plan.Operation, target: str) -> None:
        entries = self.source.variable()
        self.source.line(f"{entries} = {{}}")

        def read_entries(count: str) -> None:
            with self._repeat(count):
                key, each = self.source.variable(), self.source.variable()
                leaves.read_leaf(self, plan.StringOperation(), key)
                self.read(inner, each)
                self.source.line(f"{entries}[{key}] = {each}")

        self._blocks(self._least_sizes.of_item(operation), read_entries)
        self.source.line(f"{target} = {entries}")

    def _repeat(self, count: str) -> AbstractContextManager[None]:
        return self.source.block(f"for _ in {self.source.bind(range, 'range')}({count}):")

    def _blocks(self, least: int, read_items: Callable[[str], None]) -> None:
        """Emit a loop over blocks; ``read_items`` emits what reads as many items."""
        source = self.source
        count = source.variable()
        times = "" if least == 1 else f" * {least}"
        source.line(f"{count} = data[p]; p += 1")
        with source.block(f"while {count}:"):
            with source.block(f"if {count} & 129:"):
                block = source.bind(read_block, "block")
                source.line(f"{count}, p = {block}(data, p - 1)")
            source.line(f"else: {count} >>= 1")
            self.refuse_if(f"{count}{times} > size - p")
            read_items(count)
            source.line(f"{count} = data[p]; p += 1")

"""The choice of a union branch for a value.

Branches are ranked by how well they represent the value; the first of the best is encoded:

1. the value's type is exactly the branch's, and the branch represents it exactly: ``int`` in range,
   ``float`` that 32 bits represent, ``datetime`` in whole units and with or without time zone as
   the branch needs, ``Decimal`` within precision and scale, ``str`` among the symbols;
2. the same, but with a loss: rounded to 32 bits or down to whole units;
3. and 4. likewise, if the value's type is a subclass of the branch's. ``bool`` does not count as
   ``int``, nor ``datetime`` as ``date``;
5. and 6. likewise, if the branch accepts the value's type besides its own: ``int`` for float and
   double, and for timestamps in nanoseconds; other buffers for ``bytes``.

So ``1`` is encoded as long in ``["double", "long", "int"]``, the first integer branch; ``2**40`` as
long in ``["int", "long"]``, and ``0.1`` as double in ``["float", "double"]``. The build warns of
branches that no value can tell apart.

Plain values: ``("full.Name", value)`` names its branch, and so does the key ``-type`` of a dict for
a record. A dict is compared with records and maps as a whole, at any depth. Branches that lose
least of it come first (keys that records have no field for, or precision), then those that fill the
fewest fields with defaults; branches that cannot encode it come last. Among equals, records with
exactly its keys come first, then maps, then other records. So a value that was read is not written
as a branch that loses a part of it.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeGuard, assert_never

from avrogen.codec import plan
from avrogen.codec.logical import LogicalKind, MappedKind
from avrogen.codec.varints import fits

__all__ = ["TYPE_KEY", "BranchChooser", "UnionIndex", "choose_branch", "fit", "forced_branch"]

_EXACT, _LESS_EXACT = 1, 2
_SUBCLASS = 2  # added to one of the above
_CONVERTED = 4  # likewise


def choose_branch(
    union: plan.UnionOperation, value: Any, records: Mapping[str, plan.RecordOperation]
) -> int | None:
    """Return the position of the branch for a value; None if no branch accepts it."""
    return BranchChooser(records, {}).choose(union, value)


def forced_branch(union: plan.UnionOperation, name: object) -> int | None:
    """Return the position of the branch of a name."""
    for index, branch in enumerate(union.branches):
        if branch.name == name:
            return index
    return None


def fit(
    operation: plan.Operation, value: Any, records: Mapping[str, plan.RecordOperation]
) -> int | None:
    """Return the rank of an operation for a value, as above: 1 is best, None means unfit."""
    match operation:
        case plan.NullOperation():
            return _EXACT if value is None else None
        case plan.BooleanOperation():
            return _EXACT if isinstance(value, bool) else None
        case plan.IntegerOperation(bits):
            return _by_type(value, int) if _is_int(value, bits) else None
        case plan.FloatOperation(bits):
            return _fit_float(bits, value)
        case plan.BytesOperation():
            if isinstance(value, bytes):
                return _by_type(value, bytes)
            return _CONVERTED + _EXACT if isinstance(value, bytearray | memoryview) else None
        case plan.StringOperation():
            return _rank(value, str)
        case plan.FixedOperation(_, size, class_):
            return (
                _by_type(value, class_)
                if isinstance(value, class_) and len(value) == size
                else None
            )
        case plan.EnumOperation(_, _, values, class_):
            return (
                _by_type(value, class_) if isinstance(value, class_) and value in values else None
            )
        case plan.LogicalOperation(base, MappedKind() as kind):
            return _fit_mapped(base, kind, value, records)
        case plan.LogicalOperation(_, kind):
            return _fit_logical(kind, value)
        case plan.ArrayOperation():
            return _rank(value, list)
        case plan.MapOperation():
            # Among plain values, records with exactly these keys go before maps.
            rank = _rank(value, dict)
            return None if rank is None else rank + 1
        case plan.Call(key):
            return _fit_record(records[key], value)
        case plan.UnionOperation():
            raise AssertionError("unions hold no unions")
        case (
            plan.PromotedOperation()
            | plan.SkipOperation()
            | plan.NamedOperation()
            | plan.UnreadableOperation()
        ):
            raise AssertionError("only reads")
        case _:
            assert_never(operation)


def _rank(value: object, own: type[object]) -> int | None:
    return _by_type(value, own) if isinstance(value, own) else None


def _by_type(value: object, own: type[object]) -> int:
    return _EXACT if type(value) is own else _EXACT + _SUBCLASS


def _is_int(value: object, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and fits(value, bits)


def _fit_logical(kind: LogicalKind, value: Any) -> int | None:
    loss = kind.loss(value)
    if loss is None:
        return None
    own = kind.python_type
    rank = _by_type(value, own) if isinstance(value, own) else _CONVERTED + _EXACT
    return rank + loss


def _fit_mapped(
    base: plan.Operation,
    kind: MappedKind,
    value: Any,
    records: Mapping[str, plan.RecordOperation],
) -> int | None:
    """Return the rank of a type of one's own: its base must accept what it converts to."""
    try:
        rank = fit(base, kind.to_base(value), records)
    except ValueError:
        return None
    return None if rank is None else _by_type(value, kind.python_type) + 1 - rank % 2


def _fit_float(bits: int, value: Any) -> int | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
        stored: float = struct.unpack("<f", struct.pack("<f", number))[0] if bits == 32 else number
    except OverflowError:
        return None
    exact = stored == value or number != number
    rank = _EXACT if exact else _LESS_EXACT
    if isinstance(value, float):
        return rank if type(value) is float else rank + _SUBCLASS
    return rank + _CONVERTED


def _fit_record(record: plan.RecordOperation, value: Any) -> int | None:
    return _rank(value, dict if record.type is None else record.type)


# --- plain values ---------------------------------------------------------------------------------

TYPE_KEY: Final = "-type"
"""Key of a dict with the full name of its record, as in fastavro. No field has such a name."""

_COMPLETE: Final = 0
_FILLED: Final = 1
_LOSSY: Final = 1 << 32
_UNFIT: Final = 1 << 200
_LARGEST: Final = 1 << 160
_OTHER_KEYS, _OTHER_DICT = 7, 8
_Loss: TypeAlias = int
"""Part of a plain value that an operation cannot encode: the sum of the keys and numbers that lose
something, and of the fields that defaults fill; ``_UNFIT`` if nothing of it can be encoded."""

_Losses: TypeAlias = Generator[tuple[plan.Operation, Any], _Loss, _Loss]
"""A comparison that yields parts of a value to compare, and returns the loss."""


@dataclass(frozen=True, slots=True)
class UnionIndex:
    """Branches of a union by the plain values that they may encode.

    Attributes:
        others: positions of branches that encode no dicts.
        maps: positions of maps.
        records: positions of records.
        by_keys: positions of records by the names of their fields.
    """

    others: list[int] = field(default_factory=list[int])
    maps: list[int] = field(default_factory=list[int])
    records: list[int] = field(default_factory=list[int])
    by_keys: dict[frozenset[str], list[int]] = field(
        default_factory=dict[frozenset[str], list[int]]
    )


class BranchChooser:
    """The choice of branches for the values of one datum.

    A dict is compared with each record once, however many unions it is in.

    Args:
        records: records of the plan.
        indexes: branches of the plan's unions by identity; it gets those that are needed.
        known_keys_only: True if dicts for records must not have other keys than the fields.
    """

    def __init__(
        self,
        records: Mapping[str, plan.RecordOperation],
        indexes: dict[int, UnionIndex],
        *,
        known_keys_only: bool = False,
    ) -> None:
        self._known_keys_only = known_keys_only
        self._records = records
        self._indexes = indexes
        # Values are kept: others must not get their identities.
        self._losses: dict[tuple[int | str, int], tuple[object, _Loss]] = {}
        self._sizes: dict[int, tuple[object, int]] = {}

    def choose(self, union: plan.UnionOperation, value: Any) -> int | None:
        """Return the position of the branch for a value; None if no branch accepts it."""
        index = self._index(union)
        if _is_dict(value) and (index.records or index.maps):
            return self._for_dict(union, index, value)
        best: int | None = None
        best_rank: int | None = None
        for position in index.others:
            rank = fit(union.branches[position].operation, value, self._records)
            if rank is not None and (best_rank is None or rank < best_rank):
                best, best_rank = position, rank
        return best

    def _index(self, union: plan.UnionOperation) -> UnionIndex:
        index = self._indexes.get(id(union))
        if index is None:
            index = self._indexes[id(union)] = UnionIndex()
            for position, branch in enumerate(union.branches):
                match branch.operation:
                    case plan.Call(key) if self._records[key].type is None:
                        names = frozenset(field.name for field in self._records[key].fields)
                        index.records.append(position)
                        index.by_keys.setdefault(names, []).append(position)
                    case plan.MapOperation():
                        index.maps.append(position)
                    case _:
                        index.others.append(position)
        return index

    # --- dicts ------------------------------------------------------------------------------------

    def _for_dict(
        self, union: plan.UnionOperation, index: UnionIndex, value: dict[Any, Any]
    ) -> int | None:
        if len(index.records) + len(index.maps) == 1:
            return (index.records or index.maps)[0]
        if TYPE_KEY in value:
            named = self._named(union, index, value)
            if named is not None:
                return named
        likely: list[int] = [*index.by_keys.get(frozenset(value), ()), *index.maps]
        for position in likely:
            if self._loss(union.branches[position].operation, value) == _COMPLETE:
                return position
        ranks = (
            (*self._rank(union.branches[position], value), position)
            for position in (*index.records, *index.maps)
        )
        return min(ranks)[2]

    def _rank(self, branch: plan.BranchOperation, value: dict[Any, Any]) -> tuple[_Loss, int]:
        loss = self._loss(branch.operation, value)
        if isinstance(branch.operation, plan.MapOperation):
            return loss, _EXACT + 1
        assert isinstance(branch.operation, plan.Call), "dicts are records or maps"
        fields = self._records[branch.operation.key].fields
        if loss == _UNFIT and not _has_all(value, fields):
            return loss, _OTHER_DICT
        return loss, _EXACT if len(value) == len(fields) else _OTHER_KEYS

    def _named(
        self, union: plan.UnionOperation, index: UnionIndex, value: dict[Any, Any]
    ) -> int | None:
        """Return the position of the record that a dict names; None: there is no such record."""
        position = forced_branch(union, value[TYPE_KEY])
        return position if position in index.records else None

    def _loss(self, operation: plan.Operation, value: Any) -> _Loss:
        """Return what part of a value an operation cannot encode.

        The stack is a list: values may be nested more deeply than Python's calls.
        """
        waiting = [self._part_losses(operation, value)]
        answer: _Loss | None = None
        while True:
            try:
                asked = next(waiting[-1]) if answer is None else waiting[-1].send(answer)
            except StopIteration as stop:
                waiting.pop()
                loss: _Loss = stop.value
                if not waiting:
                    return loss
                answer = loss
            else:
                answer = None
                waiting.append(self._part_losses(*asked))

    def _part_losses(self, operation: plan.Operation, value: Any) -> _Losses:
        """Ask for the losses of parts of a value, and return the loss of the whole."""
        match operation:
            case plan.UnionOperation():
                least = _UNFIT
                for branch, inner in self._likely_branches(operation, value):
                    least = min(least, (yield branch.operation, inner))
                    if least == _COMPLETE:
                        break
                return least
            case plan.Call(key):
                node: tuple[int | str, int] = key, id(value)
            case plan.ArrayOperation() | plan.MapOperation():
                node = id(operation), id(value)
            case _:
                rank = fit(operation, value, self._records)
                return _UNFIT if rank is None else _COMPLETE if rank % 2 else _LOSSY
        if node in self._losses:
            return self._losses[node][1]
        self._losses[node] = value, _COMPLETE  # a dict inside itself
        loss, parts = self._parts(operation, value)
        for part in parts:
            if loss == _UNFIT:
                break
            lost = yield part
            # Values that share parts may lose more than there are numbers.
            loss = _UNFIT if lost == _UNFIT else min(loss + lost, _UNFIT - 1)
        self._losses[node] = value, loss
        return loss

    def _likely_branches(
        self, union: plan.UnionOperation, value: Any
    ) -> Iterator[tuple[plan.BranchOperation, Any]]:
        if _is_tuple(value):  # the branch is forced
            index = forced_branch(union, value[0]) if len(value) == 2 else None
            if index is not None:
                yield union.branches[index], value[1]
            return
        branches = self._index(union)
        if _is_dict(value):
            named = self._named(union, branches, value) if TYPE_KEY in value else None
            if named is not None:
                yield union.branches[named], value
                return
            likely = branches.by_keys.get(frozenset(value), ())
            positions: Iterable[int] = (*likely, *branches.maps, *branches.records)
        else:
            positions = branches.others
        yield from ((union.branches[position], value) for position in positions)

    def _parts(
        self, operation: plan.Operation, value: Any
    ) -> tuple[_Loss, Iterable[tuple[plan.Operation, Any]]]:
        """Return the loss of a value apart from its parts, and the parts."""
        match operation:
            case plan.ArrayOperation(inner) if _is_list(value):
                return _COMPLETE, ((inner, item) for item in value)
            case plan.MapOperation(inner) if _is_dict(value):
                loss = _COMPLETE if all(isinstance(key, str) for key in value) else _UNFIT
                return loss, ((inner, item) for item in value.values())
            case plan.Call(key) if self._records[key].type is not None:
                loss = _UNFIT if fit(operation, value, self._records) is None else _COMPLETE
                return loss, ()
            case plan.Call(key) if _is_dict(value):
                fields = self._records[key].fields
                given = [field for field in fields if field.name in value]
                if len(given) < len(fields) and not _has_all(value, fields):
                    return _UNFIT, ()
                lost = 0
                if len(value) > len(given):
                    names = {field.name for field in given}
                    unknown = [key for key in value if key not in names and key != TYPE_KEY]
                    if unknown and self._known_keys_only:
                        return _UNFIT, ()
                    lost = sum(1 + self._size(value[key]) for key in unknown)
                loss = min(lost * _LOSSY + (len(fields) - len(given)) * _FILLED, _UNFIT - 1)
                return loss, ((field.operation, value[field.name]) for field in given)
            case _:
                return _UNFIT, ()

    def _size(self, value: Any) -> int:
        """Return the number of items of dicts and lists in a value."""
        waiting = [value]
        while waiting:
            part = waiting[-1]
            inner = _items(part)
            new = [each for each in inner if _items(each) and id(each) not in self._sizes]
            if new and id(part) not in self._sizes:
                self._sizes[id(part)] = part, 0  # it may be inside itself
                waiting.extend(new)
                continue
            sizes = (self._sizes[id(each)][1] if _items(each) else 0 for each in inner)
            self._sizes[id(part)] = part, min(len(inner) + sum(sizes), _LARGEST)
            waiting.pop()
        return self._sizes[id(value)][1]


def _items(value: Any) -> Collection[Any]:
    if _is_dict(value):
        return value.values()
    return value if _is_list(value) else ()


def _has_all(entries: Mapping[Any, Any], fields: Iterable[plan.FieldOperation]) -> bool:
    return all(field.name in entries or field.is_optional() for field in fields)


def _is_dict(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_tuple(value: object) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)

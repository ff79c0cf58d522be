"""Adding a logical type is adding rows: every module that needs one has it, or is listed here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args

import pytest
from hypothesis import Phase, given, settings

from avrogen.avro import model
from avrogen.avro.logical_types import FIXED_SIZES, LOGICAL_TYPES, logical_type, logical_type_label
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.logical import LogicalKind, logical_kind
from avrogen.codec.plan import LogicalOperation, Plan
from avrogen.codec.planner import plan_for
from avrogen.codec.values import OWN_TYPES
from avrogen.compiler import type_mapping
from avrogen.compiler.expressions import RUNTIME
from avrogen.examples.example_values import ExampleMaker
from avrogen.runtime import v1
from avrogen.testing.strategies import leaves
from tests.conftest import ROOT

KINDS: Final[tuple[type[Any], ...]] = get_args(model.LogicalType)


@dataclass(frozen=True)
class Use:
    """A logical type on a base type; ``size`` is that of a fixed."""

    logical: Any
    base: str
    size: int | None

    @property
    def type(self) -> model.AvroType:
        if self.size is not None:
            return model.Reference("Example")
        return model.Primitive(self.base, self.logical)  # type: ignore[arg-type]

    @property
    def types(self) -> dict[str, model.NamedType]:
        if self.size is None:
            return {}
        return {"Example": model.FixedType("Example", self.size, self.logical)}

    @property
    def kind(self) -> LogicalKind:
        return logical_kind(self.logical, self.size)

    @property
    def plan(self) -> Plan:
        return plan_for(self.type, self.types, None)


def uses(kind: type[Any]) -> Iterator[Use]:
    """All uses of a logical type that the tables of ``avro/logical_types.py`` allow."""
    if kind is model.Decimal:
        yield Use(model.Decimal(9, 2), "bytes", None)
        yield Use(model.Decimal(9, 2), "fixed", 8)
    for name, (bases, make) in LOGICAL_TYPES.items():
        if type(make()) is kind:
            for base in bases:
                yield Use(make(), base, FIXED_SIZES[name] if base == "fixed" else None)


# --- rows -----------------------------------------------------------------------------------------


def is_parsed(use: Use) -> bool:
    label = logical_type_label(use.logical)
    attributes: model.Attributes = {"precision": 9, "scale": 2}
    name = label.partition("(")[0]
    return bool(logical_type(name, use.base, use.size or 0, attributes) == use.logical)


def has_kind(use: Use) -> bool:
    operation = use.plan.root
    assert isinstance(operation, LogicalOperation)
    return operation.kind == use.kind and bool(use.kind.label)


def is_in_generated_code(use: Use) -> bool:
    example = ExampleMaker(use.type, use.types).make(1)
    literal = type_mapping.logical_value(use.logical, use.kind.to_base(example))
    annotation = type_mapping.logical_type(use.logical)
    named = [symbol.name for symbol in annotation.symbols()]
    return named == [use.kind.python_type.__name__] and bool(literal.parts)


def is_own_type_listed(use: Use) -> bool:
    own = use.kind.python_type
    return own in OWN_TYPES or not own.__module__.startswith("avrogen.")


def is_own_type_in_runtime(use: Use) -> bool:
    symbols = type_mapping.logical_type(use.logical).symbols()
    return all(symbol.name in v1.__all__ for symbol in symbols if symbol.module == RUNTIME)


def has_example(use: Use) -> bool:
    example = ExampleMaker(use.type, use.types).make(1)
    return type(example) is use.kind.python_type and bool(
        InterpretedEncoder(use.plan).write(example)
    )


def has_strategy(use: Use) -> bool:
    drawn: list[Any] = []

    @settings(max_examples=5, phases=[Phase.generate], database=None, derandomize=True)
    @given(leaves.leaf(use.plan.root))
    def draw(value: Any) -> None:
        drawn.append(value)

    draw()
    return all(type(value) is use.kind.python_type for value in drawn)


ROWS: Final[dict[str, Callable[[Use], bool]]] = {
    "avrogen/avro/logical_types.py": is_parsed,
    "avrogen/codec/values.py": is_own_type_listed,
    "avrogen/codec/logical.py": has_kind,
    "avrogen/compiler/type_mapping.py": is_in_generated_code,
    "avrogen/runtime/v1.py": is_own_type_in_runtime,
    "avrogen/examples/example_values.py": has_example,
    "avrogen/testing/strategies/leaves.py": has_strategy,
}
"""Modules that have a row for each logical type, and what shows that it is there."""

MODEL = "avrogen/avro/model.py"


def missing(use: Use) -> list[str]:
    """Modules without a row for a logical type. A row may need those of the modules before it."""
    found: list[str] = []
    for module, has_row in ROWS.items():
        try:
            if has_row(use):
                continue
        except Exception as error:  # such as that of assert_never, or of a look-up
            found.append(f"{module}: {type(error).__name__}")
        else:
            found.append(module)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_logical_type_has_its_rows(kind: type[Any]) -> None:
    found = list(uses(kind))
    assert found, f"avrogen/avro/logical_types.py has no name for {kind.__name__}"
    for use in found:
        gaps = missing(use)
        assert not gaps, "\n  ".join([f"{kind.__name__} on {use.base} has no row in", *gaps])


@dataclass(frozen=True)
class Unknown:
    """A logical type without any row."""


def test_every_missing_row_is_named() -> None:
    found = missing(Use(Unknown(), "int", None))
    assert [module.partition(":")[0] for module in found] == list(ROWS)


def test_contributing_lists_the_same_modules() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.partition("## Adding a logical type\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\d\. `(avrogen/[^`]+)`", section, re.MULTILINE)
    assert listed == [MODEL, *ROWS]
    assert len(listed) <= 8, "adding a kind is adding a row, not a tour"


@pytest.mark.parametrize("name", ["decimal", *LOGICAL_TYPES])
def test_the_page_of_the_mapping_has_every_logical_type(name: str) -> None:
    table = (ROOT / "docs/mapping.md").read_text("utf-8").partition("## Logical types\n")[2]
    rows = [line.split("|")[1] for line in table.partition("\n## ")[0].splitlines() if "|" in line]
    assert name in ", ".join(row.strip() for row in rows).split(", ")

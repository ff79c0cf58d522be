"""Work grows with the size of what comes in, whatever is in it: no family of input is square.

Most families are measured in lines of Python that run, which is the same number in every run. What
happens inside one call of a library, such as a regular expression, is measured in time, between
sizes that are far apart.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest

from avrogen import AvrogenError, ResolutionError, Schema
from avrogen.avro.compat.levels import Level
from avrogen.avro.compat.root_causes import RootCauses
from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.source import Source
from avrogen.codec.planner import plan_for
from avrogen.codec.python_backend.decoder_emitter import block_decoder_source, decoder_source
from avrogen.codec.python_backend.encoder_emitter import block_encoder_source, encoder_source
from avrogen.compiler.build import analyse, compile_package
from avrogen.compiler.checks import near_type
from avrogen.compiler.formatting import FormatCache
from avrogen.config.config import Config
from avrogen.evolution.matching import match
from avrogen.evolution.snapshot import Snapshot, snapshot
from avrogen.evolution.units import units

MOST_PER_DOUBLING = 2.4


def field(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


def record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def nested(levels: int, innermost: Any) -> Any:
    value = innermost
    for _ in range(levels):
        value = {"x": value}
    return value


def parse(text: str) -> None:
    with suppress(AvrogenError):
        Schema.parse(text)


def in_json(make: Callable[[int], Any]) -> Callable[[int], str]:
    return lambda size: json.dumps(make(size))


def union_branches(size: int, innermost: Any) -> list[Any]:
    """Nested unions whose branches both contain the next one."""
    type_: Any = "int"
    types: list[Any] = []
    for level in range(size):
        types.append(record(f"A{level}", field("x", type_), field("y", "int")))
        types.append(record(f"B{level}", field("x", type_)))
        type_ = [f"A{level}", f"B{level}"]
    return [*types, record("Z", field("u", type_, default=nested(size, innermost)))]


def filled(size: int, width: int) -> list[Any]:
    """Records that hold some of the next each, filled by their defaults."""
    types = [
        record(f"R{n}", *(field(f"f{k}", f"R{n + 1}", default={}) for k in range(width)))
        for n in range(size)
    ]
    return [*types, record(f"R{size}", field("x", "int", default=1))]


def chain(size: int, last: str, uses: str = "ab") -> list[Any]:
    types = [record(f"R{n}", *(field(k, f"R{n + 1}") for k in uses)) for n in range(size)]
    return [*types, record(f"R{size}", field("x", last))]


def many_items(size: int) -> Any:
    """A default of many items, for a union of many records."""
    records = [record(f"R{n}", field("x", "int"), field(f"y{n}", "int")) for n in range(size)]
    items = {"type": "array", "items": [r["name"] for r in records]}
    last = {"x": 1, f"y{size - 1}": 1}
    return [*records, record("Z", field("u", items, default=[last] * size))]


SCHEMAS: dict[str, tuple[int, Callable[[int], str]]] = {
    "unions in unions, no default fits": (15, in_json(lambda n: union_branches(n, "bad"))),
    "unions in unions, the default fits": (15, in_json(lambda n: union_branches(n, 1))),
    "records that fill two of the next": (15, in_json(lambda n: filled(n, 2))),
    "records that fill ten of the next": (15, in_json(lambda n: filled(n, 10))),
    "defaults too deep": (400, in_json(lambda n: filled(n, 1))),
    "defaults that contain themselves": (
        200,
        in_json(lambda n: record("Z", *(field(f"f{k}", "Z", default={}) for k in range(n)))),
    ),
    "many items for many branches": (150, in_json(many_items)),
    "unknown names": (
        200,
        in_json(
            lambda n: [
                *(record(f"Kn{k}xx") for k in range(n)),
                record("Z", *(field(f"f{k}", f"Un{k}yy") for k in range(n))),
            ]
        ),
    ),
    "unknown logical types": (
        500,
        in_json(
            lambda n: record(
                "Z",
                *(field(f"f{k}", {"type": "int", "logicalType": f"dat{k}"}) for k in range(n)),
            )
        ),
    ),
    "duplicate names": (
        200,
        in_json(lambda n: [record("R", field(f"f{k}", "int")) for k in range(n)]),
    ),
    "deep attributes with a warning": (
        200,
        lambda n: '{"type": "int", "logicalType": "x", "a": '
        + "[" * 200
        + "1," * n
        + "1"
        + "]" * 200
        + "}",
    ),
    "a chain": (200, in_json(lambda n: chain(n, "int"))),
}


@pytest.mark.parametrize("family", SCHEMAS)
def test_parsing_grows_with_the_text(family: str) -> None:
    size, make = SCHEMAS[family]
    assert_growth(size, make, parse)


def counted(action: Callable[[Any], object], given: object) -> int:
    """Return the number of lines that run in an action."""
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action(given)
    finally:
        sys.settrace(before)
    return lines


def assert_growth(size: int, make: Callable[[int], Any], action: Callable[[Any], object]) -> None:
    """Compare the work for three sizes, each twice the one before."""
    action(make(size + 1))  # imports and caches
    work = [counted(action, make(size)), counted(action, make(2 * size))]
    work.append(counted(action, make(4 * size)))
    assert work[0] > 200, f"{work}: too little to say anything"
    for smaller, larger in pairwise(work):
        assert larger <= MOST_PER_DOUBLING * smaller, work


TEXTS: dict[str, Callable[[int], str]] = {
    "an unclosed string behind many brackets": lambda n: "[" + "[]," * 251 + '"' + '\\"' * n,
    "an unclosed string beside a comment": lambda n: '/**/ "' + '\\"' * n,
    "unclosed comments": lambda n: "[1, " + "/*" * n,
    "stars in an unclosed comment": lambda n: "[1, /" + "* " * n,
    "backslashes": lambda n: "[" + "[]," * 251 + '"' + "\\" * (2 * n + 1),
    "quotes": lambda n: "[" + "[]," * 251 + '"' * n,
    "a long name": lambda n: json.dumps(record("R", field("f", "x" * n))),
    "long names": lambda n: json.dumps(
        [record("a" * n), record("R", *(field(f"f{k}", "b" * n) for k in range(5)))]
    ),
}


@pytest.mark.parametrize("family", TEXTS)
def test_reading_text_takes_time_that_grows_with_it(family: str) -> None:
    """Eight times the text in a square would take 64 times as long."""
    make = TEXTS[family]
    smaller, larger = (best_time(make(size)) for size in (25_000, 200_000))
    assert larger <= max(MOST_PER_DOUBLING**3 * smaller, 0.1), (smaller, larger)


def best_time(text: str) -> float:
    """Return the time of the fastest of some runs, as other programs share the processor."""
    times: list[float] = []
    for _ in range(5):
        start = time.process_time()
        parse(text)
        times.append(time.process_time() - start)
    return min(times)


def pair(size: int) -> tuple[Schema, Schema]:
    """A chain, and another that differs in the last type only."""
    reader, writer = (json.dumps(chain(size, last)) for last in ("int", "string"))
    return Schema.parse(reader), Schema.parse(writer)


def test_comparing_chains_whose_ends_differ_grows_with_them() -> None:
    assert_growth(100, pair, lambda both: both[0].can_read(both[1]))


def test_planning_to_read_chains_whose_ends_differ_grows_with_them() -> None:
    def read(both: tuple[Schema, Schema]) -> None:
        with suppress(AvrogenError):
            both[0].from_avro(b"", writer=both[1])

    assert_growth(100, pair, read)


def test_writing_a_chain_grows_with_it() -> None:
    assert_growth(100, lambda size: Schema.parse(json.dumps(chain(size, "int"))), str)


def deep_namespaces(parts: int) -> Source:
    """Two types in namespaces of many parts, which differ in the last one."""
    namespaces = [".".join(["a"] * parts + [last]) for last in "bc"]
    text = json.dumps([record("R", namespace=namespace) for namespace in namespaces])
    return Source("s.avsc", text, "s.avsc")


def source_of(make: Callable[[int], Any]) -> Callable[[int], Source]:
    return lambda size: Source("s.avsc", json.dumps(make(size)), "s.avsc")


def unions_of_later_records(size: int) -> list[Any]:
    """Records that are finite by the last branch of a union alone, which is known last."""
    names = [f"R{n}" for n in range(size)]
    return [
        record(name, field("u", [name, names[n + 1]] if n + 1 < size else "int"))
        for n, name in enumerate(names)
    ]


PACKAGES: dict[str, Callable[[int], Source]] = {
    "namespaces of many parts": deep_namespaces,
    "a chain": source_of(lambda size: chain(size, "int", "a")),
    "a chain without an end": source_of(lambda size: chain(size, "R0", "a")),
    "a chain of unions": source_of(unions_of_later_records),
    "records that differ in case": source_of(
        lambda size: [
            record("".join(c.upper() if n >> k & 1 else c for k, c in enumerate("abcdefghij")))
            for n in range(size)
        ]
    ),
    "attributes of one Python name": source_of(
        lambda size: record("R", *(field("a" + "_" * n, "int") for n in range(size)))
    ),
    "types of one module": source_of(
        lambda size: [
            record(f"R{n}", field("next", ["null", f"R{(n + 1) % size}"])) for n in range(size)
        ]
    ),
    "fixed types": source_of(
        lambda size: [{"type": "fixed", "name": f"F{n}", "size": 1} for n in range(size)]
    ),
}


@pytest.mark.parametrize("family", PACKAGES)
def test_planning_a_package_grows_with_the_text(family: str) -> None:
    def lay_out(source: Source) -> None:
        analyse([source], Config(), Diagnostics())

    assert_growth(100, PACKAGES[family], lay_out)


def compiled(source: Source) -> dict[str, str]:
    files = compile_package(
        [source],
        Config(),
        Diagnostics(),
        cache=FormatCache(None),
        progress=lambda done, total: None,
    )
    assert files is not None
    return files


def one_name_in_many_namespaces(size: int) -> Source:
    types = [record("R", namespace=f"n{n}") for n in range(size)]
    return Source("s.avsc", json.dumps(types), "s.avsc")


def test_rendering_many_types_of_one_short_name_grows_with_them() -> None:
    def render(source: Source) -> None:
        compiled(source)

    assert_growth(60, one_name_in_many_namespaces, render)


def test_names_that_many_types_want_stay_short() -> None:
    """Underscores alone would make names of files that are longer than file systems allow."""
    letters = "abcdefghi"
    types = [
        record("_".join(c.upper() if n >> k & 1 else c for k, c in enumerate(letters)))
        for n in range(300)
    ]
    source = Source("s.avsc", json.dumps(types), "s.avsc")
    paths = compiled(source)
    assert len(paths) > 300
    assert max(len(path.rpartition("/")[2]) for path in paths) < 60


def chains_in_common(size: int) -> tuple[Schema, Schema]:
    """Records in unions, in which the innermost pair is the only one that differs."""
    return tuple(  # type: ignore[return-value]
        Schema.parse(json.dumps(unions_of_records(size, last))) for last in ("int", "string")
    )


def unions_of_records(size: int, last: str) -> list[Any]:
    return [
        record(f"R{n}", field("u", [f"R{n}", f"R{n + 1}"] if n + 1 < size else last))
        for n in range(size)
    ]


def test_incompatibilities_deep_inside_take_time_that_grows_with_the_text() -> None:
    """Each pair on the way has one, with a path from the top."""
    pairs = [chains_in_common(size) for size in (200, 400, 800)]
    assert pairs[0][0].can_read(pairs[0][1])
    work = [counted(lambda both: both[0].can_read(both[1]), pair) for pair in pairs]
    for smaller, larger in pairwise(work):
        assert larger <= MOST_PER_DOUBLING * smaller, work


def aliases_in_common(size: int, last: str) -> Source:
    types = [record(f"R{n}", aliases=["old"]) for n in range(size)]
    types.append(record("Z", field("x", last)))
    return Source("s.avsc", json.dumps(types), "s.avsc")


def test_comparing_snapshots_grows_with_them() -> None:
    def snapshots(size: int) -> tuple[Snapshot, Snapshot]:
        return tuple(  # type: ignore[return-value]
            snapshot(last, [aliases_in_common(size, last)], Config()) for last in ("int", "string")
        )

    def compare(both: tuple[Snapshot, Snapshot]) -> None:
        new, old = both
        assert list(units(old, new, match(old.parsed, new.parsed), Level.BACKWARD))

    assert_growth(60, snapshots, compare)


def chains_of_choices(size: int) -> tuple[Schema, Any]:
    """Records in unions of records that differ in the last type only, and a value of the others."""
    one: Any = "int"
    other: Any = "string"
    types: list[Any] = []
    for level in range(size):
        types += [record(f"A{level}", field("x", one)), record(f"B{level}", field("x", other))]
        one = other = [f"A{level}", f"B{level}"]
    schema = Schema.parse(json.dumps([*types, record("Z", field("u", one))]))
    return schema, ("Z", {"u": nested(size, "text")})


def many_choices(size: int) -> tuple[Schema, Any]:
    """A union of many records, and as many values of the last one."""
    records = [record(f"R{n}", field(f"y{n}", ["null", "int"])) for n in range(size)]
    items = {"type": "array", "items": ["int", *(r["name"] for r in records)]}
    schema = Schema.parse(json.dumps([*records, record("Z", field("u", items))]))
    return schema, ("Z", {"u": [{f"y{size - 1}": 1}, 1] * size})


@pytest.mark.parametrize(("size", "make"), [(60, chains_of_choices), (100, many_choices)])
def test_choosing_branches_grows_with_schema_and_value(
    size: int, make: Callable[[int], tuple[Schema, Any]]
) -> None:
    def write(both: tuple[Schema, Any]) -> None:
        with suppress(AvrogenError):
            both[0].to_avro(both[1])

    def made(size: int) -> tuple[Schema, Any]:
        schema, value = make(size)
        write((schema, value))  # compiles
        return schema, value

    assert_growth(size, made, write)


def alike(size: int, prefix: str) -> Schema:
    """A union of records that contain the next one, all of one short name."""
    records = [
        record(
            f"{prefix}{n}.R", field("x", "int"), field("n", ["null", f"{prefix}{(n + 1) % size}.R"])
        )
        for n in range(size)
    ]
    return Schema.parse(json.dumps(records))


ACTIONS: dict[str, Callable[[tuple[Schema, Schema]], object]] = {
    "can_read": lambda both: both[0].can_read(both[1]),
    "plan": lambda both: both[0].from_avro(b"", writer=both[1]),
    "root causes": lambda both: [
        *RootCauses(both[0].types, both[1].types).between(both[0].type, both[1].type)
    ],
}


@pytest.mark.parametrize("action", ACTIONS)
def test_types_that_all_match_each_other_are_not_all_compared(action: str) -> None:
    """The pairs of 960 types would be 921,600."""

    def compare(both: tuple[Schema, Schema]) -> object:
        with suppress(AvrogenError):
            return ACTIONS[action](both)
        return None

    assert_growth(240, lambda size: (alike(size, "a"), alike(size, "b")), compare)


@pytest.mark.parametrize("action", ["can_read", "plan", "root causes"])
def test_too_many_pairs_are_an_incompatibility(action: str) -> None:
    both = alike(50, "a"), alike(50, "b")
    try:
        assert "too many pairs" in str(ACTIONS[action](both))
    except ResolutionError as error:
        assert "too many pairs" in str(error)


@pytest.mark.parametrize("action", ["can_read", "plan", "root causes"])
def test_comparing_unions_in_many_places_grows_with_the_text(action: str) -> None:
    """Each use of a union of n types has n names: n uses have the square of it."""

    def compare(both: tuple[Schema, Schema]) -> None:
        with suppress(AvrogenError):
            ACTIONS[action](both)

    def pair_of(types: int) -> tuple[Schema, Schema]:
        return uses_of_a_union(types, types), uses_of_a_union(types, types)

    sizes = (50, 70, 100)
    compare(pair_of(sizes[0] + 1))
    work = [counted(compare, pair_of(size)) for size in sizes]
    for smaller, larger in pairwise(work):
        assert larger <= MOST_PER_DOUBLING * smaller, work


def uses_of_a_union(types: int, places: int) -> Schema:
    records = [record(f"R{n}", field("x", "int")) for n in range(types)]
    names = [each["name"] for each in records]
    return Schema.parse(
        json.dumps([*records, record("Z", *(field(f"u{n}", names) for n in range(places)))])
    )


def test_plans_of_thousands_of_records_are_interpreted() -> None:
    """Compiling 10,000 records took 20 seconds and a gigabyte."""
    size = 3_100
    schema = Schema.parse(
        json.dumps([record(f"R{n}", field("x", "int"), field("y", "string")) for n in range(size)])
    )
    value = (f"R{size - 1}", {"x": 7, "y": "text"})
    small = Schema.parse(json.dumps(record(f"R{size - 1}", field("y", "string"))))

    data = schema.to_avro(value)
    assert schema.from_avro(data) == value[1]
    assert small.from_avro(data, writer=schema) == {"y": "text"}
    with pytest.raises(AvrogenError):
        schema.to_avro({"x": "seven", "y": "text"})
    made = plan_for(schema.type, schema.types, None)
    sources = [
        encoder_source(made),
        block_encoder_source(made),
        decoder_source(made),
        block_decoder_source(made),
    ]
    assert all(len(source.text) < 2_000 for source in sources)


def test_hints_for_unknown_types_of_topics_compare_some_thousand_usual_names() -> None:
    usual = [f"shop.OrderPlaced{n}" for n in range(100)]
    assert near_type("shop.OrderPlacde7", usual) is not None
    assert near_type("x" * 100_000 + "1", ["x" * 100_000 + str(n) for n in range(2, 50)]) is None
    many = [f"a.T{n}" for n in range(20_000)]
    assert near_type("z.OrderPlacde7", [*many, "z.OrderPlaced7"]) is None

"""Values deep within each other: up to the limit, on small stacks, and near the end of Python's."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any

import pytest

from avrogen import DecodeError, EncodeError, Limits, set_limits
from avrogen.codec.limits import current_limits
from avrogen.codec.varints import encode_long
from tests.codec.backends import readers
from tests.support.dynamic import Package
from tests.support.schemas import items, parsed, record_of, values

NODE = record_of("N", v="int", next=["null", "N"])
TREE = record_of("T", children=items("T"))
BRANCHES = [record_of(f"R{n}", a="int") for n in range(100)]

KINDS: dict[str, Any] = {
    "union": NODE,
    "array": TREE,
    "map": record_of("M", inner=values("M")),
    "union of many": record_of("U", next=["null", *BRANCHES, "U"]),
}


def nested(kind: str, levels: int) -> bytes:
    """So many records inside each other."""
    match kind:
        case "union":
            return b"\x00\x02" * (levels - 1) + b"\x00\x00"
        case "array":
            return b"\x02" * (levels - 1) + b"\x00" * levels
        case "map":
            return b"\x02\x00" * (levels - 1) + b"\x00" * levels
        case _:
            return encode_long(101) * (levels - 1) + b"\x00"


@pytest.mark.parametrize("kind", KINDS)
def test_depth_up_to_the_limit(kind: str) -> None:
    for read in readers(KINDS[kind]):
        read(nested(kind, 200))
        with pytest.raises(DecodeError, match=r"Limits\.max_depth"):
            read(nested(kind, 201))
        with pytest.raises(DecodeError):
            read(nested(kind, 200) + b"\x00")  # now step by step


@pytest.mark.parametrize("kind", KINDS)
def test_writing_ends_at_the_same_depth(kind: str) -> None:
    schema = parsed(KINDS[kind])
    value = schema.from_avro(nested(kind, 200))
    assert schema.from_avro(schema.to_avro(value)) == value
    package = Package(schema)
    instance = package.codec.from_avro(nested(kind, 200))
    assert package.codec.to_avro(instance) == schema.to_avro(value)
    with pytest.raises(EncodeError, match=r"Limits\.max_depth"):
        schema.to_avro(wrapped(kind, value))
    with pytest.raises(EncodeError, match=r"Limits\.max_depth"):
        package.codec.to_avro(instance, limits=Limits(max_depth=199))


def wrapped(kind: str, value: Any) -> Any:
    """One record more around it."""
    return {
        "union": {"v": 0, "next": value},
        "array": {"children": [value]},
        "map": {"inner": {"": value}},
        "union of many": {"next": value},
    }[kind]


def test_values_that_contain_themselves_are_refused() -> None:
    node: dict[str, Any] = {"v": 1}
    node["next"] = node
    tree: dict[str, Any] = {}
    tree["children"] = [tree, tree]
    for schema, value in ((NODE, node), (TREE, tree)):
        with pytest.raises(EncodeError, match=r"Limits\.max_depth") as caught:
            parsed(schema).to_avro(value)
        assert len(str(caught.value)) < 1000


def test_a_small_stack_is_enough() -> None:
    """256 KB, as some servers give their threads."""
    outcomes: list[str] = []

    def run() -> None:
        for kind, schema in KINDS.items():
            for read in readers(schema):
                read(nested(kind, 200))
                for data in (nested(kind, 201), nested(kind, 50_000), nested(kind, 200) + b"\x01"):
                    try:
                        read(data)
                    except DecodeError:
                        outcomes.append("refused")
            own = parsed(schema)
            value = own.from_avro(nested(kind, 200))
            own.to_avro(value)
            try:
                own.to_avro(wrapped(kind, value))
            except EncodeError:
                outcomes.append("refused")

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert outcomes == ["refused"] * len(KINDS) * 7


@pytest.mark.parametrize("left", [15, 20, 25, 30, 50, 100, 200])
def test_near_the_end_of_pythons_own_stack(left: int) -> None:
    """What does not fit any more is refused, as long as there are calls left to say so."""
    schema = parsed(NODE)
    value = schema.from_avro(nested("union", 150))
    schema.to_avro(value)
    deep, bad = nested("union", 150), nested("union", 150) + b"\x00"

    def at_depth(frames: int) -> None:
        if frames:
            at_depth(frames - 1)
            return
        for call in (
            lambda: schema.from_avro(deep),
            lambda: schema.from_avro(bad),
            lambda: schema.to_avro(value),
            lambda: schema.to_avro({"v": 1, "next": {"v": ""}}),
        ):
            with contextlib.suppress(DecodeError, EncodeError):
                call()

    frame, used = sys._getframe(), 0  # pyright: ignore[reportPrivateUsage] -- for its depth
    while frame.f_back is not None:
        frame, used = frame.f_back, used + 1
    at_depth(sys.getrecursionlimit() - used - left - 5)
    assert schema.from_avro(deep) == value


def test_limits_of_the_process_and_of_a_call() -> None:
    schema, before = parsed(NODE), current_limits()
    deep = nested("union", 50)
    value = schema.from_avro(deep)
    set_limits(Limits(max_depth=49))
    try:
        with pytest.raises(DecodeError, match="max_depth"):
            schema.from_avro(deep)
        with pytest.raises(EncodeError, match="max_depth"):
            schema.to_avro(value)
        assert schema.from_avro(deep, limits=Limits(max_depth=50)) == value
        assert schema.to_avro(value, limits=Limits(max_depth=50)) == deep
    finally:
        set_limits(before)
    with pytest.raises(DecodeError, match="max_empty_items"):
        parsed(items("null")).from_avro(b"\x04\x00", limits=Limits(max_empty_items=1))

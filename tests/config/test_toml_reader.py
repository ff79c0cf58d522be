"""Positions in TOML are those of the keys and values that tomllib reads."""

import tomllib

import pytest

from avrogen.avro.source import Pointer
from avrogen.config.toml_reader import TomlPositions

DOCUMENT = '''\
# a comment with [brackets] and "quotes"
strict = true
when = 1979-05-27 07:32:00
pi = 3.14

[topics."shop.orders.v1"]  # the orders
name = "Orders"
value = [
    "com.acme.A",  # ] not yet
    'com.acme.B',
]
limits = { low = 1, "high.er" = [1, 2] }
dotted.key = """
many
lines"""
after = 1

[[tables]]
x = 1
[[tables]]
x = 2
'''


@pytest.mark.parametrize(
    ("pointer", "key", "value"),
    [
        (("strict",), (2, 1), (2, 10)),
        (("pi",), (4, 1), (4, 6)),
        (("topics", "shop.orders.v1"), (6, 9), (6, 9)),
        (("topics", "shop.orders.v1", "name"), (7, 1), (7, 8)),
        (("topics", "shop.orders.v1", "value", 1), (8, 1), (10, 5)),
        (("topics", "shop.orders.v1", "limits", "high.er"), (12, 21), (12, 33)),
        (("topics", "shop.orders.v1", "limits", "high.er", 1), (12, 21), (12, 37)),
        (("topics", "shop.orders.v1", "dotted", "key"), (13, 8), (13, 14)),
        (("topics", "shop.orders.v1", "after"), (16, 1), (16, 9)),
        (("tables", 1, "x"), (21, 1), (21, 5)),
        (("topics", "absent"), (6, 2), (6, 2)),
        (("nowhere",), (1, 1), (1, 1)),
    ],
)
def test_positions(pointer: Pointer, key: tuple[int, int], value: tuple[int, int]) -> None:
    tomllib.loads(DOCUMENT)
    positions = TomlPositions("avrogen.toml", DOCUMENT)
    at_key, at_value = positions.key(pointer), positions.value(pointer)
    assert (at_key.line, at_key.column) == key
    assert (at_value.line, at_value.column) == value

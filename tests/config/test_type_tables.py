"""The tables of types in ``avrogen.toml``."""

from __future__ import annotations

import pytest

from avrogen.avro.diagnostics import Diagnostics
from avrogen.config.config import Config, parse_config

NAME = "io.confluent.connect.avro.ConnectDefault"


def read(text: str) -> tuple[Config, list[str]]:
    diagnostics = Diagnostics()
    config = parse_config("avrogen.toml", text.encode(), diagnostics)
    return config, [str(each).replace("avrogen.toml:", "") for each in diagnostics]


@pytest.mark.parametrize(
    ("template", "file", "own"),
    [
        ("connect.{file}", "topic_a.avsc", "connect.TopicA"),
        ("connect.{file}", "mysql/shop-orders-value.avsc", "connect.ShopOrdersValue"),
        ("connect.{path}", "mysql/orders.avsc", "connect.MysqlOrders"),
        ("connect.{path}.Row", "mysql/orders.avsc", "connect.MysqlOrders.Row"),
        ("{file}Source", "2024.avsc", "Schema2024Source"),
    ],
)
def test_own_names_by_template(template: str, file: str, own: str) -> None:
    config, problems = read(f'[definitions]\n"{NAME}" = "{template}"')
    assert not problems
    assert config.definitions(file, NAME) == own
    assert config.definitions(file, "another.Name") is None


def test_own_names_by_file() -> None:
    config, problems = read(f'[definitions."{NAME}"]\n"sub/a.avsc" = "a.Row"\n"b.avsc" = "b.Row"')
    assert not problems
    names = [config.definitions(file, NAME) for file in ("sub/a.avsc", "b.avsc", "a.avsc")]
    assert names == ["a.Row", "b.Row", None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("definitions = 3", '1:15: error[AVR603] "definitions" must be a table, not a number'),
        (
            f'[definitions]\n"{NAME}" = 3',
            f'2:46: error[AVR603] "{NAME}" must be a name with {{file}}, or a table of names by '
            "file, not a number",
        ),
        (
            f'[definitions]\n"{NAME}" = "connect.Row"',
            f'2:46: error[AVR616] "connect.Row" would be the name of every definition of {NAME}',
        ),
        (
            f'[definitions]\n"{NAME}" = "connect-{{file}}"',
            '2:46: error[AVR616] "connect-{file}" is not a full name',
        ),
        (
            f'[definitions."{NAME}"]\n"a.avsc" = "class A"',
            '2:12: error[AVR616] "class A" is not a full name',
        ),
        (
            f'[definitions."{NAME}"]\n"a.avsc" = 3',
            '2:12: error[AVR603] "a.avsc" must be a name such as shop.OrderKey, not a number',
        ),
    ],
)
def test_mistakes_in_own_names(text: str, problem: str) -> None:
    _, (found,) = read(text)
    assert found.partition("\n")[0] == problem

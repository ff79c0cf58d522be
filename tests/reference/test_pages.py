"""The reference is what the code says, and what the code says of keys is so."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from avrogen.avro.diagnostics import Diagnostic, Diagnostics
from avrogen.config.catalogue_section import CatalogueSection
from avrogen.config.config import NamesSection, RegistrySection, TopicConfig, parse_config
from avrogen.config.keys import (
    CATALOGUE_KEYS,
    DEFAULTS_KEYS,
    NAMES_KEYS,
    REGISTRY_KEYS,
    TIMES_KEYS,
    TOP_KEYS,
    TOPIC_KEYS,
    TYPE_KEYS,
    TYPES_KEYS,
    ConfigKey,
)
from tests.reference.pages import PAGES, current

TABLES: Mapping[str, Mapping[str, ConfigKey]] = {
    "": TOP_KEYS,
    "[topics.orders]": TOPIC_KEYS,
    "[registry]": REGISTRY_KEYS,
    "[times]": TIMES_KEYS,
    "[names]": NAMES_KEYS,
    "[defaults]": DEFAULTS_KEYS,
    "[types]": TYPES_KEYS,
    "[types.logical.money]": TYPE_KEYS,
    "[catalogue]": CATALOGUE_KEYS,
}
KEYS = [(table, key) for table, keys in TABLES.items() for key in keys.values()]


def problems(table: str, *lines: str) -> list[Diagnostic]:
    diagnostics = Diagnostics()
    parse_config("avrogen.toml", "\n".join((table, *lines)).encode(), diagnostics)
    return list(diagnostics)


def values_beside(table: str, key: ConfigKey) -> list[str]:
    """What a table must have, if the key is another one of its."""
    required = [each for each in TABLES[table].values() if each.default is None]
    if key.name == "from-base":
        required.append(TYPE_KEYS["to-base"])
    return [each.example for each in required if each is not key]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_are_current(page: Path) -> None:
    assert page.read_text("utf-8") == current(page), "make reference"


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_examples_of_keys_are_taken(table: str, key: ConfigKey) -> None:
    assert key.name in tomllib.loads(key.example)
    assert problems(table, key.example, *values_beside(table, key)) == []


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_other_values_are_refused_with_the_kind_and_the_example(table: str, key: ConfigKey) -> None:
    (problem,) = problems(table, f"{key.name} = 2026-11-25", *values_beside(table, key))
    assert problem.message == f'"{key.name}" must be {key.kind}, not a date or time'
    assert problem.hint == f"for example: {key.example}"


def test_the_key_without_a_default_must_be_there() -> None:
    assert [key.name for _, key in KEYS if key.default is None] == ["value", "type"]
    (problem,) = problems("[topics.orders]", TOPIC_KEYS["name"].example)
    assert problem.code.id == "AVR604"
    assert problem.hint == f"add the full names of its types: {TOPIC_KEYS['value'].example}"


def test_there_is_a_key_for_everything_that_is_read() -> None:
    registry = {field.name.replace("_", "-") for field in dataclasses.fields(RegistrySection)}
    assert set(REGISTRY_KEYS) == registry
    topic = {field.name.replace("_", "-") for field in dataclasses.fields(TopicConfig)}
    assert set(TOPIC_KEYS) == topic - {"topic", "locations"}
    names = {field.name.replace("_", "-") for field in dataclasses.fields(NamesSection)}
    assert set(NAMES_KEYS) == names - {"locations"}
    assert set(CATALOGUE_KEYS) == {field.name for field in dataclasses.fields(CatalogueSection)}


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_near_words_of_keys(table: str, key: ConfigKey) -> None:
    required = [each.example for each in TABLES[table].values() if each.default is None]
    (problem,) = problems(table, f'{key.name}x = ""', *required)
    assert problem.message == f'unknown key "{key.name}x"'
    assert problem.hint == f'did you mean "{key.name}"?'

"""A key of a topic is a row: one test lists everything that is missing for a key."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.source import Source
from avrogen.compiler.build import compile_package
from avrogen.compiler.formatting import FormatCache
from avrogen.config.config import Config, TopicConfig, class_prefix, field_name, parse_config
from avrogen.config.keys import TOPIC_ARGUMENTS, TOPIC_KEYS, ConfigKey
from avrogen.kafka.topic import Topic
from tests.conftest import ROOT

SCHEMAS = """[
  {"type": "record", "name": "com.acme.shop.OrderPlaced",
   "fields": [{"name": "order_id", "type": "string"}]},
  {"type": "record", "name": "com.acme.shop.OrderCancelled",
   "fields": [{"name": "order_id", "type": "string"}]}
]"""
"""The types that the examples of keys name."""

RECIPE = "Adding a key of a topic"
FILES = [
    "avrogen/config/keys.py",
    "avrogen/config/config.py",
    "avrogen/compiler/checks.py",
    "avrogen/kafka/topic.py",
    "avrogen/kafka/",
    "avrogen/catalogue/asyncapi.py",
]
"""The product files of the recipe; the fifth is the module of Kafka that uses the key."""


def config_of(*keys: ConfigKey) -> Config:
    """The configuration of a topic of one type, with the examples of some keys."""
    examples = {"value": 'value = "com.acme.shop.OrderPlaced"'}
    examples |= {key.name: key.example for key in keys}
    text = "\n".join(['[topics."shop.orders.v1"]', *examples.values()])
    diagnostics = Diagnostics()
    config = parse_config("avrogen.toml", text.encode(), diagnostics)
    assert not list(diagnostics)
    return config


def declaration(config: Config, folder: Path) -> str:
    """The generated module of the only topic of a configuration."""
    diagnostics = Diagnostics()
    files = compile_package(
        [Source("shop.avsc", SCHEMAS, "shop.avsc")],
        config,
        diagnostics,
        cache=FormatCache(folder),
        progress=lambda done, total: None,
    )
    assert files is not None, list(diagnostics)
    (module,) = (path for path in files if re.fullmatch(r"topics/_(?!_)\w+\.py", path))
    return files[module]


def missing(key: ConfigKey, folder: Path) -> Iterator[str]:
    """Everything that a key lacks, by the file where it belongs."""
    name, field = key.name, field_name(key.name)
    if name not in TOPIC_ARGUMENTS:
        yield f"avrogen/config/keys.py: TOPIC_ARGUMENTS has no row {name}"
    config_fields = {each.name for each in dataclasses.fields(TopicConfig)}
    if field not in config_fields:
        yield f"avrogen/config/config.py: TopicConfig has no field {field}"
    else:
        others = [TOPIC_KEYS["key"]] if key is not TOPIC_KEYS["key"] else []
        (without,) = config_of(*others).topics
        (read,) = config_of(*others, key).topics
        if getattr(read, field) == getattr(without, field):
            yield f"avrogen/config/config.py: _topic does not read {name}"
        if f"\n    {field}: " not in (inspect.getdoc(TopicConfig) or ""):
            yield f"avrogen/config/config.py: the docstring of TopicConfig lacks {field}"
    argument = TOPIC_ARGUMENTS.get(name)
    if argument is not None:
        if argument not in {each.name for each in dataclasses.fields(Topic)}:
            yield f"avrogen/kafka/topic.py: Topic has no field {argument}"
        elif f"\n    {argument}: " not in (inspect.getdoc(Topic) or ""):
            yield f"avrogen/kafka/topic.py: the docstring of Topic lacks {argument}"
        if field in config_fields and not re.search(
            rf"\b{argument}=", declaration(config_of(TOPIC_KEYS["key"], key), folder)
        ):
            yield f"avrogen/compiler/rendering.py: the declaration lacks {argument}="
        if not any(re.search(rf"\.{argument}\b", text) for text in kafka_sources()):
            yield f"avrogen/kafka/: nothing uses {argument}"
    if f"\n### {name}\n" not in (ROOT / "docs/configuration.md").read_text("utf-8"):
        yield f"docs/configuration.md: no section {name} (make reference)"


def kafka_sources() -> Iterator[str]:
    """Texts of the modules that may use a key: all of Kafka but the declaration."""
    for path in sorted((ROOT / "avrogen/kafka").rglob("*.py")):
        if path.name != "topic.py":
            yield path.read_text("utf-8")


def test_keys_of_topics_lack_nothing(tmp_path: Path) -> None:
    lacking = [line for key in TOPIC_KEYS.values() for line in missing(key, tmp_path)]
    assert lacking == [], "\n".join(["", *lacking, f"see CONTRIBUTING.md, {RECIPE}"])


def test_arguments_have_keys() -> None:
    assert set(TOPIC_ARGUMENTS) == set(TOPIC_KEYS)
    declared = {each.name for each in dataclasses.fields(Topic)} - {"name"}
    assert declared == set(filter(None, TOPIC_ARGUMENTS.values()))


def test_the_recipe_names_the_files() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    _, _, recipe = text.partition(f"\n## {RECIPE}\n")
    steps = re.findall(r"^\d\. .*?`(avrogen/[\w/.]+)`", recipe.partition("\n## ")[0], re.MULTILINE)
    assert steps == FILES
    assert all((ROOT / path).exists() for path in steps)


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("shop.orders.v1", "ShopOrdersV1"),
        ("shop_event", "ShopEvent"),
        ("orders-v1.value", "OrdersV1Value"),
        ("007", "Schema007"),
        ("ÄÖ", "Schema"),
    ],
)
def test_class_prefixes(text: str, prefix: str) -> None:
    assert class_prefix(text) == prefix

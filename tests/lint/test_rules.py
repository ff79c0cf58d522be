"""Each rule finds its bad example and not its good one, and tables name all rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Source
from avrogen.config.config import Config
from avrogen.config.lint_section import CATEGORIES
from avrogen.lint.linter import lint_sources
from avrogen.lint.rules import RULES, LintRule
from tests.avro.test_diagnostics import Entry, entries
from tests.conftest import ROOT

ENTRIES = {entry.code: entry for entry in entries()}
FILE = re.compile(r"// (\S+\.avsc)\n")


def found(text: str, *categories: str) -> list[str]:
    """Codes that are found in a schema, whose first line may name its file."""
    match = FILE.match(text)
    name = match[1] if match else "a.avsc"
    source = Source(f"schemas/{name}", text, name)
    lint = lint_sources([source], Config(), Diagnostics(), categories)
    assert not lint.has_errors, lint.diagnostics
    assert all(d.location.path == source.path and d.hint for d in lint.diagnostics)
    return [d.code.id for d in lint.diagnostics]


def entry_of(rule: LintRule) -> Entry:
    return ENTRIES[rule.code.id]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code.id)
def test_bad_examples_are_found_and_good_ones_are_not(rule: LintRule) -> None:
    entry = entry_of(rule)
    assert entry.bad and entry.good
    assert set(found(entry.bad, rule.category)) == {rule.code.id}
    assert found(entry.good, rule.category, "standard") == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code.id)
def test_examples_have_errors_for_nobody(rule: LintRule, tmp_path: Path) -> None:
    """Lint has opinions on schemas that build accepts."""
    source = Source("a.avsc", entry_of(rule).bad, "a.avsc")
    assert not lint_sources([source], Config(), Diagnostics()).has_errors


def test_every_code_of_lint_has_one_rule() -> None:
    codes = [code for code in Code if code.is_lint_rule]
    assert [rule.code for rule in RULES] == codes == sorted(codes, key=lambda code: code.id)
    assert {rule.category for rule in RULES} == {*CATEGORIES}
    assert len(RULES) >= 30


def test_the_page_has_the_table() -> None:
    page = (ROOT / "docs" / "lint.md").read_text("utf-8")
    rows = re.findall(r"^\| (AVR\d{3}) \| (.*?) \| (\w+) \| (yes)? ?\|$", page, re.MULTILINE)
    assert rows == [
        (rule.code.id, rule.code.title, rule.category, "yes" if rule.is_fixable else "")
        for rule in RULES
    ]


NEVER_STANDARD = """{"type": "record", "name": "shop.R", "fields": [
  {"name": "a", "type": ["string", "null"], "default": ""},
  {"name": "processing_time", "type": "long"},
  {"name": "elapsedTime", "type": "long"},
  {"name": "response_time_ms", "type": "long"},
  {"name": "created_at", "type": {"type": "long", "connect.name": "io.debezium.time.Timestamp"}},
  {"name": "amount_cents", "type": "long"},
  {"name": "cost_type", "type": "string"},
  {"name": "rainfall_amount", "type": "double"},
  {"name": "prices", "type": {"type": "array", "items": "double"}},
  {"name": "local_time", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
  {"name": "valid", "type": "double"},
  {"name": "status", "type": "string", "default": "none of these"},
  {"name": "x", "type": "string", "description": "y", "owner": "z", "docUrl": "u", "length": 3},
  {"name": "_id", "type": "string"},
  {"name": "id", "type": "string"},
  {"name": "u", "type": ["null", "string", "int"], "default": null}
]}"""


def test_what_is_meant_is_not_found() -> None:
    assert found(NEVER_STANDARD) == []


@pytest.mark.parametrize(
    ("key", "keyword"),
    [
        ("alias", "aliases"),
        ("alaises", "aliases"),
        ("Aliases", "aliases"),
        ("defualt", "default"),
        ("deafult", "default"),
        ("defalt", "default"),
        ("Default", "default"),
        ("default_value", "default"),
        ("docs", "doc"),
        ("Doc", "doc"),
    ],
)
def test_misspelled_keywords_of_fields(key: str, keyword: str) -> None:
    field = f'{{"name": "a", "type": "int", "{key}": 1}}'
    text = f'{{"type": "record", "name": "shop.R", "fields": [{field}]}}'
    source = Source("a.avsc", text, "a.avsc")
    (diagnostic,) = lint_sources([source], Config(), Diagnostics()).diagnostics
    assert diagnostic.code is Code.MISSPELT_KEYWORD
    assert f'"{keyword}"' in diagnostic.message
    assert text[diagnostic.location.column - 1 :].startswith(f'"{key}"')


@pytest.mark.parametrize("key", ["logicaltype", "logical_type", "LogicalType", "logicalTyp"])
def test_misspelled_logical_types(key: str) -> None:
    type_ = f'{{"type": "long", "{key}": "timestamp-millis"}}'
    text = f'{{"type": "record", "name": "shop.R", "fields": [{{"name": "a", "type": {type_}}}]}}'
    assert found(text) == ["AVR004"]


def test_reserved_names_are_found_everywhere() -> None:
    text = """{"type": "record", "name": "com.package.R", "fields": [
      {"name": "lambda", "type": "string"}, {"name": "event", "type": "string"},
      {"name": "func", "type": "string"}, {"name": "type", "type": "string"},
      {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["None", "OK"]}}]}"""
    lint = lint_sources([Source("a.avsc", text, "a.avsc")], Config(), Diagnostics(), ["style"])
    messages = [d.message for d in lint.diagnostics if d.code is Code.RESERVED_NAME]
    assert [re.search(r"in ([\w#, ]+):", message)[1] for message in messages] == [  # type: ignore[index]
        "Java, Go",
        "Python",
        "C#",
        "Go",
        "Python",
    ]

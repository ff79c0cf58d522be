"""Fixes keep layout and comments, and are made only if they are proved."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.source import Source
from avrogen.cli import main
from avrogen.config.config import Config
from avrogen.config.lint_section import CATEGORIES
from avrogen.lint.fixes import fix, is_proved
from avrogen.lint.linter import lint_sources
from tests.support.corpora import valid_schemas

BEFORE = """\
// Orders of the shop.
{
  "type": "record", "name": "Order", "namespace": "shop",
  "alias": "OldOrder",
  "fields": [
    {"name": "id", "type": "string", "aliases": ["id"]},
    {"name": "ids", "type": "string", "aliases": ["ids", "old"]},
    { "name": "note", "type": [ "string" , "null" ] }, // a note
    {
      "name": "at",
      "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}] // UTC
    },
    {
      "name": "by",
      "type": [/* a user */ "int", "string", "null"]   },
    {"name":"one","type":["string"],"defualt":""},
    {"name": "city", "type": ["null", "string"], "default": null},
    {"name": "plain", "type": {"type": "double"}}
  ]
}
"""
AFTER = """\
// Orders of the shop.
{
  "type": "record", "name": "Order", "namespace": "shop",
  "aliases": ["OldOrder"],
  "fields": [
    {"name": "id", "type": "string"},
    {"name": "ids", "type": "string", "aliases": ["old"]},
    { "name": "note", "type": [ "null" , "string" ], "default": null }, // a note
    {
      "name": "at",
      "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], // UTC
      "default": null
    },
    {
      "name": "by",
      "type": [/* a user */ "null", "int", "string"],
      "default": null   },
    {"name":"one","type":"string","default":""},
    {"name": "city", "type": ["null", "string"], "default": null},
    {"name": "plain", "type": "double"}
  ]
}
"""


def fixed(text: str, *categories: str) -> str:
    source = Source("a.avsc", text, "a.avsc")
    lint = lint_sources([source], Config(), Diagnostics(), categories)
    assert not lint.has_errors, lint.diagnostics
    return fix(lint, categories).texts.get("a.avsc", text)


def record(field: str) -> str:
    return f'{{"type": "record", "name": "shop.R", "fields": [{field}]}}'


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_layout_comments_and_line_ends_stay(line_end: str) -> None:
    before, after = BEFORE.replace("\n", line_end), AFTER.replace("\n", line_end)
    assert fixed(before, *CATEGORIES) == after
    assert fixed(after, *CATEGORIES) == after


def test_a_byte_order_mark_stays() -> None:
    text = "\ufeff" + record('{"name": "a", "type": ["null", "int"]}')
    assert fixed(text) == "\ufeff" + record(
        '{"name": "a", "type": ["null", "int"], "default": null}'
    )


@pytest.mark.parametrize(
    "field",
    [
        # The value does not fit the type.
        '{"name": "a", "type": "int", "defualt": "x"}',
        # Values would be of another type.
        '{"name": "a", "type": {"type": "long", "logicaltype": "timestamp-millis"}}',
        # An invalid alias.
        '{"name": "a", "type": "int", "alias": 3}',
        '{"name": "a", "type": "int", "Order": "up"}',
    ],
)
def test_what_is_not_proved_is_not_made(field: str) -> None:
    good = '{"name": "b", "type": ["null", "int"]}'
    text = record(f"{field}, {good}")
    expected = record(f'{field}, {good[:-1]}, "default": null}}')
    assert fixed(text) == expected


def test_a_placeholder_becomes_null_where_the_type_has_null_first() -> None:
    # The default changes, which the checker reports: values of old data are other ones.
    text = record('{"name": "a", "type": "string", "default": "null"}')
    assert fixed(text) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"name": "a", "type": "int"}', '{"name": "a", "type": "long"}'),
        ('{"name": "a", "type": "int", "default": 1}', '{"name": "a", "type": "int"}'),
        ('{"name": "a", "type": "int"}', '{"name": "b", "type": "int"}'),
    ],
)
def test_the_proof_refuses_what_check_reports(old: str, new: str) -> None:
    lint = lint_sources([Source("a.avsc", record(old), "a.avsc")], Config(), Diagnostics())
    assert is_proved(lint, [Source("a.avsc", record(old), "a.avsc")])
    assert not is_proved(lint, [Source("a.avsc", record(new), "a.avsc")])


def test_files_are_written_in_place(tmp_path: Path) -> None:
    file = tmp_path / "s" / "a.avsc"
    file.parent.mkdir()
    file.write_bytes(BEFORE.replace("\n", "\r\n").encode())
    file.chmod(0o640)
    result = CliRunner().invoke(main, ["lint", str(file.parent), "--category", "strict", "--fix"])
    assert result.exit_code == 1  # findings are left
    assert file.read_bytes() == AFTER.replace("\n", "\r\n").encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["a.avsc"]
    assert "fixed" in result.stdout


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.avsc"
    real.write_text(record('{"name": "a", "type": ["null", "int"]}'))
    link = tmp_path / "s" / "a.avsc"
    link.parent.mkdir()
    link.symlink_to(real)
    result = CliRunner().invoke(main, ["lint", str(link.parent), "--fix"])
    assert result.exit_code == 0, result.output
    assert link.is_symlink() and "default" in real.read_text()


def test_fixes_of_real_schemas_are_valid_and_leave_nothing_to_fix() -> None:
    fixes = 0
    for schema in valid_schemas():
        sources = [Source(str(f), f.read_text("utf-8"), f.name) for f in schema.files]
        lint = lint_sources(sources, Config(), Diagnostics(), CATEGORIES)
        if lint.has_errors:
            continue
        result = fix(lint, CATEGORIES)
        fixes += result.count
        assert not result.lint.has_errors
        again = fix(result.lint, CATEGORIES)
        assert again.count == 0
        for path, text in result.texts.items():
            before = next(source.text for source in sources if source.path == path)
            assert before.count("//") == text.count("//")
    assert fixes > 150


def test_json_of_a_fixed_file_is_the_edited_json() -> None:
    text = record('{"name": "a", "type": ["null", "int"]}')
    assert json.loads(fixed(text))["fields"] == [
        {"name": "a", "type": ["null", "int"], "default": None}
    ]

"""Findings and warnings are accepted in the configuration and in schemas, and never for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from avrogen.cli import main

PRICE = {"name": "price", "type": "double"}
MASKED: dict[str, Any] = {"name": "m", "type": {"type": "string", "logicalType": "masked"}}


def schema(*fields: Any, **attributes: Any) -> dict[str, Any]:
    return {"type": "record", "name": "shop.R", **attributes, "fields": [*fields]}


def run(folder: Path, command: str, files: dict[str, Any], *options: str) -> list[str]:
    """Codes and lines that a command reports for a folder."""
    for path, content in files.items():
        file = folder / "schemas" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    arguments = [command, str(folder / "schemas"), "--format", "json", *options]
    if command == "build":
        arguments += ["-o", str(folder / "pkg")]
    result = CliRunner().invoke(main, arguments)
    found = json.loads(result.stderr)
    failing = command == "lint" or "--strict" in options
    assert result.exit_code == (1 if found and failing else 0), result.output
    return [each["code"] for each in found]


@pytest.mark.parametrize(
    "config",
    [
        'lint.accept = ["AVR008"]',
        '[lint.paths]\n"a.avsc" = ["AVR008"]',
        '[lint.paths]\n"*" = ["all"]',
        '[lint.types]\n"shop.R" = ["AVR008"]',
        '[lint.types]\n"shop.R.price" = ["AVR008"]',
        '[lint.types]\n"shop.R.price" = ["all"]',
    ],
)
def test_the_configuration_accepts_findings(config: str, tmp_path: Path) -> None:
    files = {"a.avsc": schema(PRICE)}
    assert run(tmp_path, "lint", files) == ["AVR008"]
    assert run(tmp_path, "lint", {**files, "avrogen.toml": config}) == []


@pytest.mark.parametrize(
    "config",
    [
        'lint.accept = ["AVR009"]',
        '[lint.paths]\n"b/*" = ["AVR008"]',
        '[lint.types]\n"shop.Other" = ["AVR008"]',
        '[lint.types]\n"shop.R.other" = ["AVR008"]',
        '[lint.types]\n"shop" = ["all"]',
    ],
)
def test_what_accepts_nothing_is_said(config: str, tmp_path: Path) -> None:
    files = {"a.avsc": schema(PRICE), "avrogen.toml": config}
    assert sorted(run(tmp_path, "lint", files)) == ["AVR008", "AVR540"]
    assert run(tmp_path, "build", files) == [], "rules of lint are not judged by build"


def test_a_type_does_not_accept_for_those_inside_of_it(tmp_path: Path) -> None:
    inner = {"type": "record", "name": "Inner", "fields": [PRICE]}
    files = {
        "a.avsc": schema({"name": "inner", "type": inner}),
        "avrogen.toml": '[lint.types]\n"shop.R" = ["AVR008"]',
    }
    assert sorted(run(tmp_path, "lint", files)) == ["AVR008", "AVR540"]
    files["avrogen.toml"] = '[lint.types]\n"shop.Inner" = ["AVR008"]'
    assert run(tmp_path, "lint", files) == []


@pytest.mark.parametrize(
    "accepting",
    [
        schema(PRICE, **{"avrogen.lint": ["AVR008"]}),
        schema(PRICE, **{"avrogen.lint": "AVR008"}),
        schema({**PRICE, "avrogen.lint": ["AVR008"]}),
        schema({"name": "price", "type": {"type": "double", "avrogen.lint": ["all"]}}),
    ],
)
def test_schemas_accept_findings(accepting: dict[str, Any], tmp_path: Path) -> None:
    assert run(tmp_path, "lint", {"a.avsc": accepting}) == []
    assert run(tmp_path, "build", {"a.avsc": accepting}, "--strict") == []


@pytest.mark.parametrize("code", ["AVR009", "AVR999", "AVR203", 3])
def test_attributes_that_accept_nothing_are_said(code: object, tmp_path: Path) -> None:
    other = {**PRICE, "name": "x", "avrogen.lint": [code]}
    assert run(tmp_path, "build", {"a.avsc": schema(other)}) == []
    assert run(tmp_path, "lint", {"a.avsc": schema(other)}) == ["AVR540"]


def test_warnings_of_builds_are_accepted(tmp_path: Path) -> None:
    files: dict[str, Any] = {"a.avsc": schema(MASKED)}
    assert run(tmp_path, "build", files, "--strict") == ["AVR502"]
    for config in (
        'lint.accept = ["AVR502"]',
        '[lint.paths]\n"*.avsc" = ["AVR502"]',
        '[lint.types]\n"shop.R.m" = ["AVR502"]',
    ):
        assert run(tmp_path, "build", {**files, "avrogen.toml": config}, "--strict") == []
        assert run(tmp_path, "lint", {}) == [], "build judges its own warnings"
    (tmp_path / "schemas" / "avrogen.toml").unlink()
    accepted = {**MASKED, "avrogen.lint": ["AVR502"]}
    assert run(tmp_path, "build", {"a.avsc": schema(accepted)}, "--strict") == []
    unused = {"name": "n", "type": "string", "avrogen.lint": ["AVR502"]}
    assert run(tmp_path, "build", {"a.avsc": schema(unused)}, "--strict") == ["AVR540"]


def test_all_accepts_no_warning_of_builds(tmp_path: Path) -> None:
    files = {"a.avsc": schema(MASKED), "avrogen.toml": '[lint.paths]\n"*" = ["all"]'}
    assert run(tmp_path, "build", files, "--strict") == ["AVR502"]


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ('lint.accept = ["AVR203"]', "only rules of lint (AVR0xx) and warnings of build (AVR5xx)"),
        ('lint.accept = ["AVR901"]', "only rules of lint (AVR0xx) and warnings of build (AVR5xx)"),
        ('lint.accept = ["AVR0O8"]', "did you mean"),
        ("lint.accept = [8]", "for example"),
        ('lint.accept = "AVR008"', "for example"),
        ('lint.categories = ["strcit"]', 'did you mean "strict"?'),
        ('[lint.paths]\n"*" = "AVR008"', ""),
    ],
)
def test_mistakes_in_the_configuration(config: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "a.avsc").write_text('"string"')
    (tmp_path / "avrogen.toml").write_text(config)
    result = CliRunner().invoke(main, ["lint", str(tmp_path), "--format", "json"])
    (found,) = json.loads(result.stderr)
    assert result.exit_code == 1
    assert found["code"] == "AVR603" and hint in (found["hint"] or "")


def test_single_files_judge_no_configuration(tmp_path: Path) -> None:
    """A hook that looks at one file does not know what the others have."""
    (tmp_path / "a.avsc").write_text(json.dumps(schema({"name": "x", "type": "string"})))
    project = '[tool.avrogen.lint]\naccept = ["AVR008"]\n'
    (tmp_path / "pyproject.toml").write_text(project)
    result = CliRunner().invoke(main, ["lint", str(tmp_path / "a.avsc"), "--format", "json"])
    assert json.loads(result.stderr) == []


def test_lint_does_not_change_what_build_accepts(tmp_path: Path) -> None:
    bad = schema({"name": "p", "type": ["string", "null"]}, {"name": "price", "type": "float"})
    assert run(tmp_path, "build", {"a.avsc": bad}, "--strict") == []
    assert run(tmp_path, "lint", {}, "--category", "strict") != []

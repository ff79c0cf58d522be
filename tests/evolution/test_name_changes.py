"""Changes of schemas that change names in the generated package."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run_avrogen, write_schemas


def record(full_name: str, *fields: Any) -> dict[str, Any]:
    listed: list[Any] = [_field(f) if isinstance(f, str) else f for f in fields]
    return {"type": "record", "name": full_name, "fields": listed}


def _field(name: str) -> dict[str, Any]:
    return {"name": name, "type": "int", "default": 0}


def enum(full_name: str, *symbols: str) -> dict[str, Any]:
    return {"type": "enum", "name": full_name, "symbols": list(symbols), "default": symbols[0]}


def fixed(full_name: str) -> dict[str, Any]:
    return {"type": "fixed", "name": full_name, "size": 9, "logicalType": "decimal", "precision": 9}


def changes(folder: Path, old: list[Any], new: list[Any], toml: str = "") -> list[str]:
    """The changes of names that a check reports."""
    write_schemas(folder / "old", {"a.avsc": old})
    write_schemas(folder / "new", {"a.avsc": new, "avrogen.toml": toml})
    result = run_avrogen(
        *("check", folder / "new", "--against", folder / "old", "--format", "json")
    )
    assert "Traceback" not in result.output
    found = [each for each in json.loads(result.stderr) if each["code"] == "AVR921"]
    assert all(each["severity"] == "warning" and each["line"] >= 1 for each in found)
    return [re.sub(":.*", "", each["message"]) for each in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            [record("n.R", "__deleted")],
            [record("n.R", "deleted", "__deleted")],
            ["the attribute of n.R.__deleted is deleted_ in Python, and was deleted"],
        ),
        (
            [record("n.R", "class")],
            [record("n.R", "class", "class_")],
            ["the attribute of n.R.class is class__ in Python, and was class_"],
        ),
        (
            [enum("n.E", "A", "_x")],
            [enum("n.E", "A", "_x", "x")],
            ["the member of n.E._x is x_ in Python, and was x"],
        ),
        (
            [record("n._R")],
            [record("n._R"), record("n.R")],
            ["the class of n._R is R_ in Python, and was R"],
        ),
        (
            [record("n.R")],
            [record("n.R"), record("m.R")],
            ["the name of n.R in the top-level package is gone, and it was R"],
        ),
        (
            [record("n.R"), record("n.S.T"), record("n.S.U")],
            [record("n.R"), record("n.S.T"), record("n.S.U"), record("n.S")],
            ["the package of types is n.S_ in Python, and was n.S"],
        ),
        (
            [fixed("n.Money")],
            [fixed("n.Money"), record("n.money")],
            ["the codec of n.Money is money_ in Python, and was money"],
        ),
        ([record("n.R", "a")], [record("n.R", "a", "b"), record("n.R.s.T")], []),
        ([record("n.R", "a")], [record("m.R", "a")], []),
    ],
)
def test_names_that_change(
    tmp_path: Path, old: list[Any], new: list[Any], expected: list[str]
) -> None:
    assert changes(tmp_path, old, new) == expected


def test_settings_that_keep_a_name(tmp_path: Path) -> None:
    toml = '[names]\nfields = { "n.R.__deleted" = "deleted", "n.R.deleted" = "is_deleted" }\n'
    old, new = [record("n.R", "__deleted")], [record("n.R", "deleted", "__deleted")]
    assert changes(tmp_path, old, new, toml) == []


def test_a_new_setting_is_no_change_of_schemas(tmp_path: Path) -> None:
    same = [record("n.R", "orderId")]
    assert changes(tmp_path, same, same, '[names]\nfield-style = "snake_case"\n') == []


def test_single_files_say_nothing_about_classes(tmp_path: Path) -> None:
    write_schemas(tmp_path / "old", {"a.avsc": record("n._R", "__x")})
    new = write_schemas(tmp_path / "new", {"a.avsc": [record("n._R", "__x", "x"), record("n.R")]})
    old = tmp_path / "old"
    result = run_avrogen("check", new / "a.avsc", "--against", old)
    assert result.stderr.count("AVR921") == 1
    assert "the attribute of n._R.__x is x_ in Python, and was x" in result.stderr

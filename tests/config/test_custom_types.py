"""The table ``[types]``: what is read, what is refused, and what a build makes of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics
from avrogen.avro.source import Source
from avrogen.avro.type_overrides import TypeOverride
from avrogen.compiler.build import compile_package
from avrogen.compiler.formatting import FormatCache
from avrogen.config.config import Config, parse_config
from avrogen.config.custom_types import PRESETS, PythonName, TypeConversion


def read(text: str) -> tuple[Config, list[Diagnostic]]:
    diagnostics = Diagnostics()
    config = parse_config("avrogen.toml", text.encode(), diagnostics)
    return config, list(diagnostics)


def built(schema: str, text: str, folder: Path) -> tuple[dict[str, str] | None, list[Diagnostic]]:
    config, problems = read(text)
    assert problems == []
    diagnostics = Diagnostics()
    files = compile_package(
        [Source("order.avsc", schema, "order.avsc")],
        config,
        diagnostics,
        cache=FormatCache(folder),
        progress=lambda done, total: None,
    )
    return files, list(diagnostics)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("acme.money:Money", PythonName("acme.money", "Money")),
        ("acme.money.Money", PythonName("acme.money", "Money")),
        ("acme:Money.Currency", PythonName("acme", "Money.Currency")),
        ("str", PythonName("builtins", "str")),
        ("_acme._types:_Money", PythonName("_acme._types", "_Money")),
    ],
)
def test_names_of_python_objects(text: str, name: PythonName) -> None:
    config, problems = read(f'[types.logical]\nmoney = {{ type = "{text}", to-base = "str" }}')
    assert problems == []
    conversion = TypeConversion(name, name, PythonName("builtins", "str"))
    entries = config.types.overrides.entries
    assert entries == {"logical:money": TypeOverride(None, conversion)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "acme:",
        ":Money",
        "acme..Money",
        ".acme:Money",
        "acme:Money:x",
        "acme:Money()",
        "acme.Money[int]",
        "acme money.Money",
        "os.system('x')",
        "acme\\nimport os.path",
        "acme.class",
        "import.x",
        "acme.__class__",
        "acme:Money.__init__",
        "acme.Größe",
        "a" * 300,
        "None",
        "../acme:Money",
    ],
)
def test_other_texts_are_no_names(text: str) -> None:
    _, (problem,) = read(f'[types.logical]\nmoney = {{ type = "{text}" }}')
    assert problem.code is Code.TYPE_OVERRIDE
    assert problem.message.endswith("is not the name of a Python object")


def test_presets_are_overridden_by_entries_of_the_file() -> None:
    config, problems = read(
        '[types]\npresets = ["debezium"]\n[types.connect]\n"io.debezium.time.Date" = "raw"'
    )
    assert problems == []
    entries = config.types.overrides.entries
    assert entries["connect:io.debezium.time.Date"] == TypeOverride("raw", None)
    assert len(entries) == len(PRESETS["debezium"])
    assert list(config.types.locations) == ["connect:io.debezium.time.Date"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("types = 3", '"types" must be a table, not a number'),
        ("types.logical = 3", '"logical" must be a table, not a number'),
        ("types.logical.date = 3", '"date" must be a logical type, "raw" or a table, not a number'),
        ('types.logicl.date = "raw"', 'unknown key "logicl"'),
        ("types.presets = 'connect'", '"presets" must be a list of names, not a string'),
        ("types.presets = [3]", 'unknown preset "3"'),
        ('types.fields."a.b" = { type = "a.B", from = "a.c" }', 'unknown key "from"'),
        ('types.fields."a.b" = { type = "a.B", base = "rw" }', 'unknown logical type "rw"'),
        ('types.fields."a.b" = { type = 3 }', '"type" must be a string, not a number'),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    _, (problem,) = read(text)
    assert problem.message == message


# --- builds ---------------------------------------------------------------------------------------

ORDER = """{"type": "record", "name": "acme.Order", "fields": [
  {"name": "id", "type": "string"},
  {"name": "total", "type": {"type": "string", "logicalType": "money"}},
  {"name": "paid", "type": ["null", {"type": "int", "logicalType": "date"}, "string"]}
]}"""


def test_an_acknowledged_logical_type_is_no_warning(tmp_path: Path) -> None:
    _, (problem,) = built(ORDER, "", tmp_path)
    assert problem.code is Code.UNKNOWN_LOGICAL_TYPE
    for text in (
        'types.logical.money = "raw"',
        'types.fields."acme.Order.total" = "raw"',
        'types.logical.money = { type = "acme.Money", to-base = "str" }',
    ):
        files, problems = built(ORDER, text, tmp_path)
        assert files is not None
        assert problems == []
    _, (problem,) = built(ORDER, 'types.fields."acme.Order.id" = "raw"', tmp_path)
    assert problem.code is Code.UNKNOWN_LOGICAL_TYPE


def test_nothing_of_the_configuration_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    text = 'types.logical.money = { type = "acme_trap:Money", to-base = "acme_trap:text" }'
    files, problems = built(ORDER, text, tmp_path)
    assert problems == []
    assert files is not None
    assert "from acme_trap import Money, text\n" in files["acme/_order.py"]
    assert "acme_trap" not in sys.modules


def test_an_override_of_a_field_is_for_the_branches_that_it_fits(tmp_path: Path) -> None:
    money = 'types.logical.money = "raw"\n'
    files, problems = built(ORDER, f'{money}types.fields."acme.Order.paid" = "date"', tmp_path)
    assert files is not None
    assert problems == []
    assert "paid: date | str | None" in files["acme/_order.py"]
    _, (problem,) = built(ORDER, f'{money}types.fields."acme.Order.id" = "date"', tmp_path)
    assert problem.code is Code.TYPE_OVERRIDE
    assert "date requires int, not string" in problem.message


def test_two_branches_of_one_type_are_ambiguous(tmp_path: Path) -> None:
    own = '{ type = "acme.types:Paid", from-base = "acme.types:read", to-base = "acme.types:text" }'
    text = f'types.logical.money = "raw"\ntypes.fields."acme.Order.paid" = {own}'
    _, (problem,) = built(ORDER, text, tmp_path)
    assert problem.code is Code.AMBIGUOUS_UNION
    assert "int and string in field acme.Order.paid: both are Paid" in problem.message


def test_names_that_fields_and_classes_have_are_imported_under_another(tmp_path: Path) -> None:
    schema = """{"type": "record", "name": "acme.Money", "fields": [
      {"name": "str", "type": {"type": "string", "logicalType": "money"}},
      {"name": "Order", "type": {"type": "string", "logicalType": "order"}, "default": "x"}
    ]}"""
    text = """
      types.logical.money = { type = "acme.types:Money", to-base = "str" }
      types.logical.order = { type = "acme.types:Order", to-base = "acme.types:str" }
    """
    files, problems = built(schema, text, tmp_path)
    assert problems == []
    assert files is not None
    code = files["acme/_money.py"]
    assert "from acme.types import Money as _Money, Order as _Order, str as _str" in code
    assert "str: _Money\n" in code
    assert 'default_factory=lambda: _Order("x")' in code
    compile(code, "_money.py", "exec")


def test_a_package_without_overrides_has_no_trace_of_them(tmp_path: Path) -> None:
    files, _ = built(ORDER, 'types.presets = ["debezium", "connect"]', tmp_path)
    without, _ = built(ORDER, "", tmp_path)
    assert files == without
    assert files is not None
    assert not any("TypeMapping" in text for text in files.values())

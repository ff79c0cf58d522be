"""Hundreds of records inside one another, under the recursion limit that Python has by default."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path
from typing import Any

import pytest

from avrogen import Schema, SchemaError
from avrogen.avro.compat.change_finder import value_changes
from avrogen.avro.compat.levels import Direction, Version
from avrogen.kafka.registry.registration import same_schema
from tests.conftest import run_avrogen, run_python
from tests.support.dynamic import Package

LEVELS = 500

FORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "record": (lambda type_: type_, lambda value: value),
    "union": (lambda type_: ["null", type_], lambda value: value),
    "array": (lambda type_: {"type": "array", "items": type_}, lambda value: [value]),
    "map of unions": (
        lambda type_: {"type": "map", "values": ["null", type_]},
        lambda value: {"k": value},
    ),
}


def text_of(form: str, levels: int, last: str = "int") -> str:
    around, _ = FORMS[form]
    start, end = json.dumps(around("@")).split('"@"')
    opening = "".join(
        f'{{"type":"record","name":"n.R{n}","fields":[{{"name":"child","type":{start}'
        for n in range(levels)
    )
    inner = f'{{"type":"record","name":"n.R{levels}","fields":[{{"name":"x","type":"{last}"}}]}}'
    return opening + inner + f"{end}}}]}}" * levels


def value_of(form: str, levels: int) -> Any:
    value: Any = {"x": 7}
    for _ in range(levels):
        value = {"child": FORMS[form][1](value)}
    return value


@pytest.mark.parametrize("form", FORMS)
def test_five_hundred_records_inside_one_another(form: str) -> None:
    assert sys.getrecursionlimit() <= 1000
    schema, value = Schema.parse(text_of(form, LEVELS)), value_of(form, LEVELS)
    data = schema.to_avro(value)
    assert data[-1 - data[::-1].index(b"\x0e"[0])] == 14
    for back in (schema.from_avro(data), schema.from_avro(data, named_branches=True)):
        assert schema.to_avro(back) == data
    again = Schema.parse(str(schema))
    assert again == schema
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert again.canonical_form == schema.canonical_form
    assert hash(again) == hash(schema)
    assert schema.can_read(again) == []
    assert schema.to_avro(schema.from_avro(data, writer=again)) == data
    assert same_schema(schema, again)
    codec = Package(schema).codec
    assert codec.to_avro(codec.from_avro(data)) == data


def test_differences_deep_inside_are_found() -> None:
    schema, other = (Schema.parse(text_of("union", LEVELS, last)) for last in ("int", "string"))
    assert schema != other
    assert schema.can_read(other)
    long = Schema.parse(text_of("union", LEVELS, "long"))
    assert long.can_read(schema) == []
    one, two = (Version(each.type, each.types) for each in (long, schema))
    assert list(value_changes(one, two, Direction.BACKWARD)) == []


def test_problems_deep_inside_have_their_place() -> None:
    text = text_of("record", LEVELS, "strin")
    with pytest.raises(SchemaError) as caught:
        Schema.parse(text)
    (problem,) = caught.value.diagnostics
    assert problem.location.column == text.index('"strin"') + 1


def test_deeper_ones_are_refused() -> None:
    for text in (text_of("record", 1400), "[" * 5000, '{"type":' * 5000):
        with pytest.raises(SchemaError, match=r"AVR108.*nested more than 4000 levels deep"):
            Schema.parse(text)
    items = '{"type": "array", "items": ' * 65 + '"int"' + "}" * 65
    with pytest.raises(SchemaError, match=r"AVR108.*types nested more than 64 levels deep"):
        Schema.parse(items)


@pytest.mark.parametrize("key", ["default", "example"])
def test_values_in_schemas_are_less_deep(key: str) -> None:
    most = 64 if key == "default" else 200
    for levels in (most + 1, 300, 3000):
        value = "[" * levels + "1" + "]" * levels
        field = f'{{"name":"a","type":"int","{key}":{value}}}'
        with pytest.raises(SchemaError, match=f"AVR108.*nested more than {most} levels deep"):
            Schema.parse(f'{{"type":"record","name":"R","fields":[{field}]}}')


def test_commands_on_deep_schemas(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "a.avsc").write_text(text_of("union", 120))
    package = tmp_path / "pkg"
    for arguments in (
        ("build", schemas, "-o", package),
        ("build", schemas, "-o", package, "--check"),
        ("check", schemas, "--against", schemas),
        ("docs", schemas, "-o", tmp_path / "site"),
    ):
        result = run_avrogen(*arguments)
        assert result.exit_code == 0, result.output
    assert len(list(package.glob("**/*.py"))) > 120


@pytest.mark.parametrize("records", [160, 400])
def test_packages_of_long_chains_are_imported(records: int, tmp_path: Path) -> None:
    """Each type is in a module of its own, and Python's stack has room for some 150 imports."""
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    for number in range(records):
        type_ = f"R{number + 1}" if number + 1 < records else "int"
        fields = [{"name": "inner", "type": type_}]
        schema = {"type": "record", "name": f"R{number}", "fields": fields}
        (schemas / f"r{number}.avsc").write_text(json.dumps(schema))
    assert run_avrogen("build", schemas, "-o", tmp_path / "chain").exit_code == 0
    code = f"""
        from chain import R0, R1, R{records // 2}

        assert R0 is not R1
        assert R{records // 2}.from_avro(b"\\2").to_avro() == b"\\2"
    """
    run = run_python("-c", cleandoc(code), PYTHONPATH=str(tmp_path))
    assert run.returncode == 0, run.stderr

"""Avro IDL, held to what Avro Java's own reader of it makes of the same files.

A case is a file in IDL, with the schema beside it that ``avrogen show`` prints.
"""

import inspect
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from avrogen import Schema
from avrogen.cli import main
from tests.conftest import run_python
from tests.services.avro_java import AvroIdl

CASES = sorted((Path(__file__).parent / "cases").glob("*.avdl"))


def show(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["show", str(file), *arguments])


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_the_schema_of_a_file_is_the_one_beside_it(file: Path) -> None:
    result = show(file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == json.loads(file.with_suffix(".json").read_text("utf-8"))


def test_types_are_those_of_avro_java(avro_idl: AvroIdl) -> None:
    for file, texts in zip(CASES, avro_idl.types(CASES), strict=True):
        assert texts, f"Avro Java refuses {file.name}"
        for text in texts:
            java = Schema.parse(text)
            full = json.loads(text)
            if "name" in full:
                name = ".".join(filter(None, (full.get("namespace"), full["name"])))
                ours = show(file, "--type", name)
            else:
                ours = show(file)
            # Both as avrogen prints them: names, docs, defaults, aliases, order and attributes.
            assert str(Schema.parse(ours.stdout)) == str(java), full.get("name", file.name)


# --- what is wrong --------------------------------------------------------------------------------

WRONG = {
    "record A { string x }": '1:21: error[AVR109] expected "," or ";", found "}"',
    "record A { string x;": "expected a type, found the end of the file",
    "record A { /* string x; }": "1:12: error[AVR109] this comment is not closed: it lacks */",
    'record A { string x = "\n"; }': "1:23: error[AVR109] this string is not closed on its line",
    "record A { string x = 'x'; }": "strings are in double quotation marks",
    "record A { int x = 09; }": "09 is no octal number",
    "record A { long x = 9223372036854775808; }": "[AVR107] 9223372036854775808 is out of range",
    "record A { double x = 1e999; }": "[AVR107] 1e999 is out of range for double",
    'record A { string x = "\\q"; }': "unknown escape \\q in a string",
    'record A { @doc("x") string x; }': "@doc cannot be set by an annotation here: write a doc",
    'record A { string @name("y") x; }': "@name cannot be set by an annotation here: leave it out",
    "record A { @x(1) union {null, int} y; }": "a union has no attributes",
    "record A { @x(1) B y; } record B {}": "the use of a named type has no attributes",
    "@x(1) @x(2) record A {}": "1:8: error[AVR109] @x is given twice",
    '@x({"a": 1, "a": 2}) record A {}': 'duplicate key "a"',
    "record A { B y; }": '1:12: error[AVR203] unknown type "B" in field A.y',
    "record A { int y = true; }": "1:20: error[AVR401] the default does not fit its type in field",
    "record A { array<int> y = [1, null]; }": "1:31: error[AVR401]",
    "record A { int y, y; }": '1:19: error[AVR206] duplicate field "y" in A',
    "record A {} record A { int y; }": "1:20: error[AVR204] conflicting definitions of A",
    "enum E { A, A }": "error[AVR207]",
    "fixed F(-1);": "AVR303",
    'record A { string @order("up") x; }': "order",
    "@aliases(1) record A {}": "aliases",
    "@namespace(1) record A {}": "namespace",
    "schema int; schema int;": 'expected record, error, enum, fixed or import, found "schema"',
    "protocol P { record A {} } record B {}": 'expected the end of the file, found "record"',
    "protocol P { void f(int x) throws; }": 'expected the name of an error, found ";"',
    "namespace a b;": 'expected ";", found "b"',
    'import schema "no.avsc";': 'error[AVR110] the imported file "no.avsc" is not among',
    "record A { int x; } #": "unexpected character '#'",
    "": "defines no types",
    "record A { " + "array<" * 70 + "int" + ">" * 70 + " x; }": "nested more than 64 levels deep",
    "@x(" + "[" * 300 + "]" * 300 + ") record A {}": "nested more than 200 levels deep",
    "record A { " + "array<" * 100_000: "nested more than 64 levels deep",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
def test_what_is_wrong_is_said_with_its_place(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.avdl").write_text(text)
    result = show(tmp_path / "a.avdl")
    assert result.exit_code in (1, 2)
    assert WRONG[text] in result.stderr


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        ("/** ", 200_000),
        ("/*", 200_000),
        ('"', 300_000),
        ("a.", 200_000),
        ("`a`-", 100_000),
        ("@a(1) ", 50_000),
        ("1", 500_000),
        ("1e", 200_000),
        ("0x1.", 200_000),
        ("record A { int x; }\n", 20_000),
        ("/** x */ ", 50_000),
        ("/**\n" + " " * 1000, 300),
    ],
)
def test_time_grows_with_the_size_of_what_came_in(unit: str, count: int, tmp_path: Path) -> None:
    # Each of these ends in seconds; what restarts a search would take hours.
    (tmp_path / "a.avdl").write_text(unit * count)
    assert show(tmp_path / "a.avdl").exit_code in (0, 1, 2)


def test_a_doc_comment_that_belongs_to_nothing_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.avdl").write_text("/** License. */ /** An A. */ record /** stray */ A {}")
    result = CliRunner().invoke(main, ["build", str(tmp_path), "-o", str(tmp_path / "pkg")])
    assert result.exit_code == 0
    assert result.stderr.count("AVR518") == 1
    assert "a.avdl:1:37" in result.stderr


# --- among other files ----------------------------------------------------------------------------


def test_files_of_all_kinds_refer_to_each_other(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    (schemas / "shared").mkdir(parents=True)
    (schemas / "order.avdl").write_text(
        'namespace shop;\nimport schema "shared/money.avsc";\nimport protocol "card.avpr";\n'
        "record Order { shop.Money total; pay.Card card; }\n"
    )
    (schemas / "shared" / "money.avsc").write_text(
        '{"type": "record", "name": "Money", "namespace": "shop", '
        '"fields": [{"name": "of", "type": ["null", "Order"]}]}'
    )
    (schemas / "card.avpr").write_text(
        '{"protocol": "Cards", "namespace": "pay", "types": ['
        '{"type": "record", "name": "Card", "fields": [{"name": "kind", "type": "Kind"}]},'
        '{"type": "enum", "name": "Kind", "symbols": ["A"]}], "messages": {}}'
    )
    result = CliRunner().invoke(main, ["build", str(schemas), "-o", str(tmp_path / "pkg")])
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 schema files" in result.stdout
    shown = json.loads(show(schemas / "order.avdl").stdout)
    assert [field["type"]["name"] for field in shown["fields"]] == ["Money", "Card"]


def test_a_schema_beside_the_idl_that_it_was_made_from_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "a.avdl").write_text("/** An A. */ record A { int x = 1; }")
    (tmp_path / "a.avsc").write_text(show(tmp_path / "a.avdl").stdout)
    result = CliRunner().invoke(main, ["build", str(tmp_path), "-o", str(tmp_path / "pkg")])
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_file_with_the_suffix_of_another_kind_says_so(tmp_path: Path) -> None:
    (tmp_path / "calls.avsc").write_text('{"protocol": "Calls", "types": [], "messages": {}}')
    protocol = show(tmp_path / "calls.avsc")
    (tmp_path / "order.avpr").write_text('{"type": "record", "name": "Order", "fields": []}')
    schema = show(tmp_path / "order.avpr")
    assert (protocol.exit_code, schema.exit_code) == (1, 1)
    assert (
        "this file is a protocol" in protocol.stderr
        and "rename it to calls.avpr" in protocol.stderr
    )
    assert "this file is a schema" in schema.stderr and "rename it to order.avsc" in schema.stderr


def test_messages_of_a_protocol_are_said_to_be_ignored(tmp_path: Path) -> None:
    (tmp_path / "calls.avdl").write_text("protocol Calls { record A {} void f(); void g(A a); }")
    result = CliRunner().invoke(main, ["build", str(tmp_path), "-o", str(tmp_path / "pkg")])
    assert result.exit_code == 0
    assert "warning[AVR519] the 2 messages of the protocol" in result.stderr


def test_defaults_that_are_no_numbers_reach_the_classes(tmp_path: Path) -> None:
    (tmp_path / "a.avdl").write_text("record Limits { double low = -Infinity; float high = NaN; }")
    result = CliRunner().invoke(main, ["build", str(tmp_path), "-o", str(tmp_path / "limits_pkg")])
    assert (result.exit_code, result.stderr) == (0, "")
    code = """
        from avrogen import Schema
        from limits_pkg import Limits

        made = Limits()
        assert (made.low, str(made.high)) == (float("-inf"), "nan")
        assert Limits.from_avro(made.to_avro()).low == made.low
        old = Schema.parse('{"type": "record", "name": "Limits", "fields": []}')
        assert Limits.from_avro(b"", writer=old).low == float("-inf")
    """
    run = run_python("-c", inspect.cleandoc(code), PYTHONPATH=str(tmp_path))
    assert run.returncode == 0, run.stderr

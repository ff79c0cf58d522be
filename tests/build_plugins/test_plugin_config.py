"""What ``pyproject.toml`` says of a package to generate, and what of it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from avrogen.build_plugins.package_generator import (
    BuildError,
    generate,
    plugin_config_of,
    schema_files,
)
from avrogen.build_plugins.project import import_path, tool_table
from tests.conftest import ROOT, run_python, write_schemas

AT = ("tool", "avrogen")
SCHEMA = '{"type": "record", "name": "a.R", "fields": []}'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a schema; paths are relative to it, as in a build."""
    write_schemas(
        tmp_path,
        {"src/x.py": "", "schemas/r.avsc": SCHEMA, "schemas/avrogen.toml": "strict = true\n"},
    )
    monkeypatch.chdir(tmp_path)
    return Path(".")


def write(project: Path, settings: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.avrogen]\n{settings}\n", "utf-8")


@pytest.mark.parametrize(
    ("settings", "schemas", "out"),
    [
        ('schemas = ["schemas"]\nout = "src/acme"', ["schemas"], "src/acme"),
        ('schemas = "src/../schemas/"\nout = "./src/acme/"', ["schemas"], "src/acme"),
        ('schemas = ["schemas/r.avsc"]\nout = "acme"\nstrict = true', ["schemas/r.avsc"], "acme"),
    ],
)
def test_settings(project: Path, settings: str, schemas: list[str], out: str) -> None:
    write(project, settings)
    read = plugin_config_of(project, tool_table(project), AT, others=("strict",))
    assert read.schemas == tuple(map(Path, schemas))
    assert read.out == Path(out)


@pytest.mark.parametrize(
    ("settings", "problems"),
    [
        ('schemas = "schemas"', ['1:7: error[AVR604] "tool.avrogen" has no "out"']),
        ('out = "a"', ['1:7: error[AVR604] "tool.avrogen" has no "schemas"']),
        (
            'schemas = "schemas"\nout = "a"\nstrikt = true',
            ['4:1: error[AVR602] unknown key "strikt"\n  hint: did you mean "strict"?'],
        ),
        (
            'schemas = "schemas"\nout = "a"\npackage = "b"',
            [
                '4:1: error[AVR602] unknown key "package"\n'
                "  hint: expected one of: schemas, out, strict"
            ],
        ),
        ('schemas = 3\nout = "a"', ['2:11: error[AVR603] "schemas" must be a path, or a list']),
        ('schemas = []\nout = "a"', ['2:11: error[AVR603] "schemas" must be a path, or a list']),
        ('schemas = "nowhere"\nout = "a"', ['2:11: error[AVR603] "nowhere" does not exist']),
        ('schemas = "../s"\nout = "a"', ['2:11: error[AVR603] "../s" is outside of the project']),
        ('schemas = "/"\nout = "a"', ['2:11: error[AVR603] "/" is an absolute path']),
        ('schemas = "schemas"\nout = true', ['3:7: error[AVR603] "out" must be the path of a']),
        (
            'schemas = "schemas"\nout = "src/my-lib"',
            ['3:7: error[AVR603] "src/my-lib" does not end'],
        ),
        ('schemas = "schemas"\nout = "."', ['3:7: error[AVR603] "." does not end']),
        (
            'schemas = ["no", "none"]\nout = "../a"',
            ['"no" does not exist', '"none" does not exist', '"../a" is outside of the project'],
        ),
    ],
)
def test_mistakes(project: Path, settings: str, problems: list[str]) -> None:
    write(project, settings)
    with pytest.raises(BuildError) as caught:
        plugin_config_of(project, tool_table(project), AT, others=("strict",))
    message = str(caught.value)
    reason = "no package was generated: its configuration is invalid"
    assert message.startswith(f"{reason}\npyproject.toml:")
    for problem in problems:
        assert problem in message
    assert message.count("error[") == len(problems)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("", {}),
        ("tool = 1", {}),
        ("[tool]\navrogen = 1", {}),
        ("[tool.avrogen", {}),
        ("[tool.avrogen]\nstrict = true", {"strict": True}),
    ],
)
def test_table_of_any_project(project: Path, text: str, table: dict[str, object]) -> None:
    assert tool_table(project) == {}
    (project / "pyproject.toml").write_text(text, "utf-8")
    assert tool_table(project) == table


def test_an_sdist_gets_schemas_and_their_configuration(project: Path) -> None:
    write(project, 'schemas = "schemas"\nout = "a"')
    settings = plugin_config_of(project, tool_table(project), AT)
    assert set(schema_files(settings)) == {Path("schemas/r.avsc"), Path("schemas/avrogen.toml")}


def test_a_folder_without_schemas_is_no_success(project: Path) -> None:
    write(project, 'schemas = "empty"\nout = "a"')
    (project / "empty").mkdir()
    settings = plugin_config_of(project, tool_table(project), AT)
    with pytest.raises(BuildError, match=r"no \.avsc, \.avdl or \.avpr files found in empty"):
        schema_files(settings)
    with pytest.raises(BuildError, match=r"no \.avsc, \.avdl or \.avpr files found in empty"):
        generate(settings, project / "a")
    assert not (project / "a").exists()


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ('{"type": "nothing"}', "its schemas have errors\nschemas/r.avsc:1:10: error[AVR203]"),
        (
            '{"type": "string", "logicalType": "uid"}',
            "its schemas have warnings, and strict is set\nschemas/r.avsc:1:35: warning[AVR502]",
        ),
    ],
)
def test_schemas_that_are_refused(project: Path, schema: str, reason: str) -> None:
    write(project, 'schemas = "schemas"\nout = "a"')
    (project / "schemas/r.avsc").write_text(schema, "utf-8")
    with pytest.raises(BuildError) as caught:
        generate(plugin_config_of(project, tool_table(project), AT), project / "a")
    assert str(caught.value).startswith(f"no package was generated: {reason}")
    assert not (project / "a").exists()


def test_a_folder_that_cannot_be_written_to(project: Path) -> None:
    write(project, 'schemas = "schemas"\nout = "a"')
    (project / "a").write_text("a file")
    with pytest.raises(BuildError, match="a: File exists"):
        generate(plugin_config_of(project, tool_table(project), AT), project / "a")


@pytest.mark.parametrize(
    ("out", "root", "place"),
    [
        ("src/acme/events", None, "acme/events"),
        ("acme/events", None, "acme/events"),
        ("src", None, "src"),
        ("lib/acme", "lib", "acme"),
        ("src/acme", "", "src/acme"),
        ("acme", "src", "acme"),
    ],
)
def test_where_python_finds_the_package(out: str, root: str | None, place: str) -> None:
    assert import_path(Path(out), root) == Path(place)


def test_plugins_import_nothing_heavy() -> None:
    """Backends load them for whatever they build."""
    code = (
        "import sys, avrogen.build_plugins.hatch_plugin, avrogen.build_plugins.setuptools_plugin\n"
        "print([m for m in sys.modules if m in ('black', 'jinja2') "
        "or m.startswith(('avrogen.avro', 'avrogen.compiler'))])"
    )
    run = run_python("-W", "ignore", "-c", code, cwd=ROOT, PYTHONWARNINGS="")
    assert run.stdout == "[]\n", run.stderr

"""Commands without arguments: paths of the project's configuration, from wherever they run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from avrogen.cli.hooks import main as hooks
from tests.conftest import run_avrogen, write_schemas
from tests.downstream.service_repository import Repository, git_environment

ORDER = '{"type": "record", "name": "a.Order", "fields": [{"name": "id", "type": "string"}]}'
REFUND = '{"type": "record", "name": "b.Refund", "fields": [{"name": "id", "type": "string"}]}'
KEYS = 'out = "src/events"\ndocs-out = "site"\nagainst = "git:HEAD"\n'
TABLES = '{0}schemas = ["schemas"]\n' + KEYS + '[{1}topics.orders]\nvalue = "a.Order"\n'
PROJECT = TABLES.format("", "")
FILES = {
    "avrogen.toml": PROJECT,
    "pyproject.toml": TABLES.format("[tool.avrogen]\n", "tool.avrogen."),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path / "project", git_environment())
    write_schemas(repository.folder, {"schemas/order.avsc": ORDER})
    repository.git("init", "--quiet", "--initial-branch=main")
    monkeypatch.chdir(repository.folder)
    return repository


def commit(project: Repository) -> None:
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message=Schemas")


@pytest.mark.parametrize("folder", [".", "schemas", "tests/unit"])
@pytest.mark.parametrize("name", FILES)
def test_all_commands(
    project: Repository, monkeypatch: pytest.MonkeyPatch, name: str, folder: str
) -> None:
    project.write(name, FILES[name])
    commit(project)
    (project.folder / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(project.folder / folder)
    for command in ("build", "build --check", "check", "lint", "docs"):
        result = run_avrogen(*command.split())
        assert (result.exit_code, result.stderr) == (0, ""), command
    assert (project.folder / "src/events/topics").is_dir(), "its topics were read"
    assert (project.folder / "site/index.html").is_file()
    project.write("schemas/order.avsc", ORDER.replace('"string"', '"long"'))
    assert run_avrogen("check").exit_code == 1
    assert run_avrogen("build", "--check").exit_code == 1


@pytest.mark.parametrize("name", FILES)
def test_paths_of_the_command_line_have_the_same_configuration(
    project: Repository, name: str
) -> None:
    project.write(name, FILES[name])
    assert run_avrogen("build", "schemas", "-o", "events").exit_code == 0
    assert (project.folder / "events/topics").is_dir()
    assert run_avrogen("build").exit_code == 0
    assert not (project.folder / "events/topics").samefile(project.folder / "src/events/topics")
    project.write("other/refund.avsc", REFUND)
    if name == "avrogen.toml":  # which is for the folders that it names
        assert run_avrogen("build", "other", "-o", "others").exit_code == 0


def test_the_table_of_hatchling(project: Repository) -> None:
    table = 'schemas = "schemas"\nout = "src/events"\n'
    project.write("pyproject.toml", f"[tool.hatch.build.hooks.avrogen]\n{table}")
    assert run_avrogen("build").exit_code == 0
    assert (project.folder / "src/events/a").is_dir()


def test_options_take_precedence(project: Repository) -> None:
    project.write("avrogen.toml", PROJECT)
    assert run_avrogen("build", "-o", "mine").exit_code == 0
    assert (project.folder / "mine").is_dir() and not (project.folder / "src").exists()
    result = run_avrogen("build", "schemas")
    assert (result.exit_code, "Missing option '-o' / '--out'." in result.stderr) == (2, True)


def test_a_folder_as_baseline_is_relative_to_the_file(
    project: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("avrogen.toml", 'schemas = "schemas"\nagainst = "old"\n')
    project.write("old/order.avsc", ORDER.replace('"string"', '"long"'))
    monkeypatch.chdir(project.folder / "schemas")
    assert run_avrogen("check").exit_code == 1


def test_hooks(project: Repository) -> None:
    project.write("avrogen.toml", PROJECT)
    assert run_avrogen("build").exit_code == 0
    commit(project)
    for name in ("build", "drift", "check"):
        assert CliRunner().invoke(hooks, [name]).exit_code == 0, name
    project.write("schemas/order.avsc", ORDER.replace('"string"', '"long"'))
    for name in ("check", "drift"):
        assert CliRunner().invoke(hooks, [name]).exit_code == 1, name


def test_the_file_around_is_a_part_of_a_commit(project: Repository) -> None:
    """A topic that was in it is missed; its settings are those of the schemas in git."""
    project.write("avrogen.toml", PROJECT)
    project.write("schemas/refund.avsc", REFUND)
    project.edit("avrogen.toml", '"a.Order"', '["a.Order", "b.Refund"]')
    commit(project)
    project.edit("avrogen.toml", '["a.Order", "b.Refund"]', '"a.Order"')
    result = run_avrogen("check")
    assert result.exit_code == 1
    assert "error[AVR808] " in result.stderr


# --- mistakes -------------------------------------------------------------------------------------

USAGE = "Missing argument 'SCHEMAS...'. Name the schema folder"


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        (None, "", 2, f"{USAGE}, or set it in avrogen.toml or [tool.avrogen] of pyproject.toml"),
        ("avrogen.toml", "strict = true\n", 2, "(avrogen.toml has none)"),
        ("pyproject.toml", "[project]\n", 2, "(no such file is here or above)"),
        ("avrogen.toml", 'schemas = ["schemas"]\n', 2, "or set out in avrogen.toml."),
        ("avrogen.toml", 'schemas = ["scemas"]\n', 1, "avrogen.toml:1:12: error[AVR603] "),
        ("avrogen.toml", "schemas = 3\n", 1, "avrogen.toml:1:11: error[AVR603] "),
        ("avrogen.toml", "schemas = []\n", 1, "avrogen.toml:1:11: error[AVR603] "),
        ("avrogen.toml", "schemas =\n", 1, "error[AVR601] "),
        ("avrogen.toml", 'schemas = "schemas"\nout = 3\n', 1, "avrogen.toml:2:7: error[AVR603] "),
        (
            "pyproject.toml",
            "[tool.avrogen]\nschemas = 1\n",
            1,
            "pyproject.toml:2:11: error[AVR603]",
        ),
    ],
)
def test_mistakes(project: Repository, name: str | None, text: str, code: int, words: str) -> None:
    if name:
        project.write(name, text)
    result = run_avrogen("build")
    assert result.exit_code == code
    assert words in result.stderr


def test_the_repository_is_the_end(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file around a repository is another project's."""
    (project.folder.parent / "avrogen.toml").write_text('schemas = "project/schemas"\n')
    assert run_avrogen("lint").exit_code == 2
    monkeypatch.chdir(project.folder.parent)
    assert run_avrogen("lint").exit_code == 0


def test_messages_name_all_kinds_of_schema_files(project: Repository) -> None:
    (project.folder / "empty").mkdir()
    for command in ("build -o x empty", "lint empty", "docs -o x empty", "check --against . empty"):
        result = run_avrogen(*command.split())
        assert result.exit_code == 2
        assert "no .avsc, .avdl or .avpr files found in empty" in result.stderr

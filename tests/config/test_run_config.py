"""Several configured folders in one run, and configuration below the folders of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import run_avrogen, write_schemas


def record(name: str) -> str:
    field = '{"name": "price", "type": "double", "doc": "A price."}'
    return f'{{"type": "record", "name": "{name}", "fields": [{field}]}}'


def topic(name: str, value: str, *more: str) -> str:
    return "\n".join([f'[topics."{name}"]', f'value = "{value}"', *more, ""])


TEAMS = {
    "teams/a/order.avsc": record("a.Order"),
    "teams/b/refund.avsc": record("b.Refund"),
}
FOLDERS = ("teams/a", "teams/b")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_schemas(tmp_path, TEAMS)
    return tmp_path


def write(here: Path, a: str, b: str) -> None:
    write_schemas(here, {"teams/a/avrogen.toml": a, "teams/b/avrogen.toml": b})


def lint_codes() -> list[tuple[str, str]]:
    found = json.loads(run_avrogen("lint", *FOLDERS, "--format", "json").stderr)
    return [(each["code"], each["path"]) for each in found]


def test_one_catalogue_of_two_teams(here: Path) -> None:
    """Their packages may have classes of the same name."""
    name = 'name = "Events"'
    write(here, topic("a.orders", "a.Order", name), topic("b.refunds", "b.Refund", name))
    assert run_avrogen("docs", *FOLDERS, "-o", "site").exit_code == 0
    index = (here / "site/index.html").read_text("utf-8")
    assert "a.orders" in index and "b.refunds" in index
    assert run_avrogen("check", *FOLDERS, "--against", "teams").exit_code == 0
    assert lint_codes() == [
        ("AVR008", "teams/a/order.avsc"),
        ("AVR008", "teams/b/refund.avsc"),
    ]
    built = run_avrogen("build", *FOLDERS, "-o", "events")
    assert built.exit_code == 1
    assert "error[AVR607] " in built.stderr, "one package has one class of a name"


def test_one_package_of_two_teams(here: Path) -> None:
    write(here, topic("a.orders", "a.Order"), "strict = true\n" + topic("b.refunds", "b.Refund"))
    assert run_avrogen("build", *FOLDERS, "-o", "events").exit_code == 0
    topics = (here / "events/topics/__init__.py").read_text("utf-8")
    assert "AOrdersProducer" in topics and "BRefundsProducer" in topics


@pytest.mark.parametrize(
    "command", ["check --against teams/a", "lint", "docs -o site", "build -o x"]
)
def test_a_topic_of_two_teams(here: Path, command: str) -> None:
    write(here, topic("orders", "a.Order"), "\n" + topic("orders", "b.Refund"))
    result = run_avrogen(*command.split(), *FOLDERS)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "teams/b/avrogen.toml:2:9: error[AVR606] "
        'topic "orders" is different in teams/a/avrogen.toml:1:9',
        "  hint: keep one of the two tables, or make them equal",
    ]


def test_a_topic_that_two_teams_describe_alike(here: Path) -> None:
    write(here, topic("orders", "a.Order"), "\n" + topic("orders", "a.Order"))
    assert run_avrogen("docs", *FOLDERS, "-o", "site").exit_code == 0


def test_findings_are_accepted_for_the_folder_of_the_file(here: Path) -> None:
    write(here, '[lint]\naccept = ["AVR008"]\n', "")
    assert lint_codes() == [("AVR008", "teams/b/refund.avsc")]
    write(here, "", '[lint]\npaths = { "*" = ["AVR008"] }\n')
    assert lint_codes() == [("AVR008", "teams/a/order.avsc")]


def test_settings_that_differ(here: Path) -> None:
    """One package has one setting; for what generates none, they do not matter."""
    write(here, '[names]\nfield-style = "snake_case"\n', 'times.rounding = "error"\n')
    assert run_avrogen("build", *FOLDERS, "-o", "x").exit_code == 0
    write(here, 'times.out-of-range = "number"\n', 'strict = true\ntimes.rounding = "error"\n')
    result = run_avrogen("build", *FOLDERS, "-o", "x")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == (
        'teams/b/avrogen.toml:2:1: error[AVR606] "times" is different in teams/a/avrogen.toml:1:1'
    )
    assert run_avrogen("docs", *FOLDERS, "-o", "site").exit_code == 0


def test_names_are_those_of_all_files(here: Path) -> None:
    write(here, '[names.types]\n"a.Order" = "Buy"\n', '[names.types]\n"b.Refund" = "Back"\n')
    assert run_avrogen("build", *FOLDERS, "-o", "events").exit_code == 0
    texts = [path.read_text("utf-8") for path in (here / "events").rglob("*.py")]
    assert all(any(name in text for text in texts) for name in ("class Buy", "class Back"))
    write(here, '[names.types]\n"a.Order" = "Buy"\n', '[names.types]\n"b.Refund" = "not a name"\n')
    result = run_avrogen("build", *FOLDERS, "-o", "events")
    assert result.stderr.startswith("teams/b/avrogen.toml:2:14: error[AVR621] ")


# --- below the folder -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["check --against teams/a", "lint", "docs -o site", "build -o x"]
)
def test_a_configuration_below_the_folder_is_noticed(here: Path, command: str) -> None:
    write_schemas(here, {"teams/b/avrogen.toml": topic("refunds", "b.Refund")})
    result = run_avrogen(*command.split(), "teams", "--format", "json")
    (found,) = [each for each in json.loads(result.stderr) if each["code"] == "AVR541"]
    assert found["path"] == "teams/b/avrogen.toml"
    assert found["hint"] == (
        "name its folder too (teams teams/b), or move its tables to teams/avrogen.toml"
    )
    both = run_avrogen(*command.split(), "teams", "teams/b", "--format", "json")
    assert "AVR541" not in both.stderr


def test_projects_below_the_folder(here: Path) -> None:
    """Only with a table of avrogen's; hidden folders are no part of the run."""
    write_schemas(
        here,
        {
            "teams/a/pyproject.toml": "[tool.avrogen]\nstrict = true\n",
            "teams/b/pyproject.toml": "[tool.black]\n",
            "teams/.venv/avrogen.toml": "strict = true\n",
        },
    )
    result = run_avrogen("build", "teams", "-o", "x")
    assert result.exit_code == 0
    assert [line for line in result.stderr.splitlines() if "AVR541" in line] == [
        "teams/a/pyproject.toml:1:1: warning[AVR541] "
        "this configuration is not read: it is below the schema folder teams"
    ]
    assert run_avrogen("build", "teams", "-o", "x", "--strict").exit_code == 1
    write_schemas(here, {"teams/avrogen.toml": '[lint]\naccept = ["AVR541"]\n'})
    assert run_avrogen("build", "teams", "-o", "x", "--strict").exit_code == 0

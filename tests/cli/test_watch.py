"""``avrogen build --watch``: a real process, and real changes of files."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.watching import Watch, watching
from tests.conftest import run_avrogen, write_schemas

DONE = r"^(built|nothing)"
"""Each build ends with such a line."""


def record(name: str, *fields: str) -> dict[str, Any]:
    return {
        "type": "record",
        "name": f"shop.{name}",
        "fields": [{"name": field, "type": "string"} for field in fields],
    }


def put(file: Path, schema: Any) -> None:
    """Write a file as editors do: a whole one takes its place, so that nobody sees a half."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    new = file.with_name(f"{file.name}~")
    new.write_text(text, "utf-8")
    os.replace(new, file)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_schemas(tmp_path, {"schemas/order.avsc": record("Order", "id")})
    return tmp_path


def last(watch: Watch) -> str:
    """What the next build says, without how long it took."""
    return watch.wait_for(DONE)[-1].partition(", in ")[0]


def test_changed_new_broken_and_removed_files(project: Path) -> None:
    schemas = project / "schemas"
    with watching(project, "schemas", "-o", "pkg") as watch:
        first = watch.wait_for(DONE)
        assert len(first) == 1
        assert first[0].startswith("built 4 files, 4 changed, in ") and first[0].endswith(" s")
        put(schemas / "order.avsc", record("Order", "id", "note"))
        assert last(watch) == "built 4 files, 1 changed"
        assert "note: str" in (project / "pkg/shop/_order.py").read_text("utf-8")

        put(schemas / "order.avsc", '{"type": ')
        broken = watch.wait_for(DONE)
        assert broken[0].startswith("schemas/order.avsc:1:9: error[AVR105]")
        assert broken[-1].startswith("nothing written, in ")
        assert "note: str" in (project / "pkg/shop/_order.py").read_text("utf-8")
        put(schemas / "order.avsc", record("Order", "id"))
        assert last(watch) == "built 4 files, 1 changed"

        write_schemas(project / "aside", {"deep/refund.avsc": record("Refund", "id")})
        (project / "aside").rename(schemas / "new")
        assert last(watch) == "built 5 files, 3 changed"
        shutil.rmtree(schemas / "new")
        assert last(watch) == "built 4 files, 3 changed"
        assert not (project / "pkg/shop/_refund.py").exists()
        assert watch.stop() == 0
    assert len(watch.seen) == 7 and "Traceback" not in "\n".join(watch.seen)


def test_folders_that_go_and_come_back(project: Path) -> None:
    schemas = project / "schemas"
    with watching(project, "schemas", "-o", "pkg") as watch:
        assert last(watch) == "built 4 files, 4 changed"
        schemas.rename(project / "away")
        gone = watch.wait_for(DONE)
        assert gone[0].startswith("schemas:1:1: error[AVR101] cannot be read: No such file")
        assert (project / "pkg/shop/_order.py").exists()
        write_schemas(project / "aside", {"order.avsc": record("Order", "id", "note")})
        (project / "aside").rename(schemas)
        assert last(watch) == "built 4 files, 1 changed"
        put(schemas / "order.avsc", record("Order", "id"))  # it is the new folder that is watched
        assert last(watch) == "built 4 files, 1 changed"
        (schemas / "order.avsc").unlink()
        empty = watch.wait_for(DONE)
        assert empty[0] == "Error: no .avsc, .avdl or .avpr files found in schemas"
        assert (project / "pkg/shop/_order.py").exists()
        assert watch.stop() == 0


def test_configuration(project: Path) -> None:
    topic = '[{}topics.orders]\nvalue = "shop.Order"\n'
    with watching(project, "schemas", "-o", "pkg") as watch:
        assert last(watch) == "built 4 files, 4 changed"
        put(project / "pyproject.toml", topic.format("tool.avrogen."))
        assert last(watch) == "built 6 files, 2 changed"
        put(project / "pyproject.toml", "[project]\n")
        assert last(watch) == "built 4 files, 2 changed"
        put(project / "schemas/avrogen.toml", topic.format(""))
        assert last(watch) == "built 6 files, 2 changed"
        put(project / "schemas/avrogen.toml", topic.format("").replace("value", "valeu"))
        assert 'unknown key "valeu"' in "\n".join(watch.wait_for(DONE))
        (project / "schemas/avrogen.toml").unlink()
        assert last(watch) == "built 4 files, 2 changed"
        assert watch.stop() == 0


def test_its_own_output_does_not_wake_it(project: Path) -> None:
    """The package is in the schema folder; each build says what it did, so one too many shows."""
    schemas = project / "schemas"
    with watching(project, "schemas", "-o", "schemas/pkg") as watch:
        assert last(watch) == "built 4 files, 4 changed"
        put(schemas / "order.avsc", record("Order", "id", "note"))
        assert last(watch) == "built 4 files, 1 changed"
        put(schemas / "order.avsc", record("Order"))
        assert last(watch) == "built 4 files, 1 changed"
        assert watch.stop() == 0
    assert len(watch.seen) == 3


def test_quiet_is_about_the_line(project: Path) -> None:
    with watching(project, "schemas", "-o", "pkg", "--quiet") as watch:
        put(project / "schemas/order.avsc", "{")
        watch.wait_for(r"AVR105")
        assert watch.stop() == 0
    assert len(watch.seen) == 1


def test_it_does_not_go_with_check(project: Path) -> None:
    result = run_avrogen("build", project, "-o", project / "pkg", "--check", "--watch")
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr
    assert not (project / "pkg").exists()

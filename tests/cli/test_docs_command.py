"""How ``avrogen docs`` behaves: what it writes, leaves alone, refuses and says."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from avrogen.avro.reports import FORMATS
from avrogen.catalogue.site import CATALOGUE_MARKS
from tests.catalogue.pages import EXAMPLE
from tests.conftest import ROOT, run_avrogen, run_python, write_schemas
from tests.support.folders import snapshot

RECORD = {"type": "record", "name": "a.R", "fields": [{"name": "e", "type": "a.E"}]}
ENUM = {"type": "enum", "name": "a.E", "symbols": ["X"]}


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    return write_schemas(tmp_path / "schemas", {"r.avsc": RECORD, "e.avsc": ENUM})


def test_what_is_written_and_said(tmp_path: Path, schemas: Path) -> None:
    site = tmp_path / "site"
    first = run_avrogen("docs", schemas, "-o", site)
    assert (first.exit_code, first.stderr) == (0, "")
    counts = "10 written, 0 removed, 0 unchanged"
    assert first.stdout == f"2 schema files -> {site.as_posix()}/index.html: {counts}\n"
    assert {path for path in snapshot(site) if (site / path).is_file()} == {
        "asyncapi.yaml",
        "catalog.json",
        "index.html",
        "search.html",
        "assets/catalogue.css",
        "assets/catalogue.js",
        "assets/search-index.js",
        "namespaces/a.html",
        "types/a.E.html",
        "types/a.R.html",
    }


def test_only_what_changed_is_written_and_only_ours_removed(tmp_path: Path, schemas: Path) -> None:
    site = tmp_path / "site"
    run_avrogen("docs", schemas, "-o", site)
    foreign = site / "types" / "mine.html"
    foreign.write_text("<p>not ours</p>")
    run_avrogen("docs", EXAMPLE, "-o", site / "other")
    other = snapshot(site / "other")
    kept = (site / "types/a.E.html").stat()

    (schemas / "r.avsc").unlink()
    again = run_avrogen("docs", schemas, "-o", site)
    assert "1 schema file -> " in again.stdout and "1 removed" in again.stdout
    assert not (site / "types/a.R.html").exists()
    assert foreign.read_text() == "<p>not ours</p>"
    assert snapshot(site / "other") == other
    assert (site / "assets/catalogue.css").read_text().startswith(CATALOGUE_MARKS.headers[".css"])
    # The enum is no longer used by the record, and its page says so.
    assert (site / "types/a.E.html").stat().st_mtime_ns != kept.st_mtime_ns

    (site / "types/a.E.html").write_bytes(
        (site / "types/a.E.html").read_bytes().replace(b"\n", b"\r\n")
    )
    nothing = run_avrogen("docs", schemas, "-o", site)
    assert "0 written, 0 removed, 9 unchanged" in nothing.stdout


def test_packages_and_catalogues_leave_each_other_alone(tmp_path: Path, schemas: Path) -> None:
    out = tmp_path / "both"
    run_avrogen("build", schemas, "-o", out)
    package = snapshot(out)
    assert run_avrogen("docs", schemas, "-o", out).exit_code == 0
    both = snapshot(out)
    assert {path: text for path, text in both.items() if path in package} == package
    assert run_avrogen("build", schemas, "-o", out).exit_code == 0
    assert snapshot(out) == both


def test_foreign_files_stand_in_the_way(tmp_path: Path, schemas: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<h1>mine</h1>")
    result = run_avrogen("docs", schemas, "-o", site)
    assert result.exit_code == 1
    assert "index.html:1:1: error[AVR" in result.stderr
    assert snapshot(site) == {"index.html": b"<h1>mine</h1>"}


@pytest.mark.parametrize("style", FORMATS)
def test_broken_schemas_are_reported_and_nothing_is_written(
    tmp_path: Path, schemas: Path, style: str
) -> None:
    write_schemas(schemas, {"r.avsc": {**RECORD, "fields": [{"name": "e", "type": "a.Enum"}]}})
    (schemas / "avrogen.toml").write_text('[topics."t"]\nvalue = "a.Missing"\n')
    result = run_avrogen("docs", schemas, "-o", tmp_path / "site", "--format", style)
    assert result.exit_code == 1
    assert "a.Enum" in result.stderr and "a.Missing" in result.stderr
    if style == "json":
        assert {found["severity"] for found in json.loads(result.stderr)} == {"error"}
    assert not (tmp_path / "site").exists()


def test_usage(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    empty = run_avrogen("docs", tmp_path / "empty", "-o", tmp_path / "site")
    assert (empty.exit_code, "no .avsc, .avdl or .avpr files found" in empty.stderr) == (2, True)
    assert run_avrogen("docs", EXAMPLE).exit_code == 2
    assert run_avrogen("docs", tmp_path / "none", "-o", tmp_path / "site").exit_code == 2
    assert "avrogen docs schemas/ -o site" in run_avrogen("docs", "--help").stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folders_that_cannot_be_written(tmp_path: Path, schemas: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    result = run_avrogen("docs", schemas, "-o", tmp_path / "closed/site")
    assert (result.exit_code, result.stderr.startswith("Error: ")) == (2, True)


def test_the_same_bytes_everywhere(tmp_path: Path) -> None:
    """Whatever the order of files, the hash seed, the locale, the time zone and the folder."""
    run_avrogen("docs", EXAMPLE, "-o", tmp_path / "one")
    files = sorted((path for path in EXAMPLE.rglob("*") if path.is_file()), reverse=True)
    for file in files:
        copy = tmp_path / "copy" / file.relative_to(EXAMPLE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    odd = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "PYTHONUTF8": "0", "TZ": "Pacific/Kiritimati"}
    run = run_python(
        "-m", "avrogen", "docs", "copy", "-o", "two", cwd=tmp_path, PYTHONPATH=str(ROOT), **odd
    )
    assert run.returncode == 0, run.stderr
    assert snapshot(tmp_path / "two") == snapshot(tmp_path / "one")

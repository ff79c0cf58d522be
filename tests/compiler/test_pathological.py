"""Input that is no honest mistake: every build ends with diagnostics, and soon."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from avrogen import Schema, SchemaError
from avrogen.avro import model
from avrogen.avro.defaults import DefaultChecks, TooManyValues
from tests.conftest import ROOT, run_avrogen, run_python, write_schemas

SECONDS = 20
"""Far more than any of it takes; a build that hangs is killed by it."""

DECIMAL = {"type": "fixed", "name": "F", "size": 10**9, "logicalType": "decimal"}

TEXTS: dict[str, bytes] = {
    "50,000 nested arrays": (
        '{"type": "array", "items": ' * 50_000 + '"int"' + "}" * 50_000
    ).encode(),
    "100,000 brackets": b"[" * 100_000,
    "10 MB of digits": b'{"type": "fixed", "name": "F", "size": ' + b"9" * 10_000_000 + b"}",
    "10 MB of a name": b'"' + b"x" * 10_000_000 + b'"',
    "NUL": b'{"type": "fixed"\x00}',
    "only NUL": b"\x00" * 1000,
    "invalid UTF-8": b'{"type": "\xff"}',
    "UTF-16": '{"type": "string"}'.encode("utf-16"),
    "empty": b"",
    "an unclosed comment": b"/* " * 10_000,
    "an unclosed string": b'{"type": "' + b"\\" * 100_001,
    "escapes": b'"' + b"\\u0000" * 100_000 + b'"',
    "terminal escapes": b'{"type": "\x1b[2J"}',
    "a huge exponent": b'{"type": "fixed", "name": "F", "size": 1e999999999}',
}

ACCEPTED_OR_REFUSED: dict[str, bytes] = {
    "a byte order mark": b'\xef\xbb\xbf{"type": "record", "name": "R", "fields": []}',
    "a decimal of a billion digits": json.dumps({**DECIMAL, "precision": 10**9}).encode(),
    "a decimal in a billion bytes": json.dumps({**DECIMAL, "precision": 10}).encode(),
}


def build(folder: Path) -> tuple[int, str]:
    """Build in a process that is killed if it takes too long, with a limit on its memory."""
    code = (
        "import resource, signal; resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9,) * 2)\n"
        f"signal.alarm({SECONDS})\n"
        "from avrogen.cli import main; main()"
    )
    run = run_python("-c", code, "build", folder / "in", "-o", folder / "built", cwd=ROOT)
    assert "Traceback" not in run.stderr, run.stderr[-2000:]
    return run.returncode, run.stderr


@pytest.mark.parametrize("case", TEXTS)
def test_text_is_refused(tmp_path: Path, case: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.avsc").write_bytes(TEXTS[case])
    code, report = build(tmp_path)
    assert code == 1
    assert "a.avsc:1:" in report
    assert len(report) < 2_000
    assert "\x1b" not in report


@pytest.mark.parametrize("case", ACCEPTED_OR_REFUSED)
def test_text_is_accepted_or_refused(tmp_path: Path, case: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.avsc").write_bytes(ACCEPTED_OR_REFUSED[case])
    code, _ = build(tmp_path)
    assert code in {0, 1}


def test_a_folder_named_like_a_schema(tmp_path: Path) -> None:
    (tmp_path / "in/x.avsc").mkdir(parents=True)
    code, report = build(tmp_path)
    assert code == 1
    assert "x.avsc:1:1: error[AVR103]" in report


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/deep/back").symlink_to(tmp_path / "in")
    code, report = build(tmp_path)
    assert code == 1
    assert "in/deep/back:1:1: error[AVR104]" in report


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/gone.avsc").symlink_to(tmp_path / "nowhere")
    code, report = build(tmp_path)
    assert code == 1
    assert "gone.avsc:1:1: error[AVR101]" in report


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the operating system's answer is put in its mouth."""

    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    file = write_schemas(tmp_path, {"secret.avsc": "int"}) / "secret.avsc"
    monkeypatch.setattr(os, "open", refuse)
    result = run_avrogen("build", file, "-o", tmp_path / "built")
    assert result.exit_code == 1
    assert "secret.avsc:1:1: error[AVR101] cannot be read: Permission denied" in result.stderr


def test_a_pipe(tmp_path: Path) -> None:
    """Reading it would wait for ever."""
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in/pipe.avsc")
    code, report = build(tmp_path)
    assert code == 1
    assert "pipe.avsc:1:1: error[AVR101]" in report


def namespaces(count: int, parts: int) -> str:
    names = [".".join([f"n{number}", *"a" * (parts - 1)]) for number in range(count)]
    return json.dumps(
        [{"type": "record", "name": "R", "namespace": name, "fields": []} for name in names]
    )


@pytest.mark.parametrize(("count", "parts"), [(1, 501), (1, 200_000), (100, 200), (4_000, 100)])
@pytest.mark.parametrize("command", ["build", "docs"])
def test_namespaces_of_too_many_packages_are_refused(
    tmp_path: Path, count: int, parts: int, command: str
) -> None:
    """Each part is a folder: half a million of them would take hours."""
    schemas = write_schemas(tmp_path, {"a.avsc": namespaces(count, parts)})
    result = run_avrogen(command, schemas, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.count("AVR202") == 1
    assert "becomes a Python package" in result.stderr


def test_folders_of_long_namespaces_are_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of 300 folders is inside all of those before it."""
    schemas = write_schemas(tmp_path, {"a.avsc": namespaces(1, 300)})
    calls = 0

    def counted(function: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            return function(*args, **options)

        return call

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    for _ in range(2):
        result = run_avrogen("build", schemas, "-o", tmp_path / "out")
        assert result.exit_code == 0, result.stderr
    assert 300 < calls < 40 * 300, calls


def test_a_namespace_of_hundreds_of_upper_case_parts(tmp_path: Path) -> None:
    """The innermost module is the first file of all: its folders do not exist yet."""
    schemas = write_schemas(
        tmp_path,
        {"a.avsc": {"type": "fixed", "size": 1, "name": ".".join("A" * 450)}},
    )
    result = run_avrogen("build", schemas, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr


def test_defaults_of_very_many_values_are_refused(tmp_path: Path) -> None:
    """black takes 0.3 ms for each of them, and 3 KB."""
    array = {"type": "array", "items": "int"}
    record = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": name, "type": array, "default": [1] * size}
            for name, size in {"a": 40_000, "b": 30, "c": 10}.items()
        ],
    }
    write_schemas(tmp_path, {"in/r.avsc": json.dumps(record)})
    code, errors = build(tmp_path)
    assert code == 1
    assert errors.count("error[AVR403]") == 1
    assert "R.a has no Python value: the defaults have more than 20,000 values" in errors


def test_ten_values_of_each_default_do_not_count() -> None:
    """Honest packages of any size are built; many large defaults together are refused."""
    checks = DefaultChecks({})
    array = model.Array(model.Primitive("int"))
    few: list[model.Json] = [1] * 9
    many: list[model.Json] = [1] * 2_000
    for _ in range(3_000):
        assert checks.completed_for_code(array, few) == few
    for _ in range(10):
        checks.completed_for_code(array, many)
    with pytest.raises(TooManyValues):
        checks.completed_for_code(array, many)
    checks.completed_for_code(array, few)


@pytest.mark.parametrize("number", ["1" * 1_001, "1." + "1" * 1_000, "1e" + "0" * 1_000 + "1"])
def test_long_numbers_are_refused_as_such(number: str) -> None:
    text = f'{{"type": "record", "name": "R", "fields": [], "x": {number}}}'
    with pytest.raises(SchemaError, match=r"number of \d+ (?:digits|characters), at most 1000"):
        Schema.parse(text)

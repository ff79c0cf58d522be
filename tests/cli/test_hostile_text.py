"""Text of strangers reaches no terminal and no CI job as anything but text."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from avrogen.avro.reports import FORMATS
from avrogen.kafka.registry.connection import connect
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.message_text import printable_json, printable_lines
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import ROOT
from tests.evolution.repositories import Repository

ESCAPES = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e\u2066\x7f\u200b\ufeff"
COMMANDS = ("::add-mask::x", "  ::stop-commands::x", "##[add-mask]x", "##vso[task.x]y")
NAMES = (f"{ESCAPES}.avsc", *(f"{command}.avsc" for command in COMMANDS), "a\n::error::x.avsc")
COLOUR = re.compile(r"\x1b\[[0-9]*m")
ANNOTATION = re.compile(r"::(error|warning) file=[^,]*,line=\d+,col=\d+,title=AVR\d{3}::")


def on_terminal(folder: Path, *arguments: str, module: str = "avrogen") -> str:
    """What a command writes to a terminal, without the colours of its own."""
    parent, child = pty.openpty()
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    environment |= {"COLUMNS": "200", "CI": ""}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=child, stdout=child, stderr=child
    ) as process:
        os.close(child)
        data = b"".join(iter(lambda: _read(parent), b""))
        os.close(parent)
        process.wait(60)
    text = data.decode("utf-8").replace("\r\n", "\n")
    assert "Traceback" not in text, text
    return COLOUR.sub("", text)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def assert_harmless(text: str, style: str = "text") -> None:
    assert text.strip()
    for line in text.split("\n"):
        assert line.isprintable(), ascii(line)
        assert "##[" not in line and "##vso[" not in line, line
        if line.lstrip().startswith("::"):
            assert style == "github" and ANNOTATION.match(line), line


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """Two folders of schemas that do not fit each other, in a git repository."""
    for folder, type_ in (("old", "int"), ("new", "string")):
        for name in NAMES:
            path = tmp_path / folder / ESCAPES / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"type": "array", "items": type_, "doc": ESCAPES}))
    Repository(tmp_path).commit_all()
    return tmp_path


STYLES = FORMATS


@pytest.mark.parametrize("style", STYLES)
def test_check(schemas: Path, style: str) -> None:
    text = on_terminal(schemas, "check", "new", "--against", "old", "--format", style)
    assert "incompatible" in text
    assert_harmless(text, style)


@pytest.mark.parametrize("style", STYLES)
def test_errors_in_schemas(schemas: Path, style: str) -> None:
    for name in NAMES:
        (schemas / "new" / name).write_text(json.dumps({"type": ESCAPES, "x": COMMANDS}))
    (schemas / "new/avrogen.toml").write_text(f'"{"::error::x"}" = 1\n')
    for command in (("build", "new", "-o", "built"), ("docs", "new", "-o", "built")):
        assert_harmless(on_terminal(schemas, *command, "--format", style), style)


def test_build_and_the_diff_of_a_check(schemas: Path) -> None:
    assert_harmless(on_terminal(schemas, "build", "new", "-o", f"{ESCAPES}\n::x::/built"))
    assert_harmless(on_terminal(schemas, "build", "new", "-o", "built"))
    for path in (schemas / "built").rglob("*.py"):
        lines = "".join(f"{text}\n" for text in (ESCAPES, *COMMANDS, "::x::\r\x0b\x1c::y::"))
        path.write_text(path.read_text() + lines)
    text = on_terminal(schemas, "build", "new", "-o", "built", "--check")
    assert "to write" in text and r"\x1b]0;title" in text
    assert_harmless(text)


def test_words_of_the_command_line(schemas: Path) -> None:
    for hostile in (f"{ESCAPES}##[add-mask]x", "::x::\n::error::x"):
        missing = f"missing/{hostile}"
        for arguments in (
            ("build", missing, "-o", "built"),
            ("build", "new", "-o", hostile),
            ("build", "new", "-o", "built", "--format", hostile),
            ("check", "new", "--against", hostile),
            ("check", "new", "--against", f"git:{hostile}"),
            ("explain", hostile),
            (hostile,),
        ):
            assert_harmless(on_terminal(schemas, *arguments))


def test_other_commands(schemas: Path) -> None:
    assert_harmless(on_terminal(schemas, "docs", "new", "-o", ESCAPES))
    assert_harmless(on_terminal(schemas, "init", f"{ESCAPES}/x"))
    hook = "avrogen.cli.hooks"
    assert_harmless(on_terminal(schemas, "drift", "new", "-o", "built", module=hook))
    assert_harmless(on_terminal(schemas, "check", "new", module=hook))


def test_registry(tmp_path: Path) -> None:
    schema = json.dumps({"type": "record", "name": "R", "fields": []})
    with EmbeddedRegistry() as registry:
        client = connect({"url": registry.url})
        for subject in (f"{ESCAPES}-value", *COMMANDS):
            client.register(subject, SchemaText(schema))
        client.close()
        for style in ("text", "json"):
            more = ("--url", registry.url, "--format", style)
            pulled = on_terminal(tmp_path, "registry", "pull", "*", "--out", "pulled", *more)
            assert_harmless(pulled)


@pytest.fixture
def letters(avrogen_broker: EmbeddedBroker) -> Iterator[str]:
    headers = {
        "topic": ESCAPES,
        "partition": "0",
        "offset": "0",
        "stage": ESCAPES,
        "class.name": "::error::x",
        "exception.class.name": ESCAPES,
        "exception.message": "\n".join((ESCAPES, *COMMANDS)),
    }
    producer = Producer({"bootstrap.servers": avrogen_broker.bootstrap_servers})
    for topic in (ESCAPES, "shop.orders"):
        named = [(f"__connect.errors.{n}", v) for n, v in {**headers, "topic": topic}.items()]
        more = [(f"{ESCAPES}\n::error::x", ESCAPES), *((c, c) for c in COMMANDS)]
        producer.produce("orders.dlq", ESCAPES, key=ESCAPES, headers=[*named, *more])
    producer.flush(10)
    yield avrogen_broker.bootstrap_servers


@pytest.mark.parametrize("style", ["text", "json"])
def test_dead_letters(tmp_path: Path, letters: str, style: str) -> None:
    more = ("--brokers", letters, "--format", style)
    text = on_terminal(tmp_path, "dead-letters", "orders.dlq", *more)
    assert "shop.orders" in text
    assert_harmless(text)
    if style == "json":
        headers = [json.loads(line)["headers"] for line in text.splitlines()]
        assert [names[1][0] for names in headers] == [COMMANDS[0]] * 2


def test_there_is_one_way_out() -> None:
    """Commands print by ``echo`` of avrogen.cli.common."""
    texts = {path.name: path.read_text() for path in (ROOT / "avrogen/cli").glob("*.py")}
    prints = re.compile(r"click\.s?echo|\bsys\.std\w+\.w")
    found = {name for name, text in texts.items() if prints.search(text)}
    assert found == {"common.py"}


@pytest.mark.parametrize("text", [ESCAPES, *COMMANDS, "\U000e0001 \ud800", '"\\', "a\nb"])
def test_json_keeps_its_value(text: str) -> None:
    shown = printable_json(json.dumps([text], ensure_ascii=False, indent=2))
    assert json.loads(shown) == [text]
    assert_harmless(shown.encode("utf-8").decode("utf-8"))


def test_lines() -> None:
    assert printable_lines("a\n ::b::c\n##[d]e\tf") == "a\n \\x3a:b::c\n\\x23#[d]e\\tf"
    assert printable_lines("::error::a\x07", commands=True) == "::error::a\\x07"

"""Every command and every kind of problem in every format, from a subfolder of a repository."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from avrogen.kafka.registry.connection import connect
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import run_avrogen, write_schemas
from tests.downstream.service_repository import Repository, git_environment

jsonschema: Any = import_module("jsonschema")  # which has no types


def record(*fields: str) -> str:
    return f'{{"type": "record", "name": "shop.R", "fields": [{", ".join(fields)}]}}'


ID = '{"name": "id", "type": "string"}'
PRICE = '{"name": "price", "type": "double"}'
ODD = '{"name": "odd", "type": {"type": "int", "logicalType": "odd"}}'
WRONG = '{"name": "wrong", "type": "strin"}'
TOPIC = '[topics.orders]\nvalue = "shop.R"\n'
PROJECT = 'schemas = "schemas"\nout = "events"\ndocs-out = "site"\nagainst = "old"\n'

VALID = {"schemas/r.avsc": record(ID), "schemas/avrogen.toml": TOPIC, "old/r.avsc": record(ID)}
KINDS: Mapping[str, tuple[str, dict[str, str], str, str]] = {
    "error": ("build schemas -o events", {"schemas/r.avsc": record(WRONG)}, "AVR203", "r.avsc"),
    "warning": ("build schemas -o events", {"schemas/r.avsc": record(ODD)}, "AVR502", "r.avsc"),
    "strict": (
        "build schemas -o events --strict",
        {"schemas/r.avsc": record(ODD)},
        "AVR502",
        "r.avsc",
    ),
    "syntax": ("build schemas -o events", {"schemas/r.avsc": "{"}, "AVR105", "r.avsc"),
    "idl": ("build schemas -o events", {"schemas/p.avdl": "protocol"}, "AVR109", "p.avdl"),
    "setting": ("build schemas -o events", {"schemas/avrogen.toml": "x = 1"}, "AVR602", "toml"),
    "topic": (
        "build schemas -o events",
        {"schemas/avrogen.toml": '[topics.a]\nvalue = "B"\n'},
        "AVR609",
        "toml",
    ),
    "unread": (
        "build schemas -o events",
        {"schemas/in/avrogen.toml": "strict = true"},
        "AVR541",
        "schemas/in/avrogen.toml",
    ),
    "drift": ("build schemas -o events --check", {}, "AVR702", ".py"),
    "blocked": (
        "build schemas -o events",
        {"events/__init__.py": "# by hand"},
        "AVR701",
        "events/__init__.py",
    ),
    "project": ("build", {"avrogen.toml": 'schemas = ["no"]\n'}, "AVR603", "avrogen.toml"),
    "broken project": ("lint", {"avrogen.toml": "schemas =\n"}, "AVR601", "avrogen.toml"),
    "breaking": (
        "check schemas --against old",
        {"schemas/r.avsc": record(ID, PRICE)},
        "AVR805",
        "r.avsc",
    ),
    "breaking in git": (
        "check schemas --against git:HEAD",
        {"schemas/r.avsc": record(ID, PRICE)},
        "AVR805",
        "r.avsc",
    ),
    "removed": (
        "check schemas --against old",
        {"old/s.avsc": '{"type": "fixed", "name": "shop.S", "size": 2}'},
        "AVR807",
        "",
    ),
    "value": (
        "check schemas --against old",
        {
            "old/r.avsc": record('{"name": "n", "type": "int", "default": 1}'),
            "schemas/r.avsc": record('{"name": "n", "type": "int", "default": 2}'),
        },
        "AVR907",
        "r.avsc",
    ),
    "invalid": ("check schemas --against old", {"schemas/r.avsc": "{"}, "AVR105", "r.avsc"),
    "baseline": ("check schemas --against old", {"old/r.avsc": "{"}, "AVR105", "old/r.avsc"),
    "lint": ("lint schemas", {"schemas/r.avsc": record(PRICE)}, "AVR008", "r.avsc"),
    "lint error": ("lint schemas", {"schemas/r.avsc": record(WRONG)}, "AVR203", "r.avsc"),
    "unused": (
        "lint schemas",
        {"schemas/avrogen.toml": '[lint]\naccept = ["AVR008"]\n'},
        "AVR540",
        "toml",
    ),
    "docs error": ("docs schemas -o site", {"schemas/r.avsc": record(WRONG)}, "AVR203", "r.avsc"),
    "docs warning": ("docs schemas -o site", {"schemas/r.avsc": record(ODD)}, "AVR502", "r.avsc"),
    "show": ("show schemas/r.avsc", {"schemas/r.avsc": record(WRONG)}, "AVR203", "r.avsc"),
    "status": ("registry status schemas --url URL", {}, "AVR809", "schemas"),
    "register": ("registry register schemas --url URL", {}, "AVR809", "schemas"),
    "status error": (
        "registry status schemas --url URL",
        {"schemas/r.avsc": record(WRONG)},
        "AVR203",
        "r.avsc",
    ),
}
"""Command, files besides the valid ones, code, and the end of the path."""

FOLDER = "services/my shop"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose service is the current folder."""
    repository = Repository(tmp_path, git_environment())
    write_schemas(tmp_path / FOLDER, VALID)
    repository.git("init", "--quiet")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=Service")
    monkeypatch.chdir(tmp_path / FOLDER)
    return repository


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A registry whose schema of the topic is another one."""
    with EmbeddedRegistry() as registry:
        client = connect({"url": registry.url})
        client.register("orders-value", SchemaText('"string"'))
        client.close()
        yield registry.url


@pytest.mark.parametrize("style", ["text", "json", "github", "sarif", "junit", "gitlab"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(service: Repository, url: str, kind: str, style: str) -> None:
    command, files, code, end = KINDS[kind]
    write_schemas(service.folder / FOLDER, files)
    arguments = [each.replace("URL", url) for each in shlex.split(command)]
    result = run_avrogen(*arguments, "--format", style)
    if command.startswith("registry") and style in ("text", "json") and code == "AVR809":
        return  # the result on stdout says it
    found = dict(FOUND[style](result.stderr))
    if kind == "drift" and style == "text":
        assert "+++ " in result.stdout  # the diff says it
        return
    assert code in found, result.output
    path = found[code]
    assert path.endswith(end)
    at_top = style not in ("text", "json")
    assert path.startswith(f"{FOLDER}/") == at_top, path
    if end:
        assert (service.folder / path if at_top else Path(path)).exists() or code == "AVR702"


# --- formats --------------------------------------------------------------------------------------

SARIF = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "minItems": 1,
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {"required": ["driver"]},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "items": {
                            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                            },
                        }
                    },
                },
            },
        },
    },
}
"""What GitHub's code scanning requires (docs.github.com, "SARIF support for code scanning")."""

GITLAB = {
    "type": "array",
    "items": {
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "not": {"pattern": "^(/|\\./)"}},
                    "lines": {
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""GitLab's documentation, "Code Quality report format"."""

Found = Iterator[tuple[str, str]]


def in_text(text: str) -> Found:
    for line in re.finditer(r"^(.+?):\d+:\d+: (?:error|warning)\[(AVR\d+)\] ", text, re.MULTILINE):
        yield line[2], line[1]


def in_json(text: str) -> Found:
    for each in json.loads(text):
        yield each["code"], each["path"]


def in_github(text: str) -> Found:
    line = r"^::(?:error|warning) file=([^,]+),line=\d+,col=\d+,title=(AVR\d+)::."
    yield from ((each[2], each[1]) for each in re.finditer(line, text, re.MULTILINE))


def in_sarif(text: str) -> Found:
    document = json.loads(text)
    jsonschema.validate(document, SARIF)
    (run,) = document["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        place: Any = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] > 0 and place["region"]["startColumn"] > 0
        yield result["ruleId"], place["artifactLocation"]["uri"].replace("%20", " ")
    if full := os.environ.get("AVROGEN_SARIF_SCHEMA"):
        jsonschema.validate(document, json.loads(Path(full).read_text("utf-8")))


def in_junit(text: str) -> Found:
    """The elements and attributes of the XSD of Jenkins' plugin, with ``file`` and ``line``."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    (suite,) = root
    cases = list(suite)
    assert suite.tag == "testsuite" and suite.attrib.keys() >= {"name", "tests", "failures"}
    assert suite.attrib["tests"] == root.attrib["tests"] == str(len(cases))
    failures = [case for case in cases if case.find("failure") is not None]
    assert suite.attrib["failures"] == root.attrib["failures"] == str(len(failures))
    for case in cases:
        assert case.tag == "testcase" and case.attrib.keys() >= {"name", "classname"}
        assert {child.tag for child in case} <= {"failure", "system-out"}
        yield case.attrib["name"].partition(" ")[0], case.attrib.get("file", "")


def in_gitlab(text: str) -> Found:
    document = json.loads(text)
    jsonschema.validate(document, GITLAB)
    prints = [each["fingerprint"] for each in document]
    assert len(set(prints)) == len(prints)
    yield from ((each["check_name"], each["location"]["path"]) for each in document)


FOUND = {
    "text": in_text,
    "json": in_json,
    "github": in_github,
    "sarif": in_sarif,
    "junit": in_junit,
    "gitlab": in_gitlab,
}

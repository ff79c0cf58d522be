"""What ``docs/registry-commands.md`` says of states, settings and JSON is what there is."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostics
from avrogen.config import registry_connection
from avrogen.config.run_config import read_config
from avrogen.registry_sync.register import RegisterOutcome
from avrogen.registry_sync.status import SubjectState
from tests.conftest import ROOT, write_schemas
from tests.registry_sync.conftest import KEY, Peek, Run

PAGE = (ROOT / "docs" / "registry-commands.md").read_text("utf-8")


def test_states() -> None:
    section = PAGE.partition("| state |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (.+?) \|", section, re.MULTILINE) == list(SubjectState)


def test_results() -> None:
    listed = re.search(r"`result` \((.*?)\)", PAGE, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`(.+?)`", listed[1])) == {*RegisterOutcome, "would be registered"}


def test_variables() -> None:
    named = set(re.findall(r"AVROGEN_REGISTRY_[A-Z_]+", PAGE))
    assert named == {
        registry_connection.URL,
        registry_connection.USER,
        registry_connection.PASSWORD,
        registry_connection.TOKEN,
        registry_connection.KEY_PASSWORD,
    }


def test_settings(tmp_path: Path) -> None:
    shown = re.search(r"```toml\n(\[registry\].*?)```", PAGE, re.DOTALL)
    assert shown is not None
    folder = write_schemas(tmp_path, {"avrogen.toml": shown[1]})
    diagnostics = Diagnostics()
    config = read_config([folder], diagnostics)
    assert not list(diagnostics)
    assert config.registry is not None
    assert config.registry.url == "https://registry.example.com"
    assert len(tomllib.loads(shown[1])["registry"]) == len(dataclasses.fields(config.registry))


def test_members_of_json(run: Run, schemas: Path, peek: Peek, tmp_path: Path) -> None:
    peek.register("keys", KEY)
    described = PAGE.partition("\n## JSON\n")[2].partition("\n## ")[0]
    parts = dict(re.findall(r"^\* `(\w+)`: (.*?)(?=^\*|\Z)", described, re.MULTILINE | re.DOTALL))
    parts["register"] += parts["status"]
    commands: dict[str, list[str | Path]] = {
        "status": [schemas],
        "register": [schemas, "--dry-run"],
        "pull": ["keys", "-o", tmp_path / "pulled"],
    }
    for command, arguments in commands.items():
        document = json.loads(run(command, *arguments, "--format", "json").stdout)
        members = {*document, *document["subjects"][0]}
        if command == "pull":
            members |= {*document["files"]}
        assert members <= set(re.findall(r"`(\w+)`", parts[command])), command

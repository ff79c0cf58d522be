"""``avrogen check --against URL`` over each registry."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from click.testing import Result

from tests.conftest import run_avrogen, write_schemas
from tests.services.fixtures import ON_SERVICES
from tests.support.registry_requests import ask, path
from tests.testing.registry.conftest import AnyRegistry

MONEY: dict[str, Any] = {
    "type": "record",
    "name": "acme.Money",
    "fields": [{"name": "cents", "type": "long"}],
}
ORDER: dict[str, Any] = {
    "type": "record",
    "name": "acme.Order",
    "fields": [{"name": "id", "type": "long"}, {"name": "paid", "type": ["null", "acme.Money"]}],
}


def narrower() -> dict[str, Any]:
    return {**MONEY, "fields": [{"name": "cents", "type": "int"}]}


def write(folder: Path, topic: str, money: dict[str, Any]) -> Path:
    toml = f'[topics."{topic}"]\nvalue = "acme.Order"\n'
    files = {"avrogen.toml": toml, "money.avsc": money, "order.avsc": ORDER}
    return write_schemas(folder, files)


def level(registry: AnyRegistry, subject: str, level: str) -> None:
    url = registry.url + path("config", subject)
    assert ask(url, "PUT", {"compatibility": level})[0] == 200


def check(registry: AnyRegistry, folder: Path, *options: str) -> Result:
    return run_avrogen("check", folder, "--against", registry.url, "--format", "json", *options)


@ON_SERVICES
def test_versions_and_levels(registry: AnyRegistry, tmp_path: Path) -> None:
    topic = f"t{uuid.uuid4().hex}"
    folder = write(tmp_path, topic, MONEY)
    assert json.loads(check(registry, folder).stdout)["verdicts"][0]["verdict"] == "new"
    registered = run_avrogen("registry", "register", folder, "--url", registry.url)
    assert registered.exit_code == 0, registered.output
    level(registry, f"{topic}-value", "BACKWARD")
    same = check(registry, folder)
    assert (same.exit_code, json.loads(same.stderr)) == (0, [])
    assert json.loads(same.stdout)["verdicts"][0]["verdict"] == "unchanged"

    write(folder, topic, narrower())
    broken = check(registry, folder)
    assert broken.exit_code == 1
    (finding,) = json.loads(broken.stderr)
    assert finding["code"] == "AVR801"
    assert finding["path"].endswith("money.avsc")
    assert finding["affected"] == [f"subject {topic}-value"]
    (verdict,) = json.loads(broken.stdout)["verdicts"]
    assert verdict["level"] == "BACKWARD"
    assert [one["path"] for one in verdict["incompatibilities"]] == ["/fields/1/type/1"]

    level(registry, f"{topic}-value", "FORWARD")
    assert check(registry, folder).exit_code == 0
    assert check(registry, folder, "--level", "FULL").exit_code == 1

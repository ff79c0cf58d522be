"""``docs/avrogen.schema.json`` is what the code says, and takes what the code takes."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.reference.config_schema import FILE, config_schema
from tests.reference.test_pages import KEYS, TABLES, values_beside

WRONG = (
    "strikt = true\n",
    'strict = "yes"\n',
    '[topics."a"]\nname = "A"\n',
    '[topics."a"]\nvalue = 1\n',
    "[registry]\ntimeout = -1\n",
    '[types.logical.money]\nto-base = "f"\n',
)


def check(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(FILE)]
    return subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, check=False, timeout=120
    )


def test_it_is_current() -> None:
    assert FILE.read_text("utf-8") == config_schema(), "make reference"


def test_it_takes_what_the_code_takes(tmp_path: Path) -> None:
    files = [ROOT / "schemas/avrogen.toml"]
    for number, (table, key) in enumerate(KEYS):
        files.append(tmp_path / f"{number}.toml")
        lines = [table, key.example, *values_beside(table, key)]
        files[-1].write_text("\n".join(lines))
    assert len(files) > len(TABLES)
    run = check(*files)
    assert run.returncode == 0, run.stdout


def test_it_refuses_mistakes(tmp_path: Path) -> None:
    for number, text in enumerate(WRONG):
        file = tmp_path / f"{number}.toml"
        file.write_text(text)
        assert check(file).returncode == 1, text

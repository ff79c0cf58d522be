"""Fields and symbols with the names of methods that came later keep their names in Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, run_avrogen

SCHEMA = {
    "type": "record",
    "name": "n.R",
    "fields": [
        {"name": "to_json", "type": "string"},
        {"name": "from_dict", "type": ["null", "int"], "default": None},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["to_dict", "A"]}},
    ],
}
USE = (
    "from pkg.n import E, R; from avrogen.runtime.v1 import AvroRecord; "
    "value = R(to_json='a', e=E.to_dict); assert R.from_avro(value.to_avro()) == value; "
    "print(AvroRecord.to_json(value))"
)


def test_names_are_kept_and_accepted_by_type_checkers(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "r.avsc").write_text(json.dumps(SCHEMA), "utf-8")
    built = run_avrogen("build", schemas, "-o", tmp_path / "pkg")
    assert built.exit_code == 0, built.stderr
    text = (tmp_path / "pkg/n/_r.py").read_text("utf-8")
    assert "    to_json: str  # type: ignore[assignment]\n" in text
    assert "    e: E\n" in text
    assert 'to_dict = "to_dict"  # type: ignore[assignment]\n' in (
        (tmp_path / "pkg/n/_e.py").read_text("utf-8")
    )
    run = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout == '{"to_json":"a","from_dict":null,"e":"to_dict"}\n'
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "pkg"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stdout

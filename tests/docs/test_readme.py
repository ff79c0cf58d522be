"""What the README shows of files and output is what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT, run_avrogen
from tests.docs.pages import blocks

README = ROOT / "README.md"


def test_excerpt_is_generated_code() -> None:
    excerpt = next(block.code for block in blocks(README) if block.language == "python")
    module = ROOT / "generated_example/com/acme/shop/_order_placed.py"
    assert module.read_text("utf-8").startswith(excerpt)


def test_shown_warning_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run_avrogen("build", "schemas", "-o", tmp_path / "pkg")
    text = README.read_text("utf-8")
    assert all(f"    {line}\n" in text for line in result.stderr.splitlines())

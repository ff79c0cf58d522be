"""What the README shows: the excerpt is generated code, the example runs, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_avrogen, run_python

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


def test_excerpt_is_generated_code() -> None:
    excerpt = blocks(ROOT / "README.md", "python")[0]
    module = ROOT / "generated_example/com/acme/shop/_order_placed.py"
    assert module.read_text("utf-8").startswith(excerpt)


def test_usage_runs(tmp_path: Path) -> None:
    assert run_avrogen("build", ROOT / "schemas", "-o", tmp_path / "pkg").exit_code == 0
    usage = blocks(ROOT / "README.md", "python")[1]
    run = run_python("-c", usage, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert run.returncode == 0, run.stderr


def test_shown_warning_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run_avrogen("build", "schemas", "-o", tmp_path / "pkg")
    text = (ROOT / "README.md").read_text("utf-8")
    assert all(f"    {line}\n" in text for line in result.stderr.splitlines())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (page.parent / target).exists(), target

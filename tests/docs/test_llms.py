"""``llms.txt`` (llmstxt.org): every page and command with a line, and nothing that is not there."""

from __future__ import annotations

import re

from avrogen.cli import main
from tests.conftest import ROOT

TEXT = (ROOT / "llms.txt").read_text("utf-8")
URL = "https://github.com/avrogen/avrogen/blob/main/"


def pages() -> list[str]:
    """The Markdown pages in the order of the contents, without the first, which is an overview."""
    contents = (ROOT / "docs/contents.rst").read_text("utf-8")
    entries = re.findall(r"^   ([\w./-]+)$", contents, re.MULTILINE)
    paths = [
        f"docs/{entry}.md" if not entry.startswith("../") else f"{entry[3:]}.md"
        for entry in entries
    ]
    return [path for path in paths if "/api/" not in path and path != "docs/index.md"]


def test_its_shape() -> None:
    title, _, summary, *_ = TEXT.splitlines()
    assert title == "# avrogen" and summary.startswith("> ")
    assert "\n## Optional\n" in TEXT
    assert all(len(line) <= 200 for line in TEXT.splitlines())


def test_every_page_has_a_line() -> None:
    lines = re.findall(rf"^- \[([^]]+)\]\({URL}([^)]+)\): (\S.*)$", TEXT, re.MULTILINE)
    assert sorted(path for _, path, _ in lines) == sorted(pages())
    assert TEXT.count("](") == len(lines)
    for title, path, _ in lines:
        assert f"# {title}\n" in (ROOT / path).read_text("utf-8"), path


def test_every_command_has_its_summary() -> None:
    lines = dict(re.findall(r"^- `avrogen ([\w-]+)`: (.*)$", TEXT, re.MULTILINE))
    assert lines == {name: each.get_short_help_str(200) for name, each in main.commands.items()}


def test_what_it_names_exists() -> None:
    assert (ROOT / "docs/avrogen.schema.json").is_file()
    page = (ROOT / "docs/diagnostics.md").read_text("utf-8")
    assert all(f"### {code} " in page for code in re.findall(r"AVR\d+", TEXT))


def test_the_site_has_it() -> None:
    assert '"../llms.txt"' in (ROOT / "docs/conf.py").read_text("utf-8")

"""Pages that teach have the Windows form of each Unix-only command, and no Unix-only Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.pages import blocks, name
from tests.docs.shell import commands_of

PAGES = [ROOT / "docs/quickstart.md", ROOT / "docs/tutorial.md"]

WINDOWS_FORMS = {
    r"python3 ": "py -m venv",
    r"source ": r".venv\Scripts\Activate.ps1",
    r"(?:sed|cat|head|grep) ": "Get-Content",
    r"echo \$\?": "$LASTEXITCODE",
    r".*&$": "start python",
    r"kill ": "close the window",
}
"""Commands of Unix shells, and what the text after their block says for PowerShell."""

PORTABLE = r"(?:avrogen|python|pip) [^|;&<>$`~]*"
"""Commands that any shell takes as they are."""

UNIX_SIGNALS = {"SIGALRM", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "alarm", "pause", "sigwait"}
UNIX_ONLY = {
    "os": {"fork", "geteuid", "getuid", "kill", "killpg", "mkfifo", "setsid", "wait"},
    "signal": UNIX_SIGNALS,
}
"""Names that Python lacks on Windows, by module; ``os.kill`` does something else there."""


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_unix_commands_have_a_windows_form(page: Path) -> None:
    """It stands between the block and the next block or heading."""
    shown = [block for block in blocks(page) if block.language == "console"]
    assert shown
    for block in shown:
        for command, _ in commands_of(block.code):
            form = windows_form(command)
            assert form in text_after(page, block.line), f"{block.place}: $ {command}: {form}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_programs_run_on_windows(page: Path) -> None:
    programs = [block for block in blocks(page) if block.language == "python"]
    assert programs
    for block in programs:
        assert unix_only(block.code) == set(), block.place


def test_unknown_commands_are_refused() -> None:
    with pytest.raises(AssertionError, match="rm -rf events"):
        windows_form("rm -rf events")
    assert windows_form("avrogen build schemas/ -o events") == ""
    assert windows_form("python broker.py &") == "start python"


def test_unix_names_are_found() -> None:
    assert unix_only("import signal, os\nsignal.pause()\nos.getpid()") == {"signal.pause"}


def windows_form(command: str) -> str:
    """What must be said about a command; "" if PowerShell takes it as it is."""
    for pattern, form in WINDOWS_FORMS.items():
        if re.match(pattern, command):
            return form
    assert re.fullmatch(PORTABLE, command), f"no Windows form is known: {command}"
    return ""


def text_after(page: Path, line: int) -> str:
    """The text behind the block that begins in a line, up to the next block or heading."""
    lines = page.read_text("utf-8").splitlines()
    end = lines.index("```", line)
    after = "\n".join(lines[end + 1 :])
    return re.split(r"^(?:```|#)", after, maxsplit=1, flags=re.MULTILINE)[0]


def unix_only(code: str) -> set[str]:
    """Names that Windows lacks, as ``module.name``."""
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in UNIX_ONLY.get(node.value.id, ())
    }

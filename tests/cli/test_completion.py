"""Shells complete words, as docs/commands.md says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, write_schemas


def completed(folder: Path, *words: str) -> list[str]:
    """What Bash is offered for the last word."""
    command = "from avrogen.cli import main; main(prog_name='avrogen')"
    run = subprocess.run(
        [sys.executable, "-c", command],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "_AVROGEN_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("avrogen", *words)),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.partition(",")[2] for line in run.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["reg"], ["registry"]),
        (["build", "--wa"], ["--watch"]),
        (["build", "--format", "gi"], ["github", "gitlab"]),
        (["explain", "avr10"], [f"AVR10{number}" for number in range(1, 10)]),
    ],
    ids=" ".join,
)
def test_words(tmp_path: Path, words: list[str], offered: list[str]) -> None:
    assert completed(tmp_path, *words) == offered


def test_dead_letter_topics_of_configurations_nearby(tmp_path: Path) -> None:
    topic = '[{}topics.{}]\nvalue = "shop.Order"\ndead-letter = "{}.dlq"\n'
    folder = {
        "pyproject.toml": topic.format("tool.avrogen.", "refunds", "refunds"),
        "schemas/avrogen.toml": topic.format("", "orders", "orders"),
        "broken/avrogen.toml": "[",
    }
    write_schemas(tmp_path, folder)
    assert completed(tmp_path, "dead-letters", "") == ["orders.dlq", "refunds.dlq"]
    assert completed(tmp_path, "dead-letters", "re") == ["refunds.dlq"]
    assert completed(tmp_path, "read", "") == ["orders", "refunds"]
    assert completed(tmp_path, "send", "re") == ["refunds"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_take_what_the_page_says(tmp_path: Path, shell: str) -> None:
    """The page's line works, where the shell is installed; and is that of the page anywhere."""
    line = f"_AVROGEN_COMPLETE={shell}_source avrogen"
    assert line in (ROOT / "docs/commands.md").read_text("utf-8")
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = {
        "bash": f'eval "$({line})"; complete -p avrogen',
        "zsh": f'autoload -U compinit; compinit -D; eval "$({line})"; print $_comps[avrogen]',
        "fish": f"{line} | source; complete -c avrogen",
    }[shell]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [shell, "-c", script],
        env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "_avrogen_completion" in run.stdout, run.stderr

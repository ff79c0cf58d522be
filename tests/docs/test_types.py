"""Python blocks of all pages pass mypy and pyright, both strict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, run_avrogen
from tests.docs.page_modules import PACKAGE, write_modules
from tests.docs.pages import PAGES, Block, blocks, name

# Each checker runs once.
pytestmark = pytest.mark.xdist_group("types of pages")

SCENE = "config: dict[str, object] = {}\n"
"""Names that pages have without defining them, with the types that ``scene`` gives them."""

MISTAKES = """
A page with mistakes where a line says so.

<!-- in an empty folder -->

```python
from pkg.com.acme.common import Currency, Money

price: Money = Money(amount="12.34", currency=Currency.GBP)  # error: no Decimal
```

* Names of the block before, and of the scene:

  ```python
  def handle(money: Money) -> None:
      print(money.amount, config["bootstrap.servers"])


  handle(price)
  handle(config)  # error: no Money
  ```

The same name again, with another type:

```python
def handle(number: int) -> None:
    print(number, nothing)  # error: defined nowhere


handle(3)
handle(price)  # error: no int
```

Files of the reader's own, with no names of other blocks, and a package:

```python title="shop.py"
PRICE = 3
print(price)  # error: defined in another file
```

```json title="schemas/point.avsc"
{"type": "record", "name": "Point", "fields": [{"name": "x", "type": "int"}]}
```

```console
$ avrogen build schemas -o points
```

```python
import shop
from points import Point
from shop import PRICE

print(Point(x=PRICE), shop.PRICE)
print(Point(x="3"))  # error: no int
print(PRICE + "3")  # error: no str
```

<!-- not run: it is no program -->
```python
print(3 + "3")
```

<!-- not type-checked: it shows a mistake -->
```python
print(3 + "3")
```
"""
EXPECTED = [number for number, line in enumerate(MISTAKES.split("\n"), 1) if "# error: " in line]

CHECKERS = ["mypy", "pyright"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a type checker.

    Attributes:
        block: the block it is in; None if it is in another file.
        place: page or file, and line.
        line: line of the page.
        message: the checker's message.
    """

    block: Block | None
    place: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


Findings = dict[str, list[Finding]]
"""Findings by checker."""


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with mistakes."""
    page = tmp_path_factory.mktemp("mistakes") / "mistakes.md"
    page.write_text(MISTAKES, "utf-8")
    return page


@pytest.fixture(scope="module")
def findings(mistakes: Path, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """All findings in all pages, those with exempted blocks among them."""
    folder = tmp_path_factory.mktemp("types").resolve()
    result = run_avrogen("build", ROOT / "schemas", "-o", folder / "pkg")
    assert result.exit_code == 0, result.stderr
    (folder / "scene.py").write_text(SCENE, "utf-8")
    modules = write_modules([*PAGES, mistakes], folder, {"config": "scene"})
    with ThreadPoolExecutor() as threads:
        found = [threads.submit(run, folder, modules) for run in (run_mypy, run_pyright)]
        return {checker: each.result() for checker, each in zip(CHECKERS, found, strict=True)}


@pytest.mark.parametrize("checker", CHECKERS)
def test_blocks_pass(checker: str, findings: Findings, mistakes: Path) -> None:
    found = [each for each in findings[checker] if each.block is None or not each.block.untyped]
    wrong = [each for each in found if each.block is None or each.block.page != mistakes]
    if wrong:
        pytest.fail("\n".join([f"{checker} finds", *map(str, wrong)]), pytrace=False)


@pytest.mark.parametrize("checker", CHECKERS)
def test_mistakes_are_found(checker: str, findings: Findings, mistakes: Path) -> None:
    lines = {
        each.line
        for each in findings[checker]
        if each.block is not None and each.block.page == mistakes and not each.block.untyped
    }
    assert sorted(lines) == EXPECTED


def test_exempted_blocks_would_not_pass(findings: Findings, mistakes: Path) -> None:
    failing = {each.block for checker in CHECKERS for each in findings[checker]}
    found = [block for page in [*PAGES, mistakes] for block in blocks(page) if block.untyped]
    needless = [block.place for block in found if block not in failing]
    assert not needless, 'these pass: remove the comment "not type-checked"'


# --- type checkers --------------------------------------------------------------------------------


def run_mypy(folder: Path, modules: dict[Path, Block]) -> list[Finding]:
    settings = ("--config-file=", "--strict", "--python-version=3.11", "--output=json")
    output = run_checker(folder, "mypy", *settings, "--package", PACKAGE)
    return [
        finding(modules, folder / each["file"], each["line"], each["message"])
        for each in map(json.loads, output.splitlines())
        if each["severity"] == "error"
    ]


def run_pyright(folder: Path, modules: dict[Path, Block]) -> list[Finding]:
    settings: dict[str, Any] = {
        "include": [PACKAGE],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(ROOT)],
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    output = run_checker(folder, "pyright", "--outputjson", "--pythonpath", sys.executable)
    return [
        finding(modules, Path(each["file"]), each["range"]["start"]["line"] + 1, each["message"])
        for each in json.loads(output)["generalDiagnostics"]
    ]


def finding(modules: dict[Path, Block], file: Path, line: int, message: str) -> Finding:
    block = modules.get(file)
    where = file if block is None else name(block.page)
    return Finding(block, f"{where}:{line}", line, message)


def run_checker(folder: Path, *command: str) -> str:
    """Run a type checker in a folder, and return what it prints."""
    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return run.stdout

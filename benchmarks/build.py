"""How long builds take: ``make bench``, or ``python benchmarks/build.py [SCHEMAS] [--files N]``.

Every row is the command in a process of its own, as a user runs it: start of Python, imports and
all. Without a folder, schemas are generated in the likeness of public ones; see
:mod:`benchmarks.likeness`. ``README.md`` beside this file explains the rows.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.likeness import write_likeness  # noqa: E402 - needs the path above

AVROGEN = (sys.executable, "-m", "avrogen")


@dataclass(frozen=True)
class Row:
    """What one kind of run took; times in seconds.

    Attributes:
        wall: by the clock, median of the runs.
        cpu: on all cores together, median of the runs.
        schemas: how many schema files were built, 0 where that means nothing.
    """

    name: str
    wall: float
    cpu: float
    schemas: int

    def __str__(self) -> str:
        row = f"| {self.name:<44} | {self.wall * 1000:>8.0f} |"
        if not self.schemas:
            return f"{row} {'':>13} | {'':>12} |"
        each = 1000 / self.schemas
        return f"{row} {self.wall * each:>13.2f} | {self.cpu * each:>12.2f} |"


class Bench:
    """Runs builds of one folder of schemas in a scratch folder."""

    def __init__(self, schemas: Path, scratch: Path, rounds: int) -> None:
        self._files = sorted(schemas.rglob("*.avsc"))
        self._schemas = schemas
        self._out = scratch / "out" / "package"
        self._cache = scratch / "cache"
        self._rounds = rounds

    def rows(self) -> Iterator[Row]:
        """Measure everything, in an order in which each row finds what it needs."""
        count = len(self._files)
        first = [self._first() for _ in range(self._rounds)]
        yield _row("first build, nothing formatted before", first, count)
        again = [self._build() for _ in range(self._rounds)]
        yield _row("rebuild, nothing changed", again, count)
        yield _row("rebuild, one file changed", list(self._changed_builds()), count)
        shutil.rmtree(self._out)
        yield _row("fresh output folder, all formatted before", [self._build()], count)
        checks = [self._build("--check") for _ in range(self._rounds)]
        yield _row("build --check, current", checks, count)
        yield _row("avrogen --help", [_run(*AVROGEN, "--help") for _ in range(15)], 0)
        yield _row("python -c pass", [_run(sys.executable, "-c", "pass") for _ in range(15)], 0)

    def datamodel_codegen(self, command: str, sample: int) -> Row:
        """The yardstick: one process for each schema file, as it takes one file at a time.

        Files that refer to others are passed over.
        """
        output = self._out.with_name("models.py")
        times: list[tuple[float, float]] = []
        for file in self._files[:: max(1, len(self._files) // sample)]:
            paths = ("--input", str(file), "--output", str(output))
            kinds = ("--input-file-type", "avro", "--output-model-type", "dataclasses.dataclass")
            output.unlink(missing_ok=True)
            took = _run(command, *paths, *kinds, check=False)
            if output.exists():
                times.append(took)
        wall, cpu = (sum(column) for column in zip(*times, strict=True))
        return Row(f"datamodel-code-generator, {len(times)} of the files", wall, cpu, len(times))

    def _first(self) -> tuple[float, float]:
        shutil.rmtree(self._out, ignore_errors=True)
        shutil.rmtree(self._cache, ignore_errors=True)
        return self._build()

    def _changed_builds(self) -> Iterator[tuple[float, float]]:
        """Change a file before each build: a doc at its top, which changes its module only."""
        file = self._files[len(self._files) // 2]
        text = file.read_text("utf-8")
        for number in range(self._rounds):
            file.write_text(text.replace("{", f'{{"benchmark": {number}, ', 1), "utf-8")
            yield self._build()
        file.write_text(text, "utf-8")

    def _build(self, *options: str) -> tuple[float, float]:
        command = (*AVROGEN, "build", str(self._schemas), "-o", str(self._out), *options)
        return _run(*command, XDG_CACHE_HOME=str(self._cache))


def _row(name: str, times: Sequence[tuple[float, float]], schemas: int) -> Row:
    wall, cpu = zip(*times, strict=True)
    return Row(name, statistics.median(wall), statistics.median(cpu), schemas)


def _run(*command: str, check: bool = True, **environment: str) -> tuple[float, float]:
    """Run a command; seconds by the clock and seconds of all cores."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command)} exited with {done.returncode}\n{done.stderr[:2000]}")
    cpu = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return wall, cpu


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure builds.")
    parser.add_argument("schemas", nargs="?", type=Path, help="a folder that builds as a whole")
    parser.add_argument("--files", type=int, default=1000, help="how many to generate (1000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind (3)")
    parser.add_argument(
        "--datamodel-codegen",
        default=shutil.which("datamodel-codegen"),
        help="its command, if it is not on the path",
    )
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="avrogen-bench-") as name:
        scratch = Path(name)
        schemas = scratch / "schemas"
        if arguments.schemas:
            shutil.copytree(arguments.schemas, schemas)
        else:
            write_likeness(schemas, arguments.files)
        bench = Bench(schemas, scratch, arguments.rounds)
        sizes = [file.stat().st_size for file in schemas.rglob("*.avsc")]
        print(f"{len(sizes)} schema files, {sum(sizes) / len(sizes):.0f} bytes each on average;")
        black, cores = version("black"), os.cpu_count()
        print(f"Python {platform.python_version()}, black {black}, {cores} cores\n")
        print(f"| {'':<44} | {'ms':>8} | ms per schema | CPU ms per s. |")
        print(f"|{'-' * 46}|{'-' * 9}:|{'-' * 14}:|{'-' * 14}:|")
        for row in bench.rows():
            print(row, flush=True)
        if arguments.datamodel_codegen:
            print(bench.datamodel_codegen(arguments.datamodel_codegen, sample=40), flush=True)
        else:
            print("\n(datamodel-codegen is not installed: its row is left out)")


if __name__ == "__main__":
    main()

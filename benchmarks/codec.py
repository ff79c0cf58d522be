"""How fast the codec is: ``make bench``, or ``python benchmarks/codec.py [--rounds N]``.

avrogen and others encode and decode the same values, in one process, in turns; ``README.md`` beside
this file explains the tables. What is not installed (the group ``bench``), and real schemas where
they are absent, are left out.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["AVROGEN_BACKEND"] = "python"  # the native backend has a row of its own

from benchmarks.codecs.contenders import CONTENDERS  # noqa: E402 - needs the path above
from benchmarks.codecs.costs import first_use, imports  # noqa: E402 - as above
from benchmarks.codecs.packages import Packages  # noqa: E402 - as above
from benchmarks.codecs.real import corpora, real_workloads  # noqa: E402 - as above
from benchmarks.codecs.speed import Speed  # noqa: E402 - as above
from benchmarks.codecs.workloads import workloads  # noqa: E402 - as above

_SAMPLE = 0.003


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure the codec and others beside it.")
    parser.add_argument("--rounds", type=int, default=60, help="how often each is timed (60)")
    rounds = parser.parse_args().rounds
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; {', '.join(_versions())}\n")
    with tempfile.TemporaryDirectory(prefix="avrogen-bench-") as folder:
        packages = Packages(Path(folder))
        for line in _lines(packages, rounds):
            print(line, flush=True)


def _lines(packages: Packages, rounds: int) -> Iterator[str]:
    small = list(workloads(packages))
    real = list(real_workloads(packages)) if corpora().is_dir() else []
    speed = Speed([*small, *real])
    yield from speed.lines(speed.measure(rounds=rounds, sample=_SAMPLE, progress=_progress))
    if not real:
        yield f"* no real schemas: there is no {corpora()}; AVROGEN_SHARED can name another"
    by_name = {workload.name: workload for workload in (*small, *real)}
    yield ""
    used = [by_name[name] for name in ("W1b", "W1", "W2", "union") if name in by_name]
    yield from first_use(packages, used, rounds=9)
    yield ""
    yield from imports(packages, rounds=15)


def _versions() -> Iterator[str]:
    for distribution in dict.fromkeys(contender.distribution for contender in CONTENDERS):
        try:
            yield f"{distribution} {version(distribution)}"
        except PackageNotFoundError:
            yield f"{distribution} not installed"


def _progress(rounds: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{rounds} rounds", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

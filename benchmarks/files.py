"""Container files: ``python benchmarks/files.py [--rounds N]``.

avrogen's typed events and fastavro's dicts, written to and read from memory with the same codec and
block size, in one process, in turns; ``README.md`` beside this file explains the table.
"""

from __future__ import annotations

import argparse
import copy
import gc
import io
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.codecs.packages import Packages  # noqa: E402 - needs the path above
from benchmarks.codecs.plain import unforced  # noqa: E402 - as above
from benchmarks.codecs.tables import table  # noqa: E402 - as above
from benchmarks.codecs.workload import Workload  # noqa: E402 - as above
from benchmarks.codecs.workloads import workloads  # noqa: E402 - as above

_CODECS = ("null", "deflate")
_BYTES = 300_000
_INTERVAL = 64_000

Work = Callable[[], object]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure container files.")
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (15)")
    rounds = parser.parse_args().rounds
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores; "
        f"fastavro {version('fastavro')}\n"
    )
    with tempfile.TemporaryDirectory(prefix="avrogen-bench-") as folder:
        for line in lines(Packages(Path(folder)), rounds=rounds):
            print(line)


def lines(packages: Packages, *, rounds: int) -> Iterator[str]:
    """The table: speed-up over fastavro with dicts, writing / reading."""
    rows: list[list[str]] = []
    names: list[str] = []
    for workload in workloads(packages):
        names.append(workload.name)
        for position, codec in enumerate(_CODECS):
            if len(rows) <= position:
                rows.append([codec])
            ratios = [_ratio(ours, theirs, rounds) for ours, theirs in _pairs(workload, codec)]
            rows[position].append(" / ".join(f"{ratio:.2f}" for ratio in ratios))
    yield from table(["", *names], rows)


def _pairs(workload: Workload, codec: str) -> list[tuple[Work, Work]]:
    """Writing and reading: avrogen's and fastavro's."""
    fastavro: Any = import_module("fastavro")
    owner = workload.owner
    count = max(1, _BYTES // len(workload.data))
    objects = [copy.copy(workload.object) for _ in range(count)]
    values = [copy.copy(workload.value) for _ in range(count)]
    schema = fastavro.parse_schema(workload.schema)

    def write() -> bytes:
        file = io.BytesIO()
        owner.write_file(file, objects, codec=codec, sync_interval=_INTERVAL)
        return file.getvalue()

    def write_dicts() -> bytes:
        file = io.BytesIO()
        fastavro.writer(file, schema, values, codec=codec, sync_interval=_INTERVAL)
        return file.getvalue()

    data, data_of_dicts = write(), write_dicts()
    assert list(owner.read_file(io.BytesIO(data_of_dicts))) == objects
    assert list(fastavro.reader(io.BytesIO(data))) == [unforced(value) for value in values]

    def read() -> None:
        for _ in owner.read_file(io.BytesIO(data)):
            pass

    def read_dicts() -> None:
        for _ in fastavro.reader(io.BytesIO(data)):
            pass

    return [(write, write_dicts), (read, read_dicts)]


def _ratio(ours: Work, theirs: Work, rounds: int) -> float:
    """Return the median of the ratios within the rounds."""
    ratios: list[float] = []
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            order = (ours, theirs) if number % 2 else (theirs, ours)
            times = {work: _seconds(work) for work in order}
            ratios.append(times[theirs] / times[ours])
    finally:
        gc.enable()
    return median(ratios)


def _seconds(work: Work) -> float:
    start = thread_time()
    work()
    return thread_time() - start


if __name__ == "__main__":
    main()

"""How cost grows with the number of types: ``python benchmarks/scale.py [--types N ...]``.

Packages of 10, 100, 1,000 and 5,000 types, generated in the likeness of public schemas
(:mod:`benchmarks.likeness`). Every step runs in a process of its own. ``README.md`` beside this
file explains the table.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.likeness import write_likeness  # noqa: E402 - needs the path above

SIZES = (10, 100, 1000, 5000)

_TYPE = re.compile(r'"type": "(?:record|enum|fixed)"')

_IN_PROCESS: Final = """
import gc, json, os, sys, time
from avrogen import DecodeError
sys.path.insert(0, sys.argv[1])
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
{before}
gc.collect()
before = memory()
start = time.process_time()
{measured}
took = time.process_time() - start
print(json.dumps([took, memory() - before]))
"""


@dataclass(frozen=True)
class Cost:
    """What a step took.

    Attributes:
        seconds: processor time, on all cores together.
        memory: MiB: of a command at its peak, of code in a process what is in use afterwards.
    """

    seconds: float
    memory: float


@dataclass(frozen=True)
class Package:
    """A folder of schemas and the package that is built of it.

    Attributes:
        folder: scratch folder.
        types: the number of types.
        last: full name of the type of the last file.
    """

    folder: Path
    types: int
    last: str

    @property
    def schemas(self) -> Path:
        """Folder of the schema files."""
        return self.folder / "schemas"

    @property
    def module(self) -> str:
        """Module of the last type."""
        return f"package.{self.last.rpartition('.')[0]}"


def made(folder: Path, types: int) -> Package:
    """Write schema files with so many types, or a few more, and a union of all records."""
    schemas = folder / "schemas"
    write_likeness(schemas, types)
    # Files refer to files before them: those at the end can be left out.
    files = sorted(schemas.rglob("*.avsc"), key=lambda file: int(re.findall(r"\d+", file.stem)[-1]))
    count, names = 0, list[str]()
    for file in files:
        text = file.read_text("utf-8")
        if count >= types:
            file.unlink()
            continue
        count += len(_TYPE.findall(text))
        names.append(".".join(file.relative_to(schemas).with_suffix("").parts))
    (folder / "union.json").write_text(json.dumps(names), "utf-8")
    return Package(folder, count, names[-1])


# --- steps ----------------------------------------------------------------------------------------


def build(package: Package) -> Cost:
    """Build with an empty formatting cache."""
    shutil.rmtree(package.folder / "cache", ignore_errors=True)
    return _command(package, "build", package.schemas, "-o", package.folder / "package")


def rebuild(package: Package) -> Cost:
    """Build again, with nothing changed."""
    return _command(package, "build", package.schemas, "-o", package.folder / "package")


def check(package: Package) -> Cost:
    """Check against a copy of the same schemas."""
    return _command(package, "check", package.schemas, "--against", package.folder / "before")


def catalogue(package: Package) -> Cost:
    """Write the catalogue."""
    return _command(package, "docs", package.schemas, "-o", package.folder / "site")


def import_package(package: Package) -> Cost:
    """Import the package."""
    return _python(package, "import avrogen.runtime.v1", "import package")


def import_type(package: Package) -> Cost:
    """Import one type of the package, with those that it mentions."""
    name = package.last.rpartition(".")[2]
    code = f"from {package.module} import {name}"
    return _python(package, "import avrogen.runtime.v1, package", code)


def first_use(package: Package) -> Cost:
    """Decode with a type that was imported: parse its schema, compile its decoder."""
    name = package.last.rpartition(".")[2]
    code = f"from {package.module} import {name} as Type"
    return _python(package, code, "try: Type.from_avro(b'')\nexcept DecodeError: pass")


_UNION: Final = """
from pathlib import Path
from avrogen import Schema
from avrogen.avro.parser import parse_sources
from avrogen.avro.schema_json import compact_text, self_contained_json
from avrogen.avro.source import Source
folder = Path(sys.argv[1])
files = [*(folder / "schemas").rglob("*.avsc"), folder / "union.json"]
parsed = parse_sources(Source(str(f), f.read_text("utf-8"), str(f)) for f in files)
union = next(root.type for root in parsed.roots if root.source.name.endswith("union.json"))
text = compact_text(self_contained_json(union, parsed.types))
"""


def parse_union(package: Package) -> Cost:
    """Parse one text with a union of all types."""
    return _python(package, _UNION, "Schema.parse(text)")


def can_read(package: Package) -> Cost:
    """Compare a union of all types with itself."""
    before = f"{_UNION}\nreader, writer = Schema.parse(text), Schema.parse(text)"
    return _python(package, before, "assert not reader.can_read(writer)")


STEPS: dict[str, Callable[[Package], Cost]] = {
    "build": build,
    "build, nothing changed": rebuild,
    "check": check,
    "docs": catalogue,
    "import of the package": import_package,
    "import of one type": import_type,
    "first use of one type": first_use,
    "parsing a union of all": parse_union,
    "can_read of a union of all": can_read,
}


def _command(package: Package, *arguments: str | Path) -> Cost:
    return _run(package, sys.executable, "-m", "avrogen", *map(str, arguments))[0]


def _python(package: Package, before: str, measured: str) -> Cost:
    code = _IN_PROCESS.format(before=before, measured=measured)
    _, output = _run(package, sys.executable, "-c", code, str(package.folder))
    return Cost(*json.loads(output))


def _run(package: Package, *command: str) -> tuple[Cost, str]:
    """Run a command; return its cost, with that of its processes, and its output."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(package.folder / "cache"),
    }
    log = package.folder / "output.txt"
    with log.open("w+") as output, (package.folder / "errors.txt").open("w+") as errors:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed\n{errors.read()[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), log.read_text("utf-8")


# --- the table ------------------------------------------------------------------------------------


def exponent(before: float, after: float, base: float, ratio: float) -> str:
    """Return the exponent of the growth between two sizes, without the cost of one type.

    Costs of less than 2 ms above that, or a quarter of it, are noise.
    """
    if min(before, after) - base < max(0.002, 0.25 * base):
        return "-"
    return f"{math.log((after - base) / (before - base)) / math.log(ratio):.2f}"


def rows(sizes: Sequence[int], folder: Path) -> Iterator[str]:
    """Measure; yield the lines of the table."""
    packages = [made(folder / str(size), size) for size in (1, *sizes)]
    yield f"| | {' | '.join(f'{each.types:,} types' for each in packages[1:])} |"
    yield f"|---|{'---:|' * len(sizes)}"
    grown = list(itertools.pairwise(packages[1:]))
    reference = (
        math.log(b.types * math.log(b.types) / (a.types * math.log(a.types)))
        / math.log(b.types / a.types)
        for a, b in grown
    )
    yield f"| *n log n: exponent* | - | {' | '.join(f'{each:.2f}' for each in reference)} |"
    for package in packages:
        shutil.copytree(package.schemas, package.folder / "before")
    for name, step in STEPS.items():
        costs = [step(package) for package in packages]
        base = costs[0].seconds
        cells = [f"{1000 * cost.seconds:,.1f}" for cost in costs[1:]]
        yield f"| {name}: ms | {' | '.join(cells)} |"
        exponents = [
            exponent(a.seconds, b.seconds, base, after.types / before.types)
            for a, b, (before, after) in zip(costs[1:], costs[2:], grown, strict=False)
        ]
        yield f"| exponent | - | {' | '.join(exponents)} |"
        cells = [f"{cost.memory:,.1f}" for cost in costs[1:]]
        yield f"| MiB | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure how cost grows with types.")
    parser.add_argument("--types", nargs="+", type=int, default=SIZES, help="numbers of types")
    sizes = parser.parse_args().types
    print(f"Python {platform.python_version()}, black {version('black')}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory(prefix="avrogen-bench-") as folder:
        for row in rows(sizes, Path(folder)):
            print(row, flush=True)


if __name__ == "__main__":
    main()

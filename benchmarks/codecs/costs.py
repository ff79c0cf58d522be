"""What is paid once: imports, and the first use of a class.

Times are those of the processor: what else the machine does meanwhile does not count.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.codecs.packages import ROOT, Packages
from benchmarks.codecs.tables import table
from benchmarks.codecs.workload import Workload
from benchmarks.likeness import write_likeness

__all__ = ["first_use", "imports"]

_FILES = 66
"""So many files in the likeness of public ones hold 100 types."""

_LARGE = 100
"""Schemas with more types are large."""


def imports(packages: Packages, *, rounds: int) -> Iterator[str]:
    """How long imports take over starting Python."""
    schemas = packages.folder / "likeness"
    write_likeness(schemas, _FILES)
    packages.build("hundred", schemas)
    modules = [
        ".".join(path.relative_to(packages.folder).with_suffix("").parts)
        for path in sorted((packages.folder / "hundred").rglob("*.py"))
    ]
    types = [module for module in modules if not module.endswith("__init__")]
    statements = {
        "the runtime (aim: under 15)": "import avrogen.runtime.v1",
        "a package of 100 types": "import hundred",
        "one type of it": f"import {types[0]}",
        "all types of it": f"import {', '.join(types)}",
    }
    for statement in statements.values():
        _run(packages, "-c", statement)  # which compiles the modules
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds):
        bare = _seconds(packages, "pass")
        for name, statement in statements.items():
            times[name].append(_seconds(packages, statement) - bare)
    rows = [[name, f"{median(times[name]) * 1000:.1f}"] for name in statements]
    yield from table(["import, over Python itself", "ms"], rows)


def first_use(packages: Packages, workloads: Sequence[Workload], *, rounds: int) -> Iterator[str]:
    """Time and memory of the first use of a class.

    Args:
        packages: where the classes are.
        workloads: the first one is what has been used before, where something has.
        rounds: processes for each figure; large schemas get a third of them.
    """
    before, *measured = workloads
    _child(packages, "seconds", *map(_owner, workloads))  # which compiles the modules
    rows: list[list[str]] = []
    for workload in measured:
        owners = _owner(before), _owner(workload)
        count = rounds if len(workload.owner.__avro_schema__.types) < _LARGE else rounds // 3
        for name, arguments in (("alone", owners[1:]), ("after others", owners)):
            runs = [_child(packages, "seconds", *arguments) for _ in range(count)]
            steps = {step: median(run[step] for run in runs) * 1000 for step in runs[0]}
            rows.append([f"{workload.name}, {name}: ms", *_cells(steps, ".2f")])
        memory = {s: b / 1024 for s, b in _child(packages, "memory", *owners).items()}
        rows.append([f"{workload.name}, after others: KiB", *_cells(memory, ".0f")])
    yield from table(["", "import", "parse", "decoder", "encoder", "codec"], rows)


def _cells(steps: dict[str, float], form: str) -> list[str]:
    total = sum(steps.values()) - steps["import"]
    return [format(figure, form) for figure in (*steps.values(), total)]


def _owner(workload: Workload) -> str:
    """As ``child.py`` wants it."""
    module, attribute = workload.place
    return f"{module}:{attribute}:{workload.data.hex()}"


def _child(packages: Packages, *arguments: str) -> dict[str, float]:
    steps: dict[str, float] = json.loads(
        _run(packages, "-m", "benchmarks.codecs.child", *arguments)
    )
    return steps


def _seconds(packages: Packages, statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(packages, "-c", statement)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def _run(packages: Packages, *arguments: str) -> str:
    """Run Python where it finds avrogen and the packages; returns what it printed."""
    command = [sys.executable, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(packages.folder), str(ROOT)])}
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout

"""What is checked before anything is timed: everybody writes and reads the same."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.codecs.contenders import AVROGEN, BASE, Contender
from benchmarks.codecs.jobs import Jobs, Unable
from benchmarks.codecs.workload import Workload

__all__ = ["start"]


def start(contender: Contender, workload: Workload) -> Jobs | str:
    """Prepare and check a contender.

    Returns:
        What is to be timed; or, for contenders that cannot do the workload, why.
    """
    if find_spec(contender.module.partition(".")[0]) is None:
        return "not installed"
    try:
        jobs = contender.prepare(workload)
        _check(jobs, workload)
    except Unable as problem:
        if contender in (AVROGEN, BASE):
            raise
        return str(problem)
    except Exception as problem:
        if contender in (AVROGEN, BASE):
            raise
        return f"{type(problem).__name__}, {problem}".partition("\n")[0][:90]
    return jobs


def _check(jobs: Jobs, workload: Workload) -> None:
    """Raise Unable if the bytes or the values are others than they should be."""
    written: bytes = jobs.encode.run()
    if jobs.header is not None and written[jobs.header :] != workload.data:
        raise Unable("writes other bytes")
    if not jobs.equal(jobs.decode.run(), workload.value):
        raise Unable("reads another value")
    if jobs.evolve is not None and workload.older is not None:
        evolved = jobs.equal(jobs.evolve.run(), workload.older.value)
        if not evolved:
            raise Unable("reads another value of an older writer")

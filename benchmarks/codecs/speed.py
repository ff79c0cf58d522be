"""How fast everybody is with every workload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias, assert_never

from benchmarks.codecs.agreement import start
from benchmarks.codecs.contenders import AVROGEN, BASE, CONTENDERS
from benchmarks.codecs.jobs import Job, Jobs
from benchmarks.codecs.rounds import Times, measure
from benchmarks.codecs.tables import table
from benchmarks.codecs.workload import Workload

__all__ = ["Speed"]

_Step: TypeAlias = Literal["encode", "decode", "evolve"]
_Key: TypeAlias = tuple[str, _Step, str]
"""A workload, what is done, and the contender."""

_AIMS: Final = {
    "W1": "2.6 / 1.7",
    "W1b": "2.2 / 1.6",
    "W2": "3.9 / 1.7",
    "W3": "3.4 / 2.3",
    "W4": "12 / 7.5",
}
"""What avrogen is to reach, encode / decode."""


class Speed:
    """The comparison of all contenders.

    Attributes:
        reasons: of contenders that cannot do a workload, by the names of both.
    """

    def __init__(self, workloads: Sequence[Workload]) -> None:
        self._workloads = workloads
        self._jobs: dict[_Key, Job] = {}
        self.reasons: dict[tuple[str, str], str] = {}
        for workload in workloads:
            started = {c.name: start(c, workload) for c in CONTENDERS}
            steps: tuple[_Step, ...] = ("encode", "decode", "evolve")
            for step in steps:
                for name, jobs in started.items():
                    if isinstance(jobs, str):
                        self.reasons[name, workload.name] = jobs
                    elif (job := _job(jobs, step)) is not None:
                        self._jobs[workload.name, step, name] = job

    def measure(
        self, *, rounds: int, sample: float, progress: Callable[[int], None] = lambda _: None
    ) -> Times[_Key]:
        """Time everything; see :func:`~benchmarks.codecs.rounds.measure`."""
        return measure(self._jobs, rounds=rounds, sample=sample, progress=progress)

    def lines(self, times: Times[_Key]) -> Iterator[str]:
        """Two tables: data that everybody wrote himself, and data of an older writer."""
        names = [workload.name for workload in self._workloads]
        yield "Own writer (speed-up over fastavro with dicts), encode / decode:"
        yield ""
        own = [[c.name, *(self._own(times, name, c.name) for name in names)] for c in CONTENDERS]
        own.append(["aim of avrogen", *(_AIMS.get(name, "") for name in names)])
        own.append([f"{BASE.name}: µs", *(self._own_microseconds(times, name) for name in names)])
        own.append(["bytes", *(str(len(workload.data)) for workload in self._workloads)])
        yield from table(["", *names], own)
        yield ""
        yield "Older writer (speed-up over fastavro with dicts), decode:"
        yield ""
        evolved = [w.name for w in self._workloads if w.older is not None]
        older = [
            [contender.name, *(_older(times, name, contender.name) for name in evolved)]
            for contender in CONTENDERS
            if any(_key(name, "evolve", contender.name) in times for name in evolved)
        ]
        older.append([f"{AVROGEN.name}: cost", *(_cost(times, name) for name in evolved)])
        yield from table(["", *evolved], older)
        if self.reasons:
            yield ""
        for (contender, workload), reason in self.reasons.items():
            yield f"* {contender}, {workload}: {reason}"

    def _own(self, times: Times[_Key], workload: str, contender: str) -> str:
        steps: tuple[_Step, ...] = ("encode", "decode")
        return " / ".join(_faster(times, workload, step, contender) for step in steps)

    def _own_microseconds(self, times: Times[_Key], workload: str) -> str:
        steps: tuple[_Step, ...] = ("encode", "decode")
        seconds = [times.seconds((workload, step, BASE.name)) for step in steps]
        return " / ".join(f"{each * 1e6:.1f}" for each in seconds)


def _job(jobs: Jobs, step: _Step) -> Job | None:
    match step:
        case "encode":
            return jobs.encode
        case "decode":
            return jobs.decode
        case "evolve":
            return jobs.evolve
        case _:
            assert_never(step)


def _faster(times: Times[_Key], workload: str, step: _Step, contender: str) -> str:
    key: _Key = (workload, step, contender)
    return _figure(times.faster(key, (workload, step, BASE.name))) if key in times else "-"


def _older(times: Times[_Key], workload: str, contender: str) -> str:
    return _faster(times, workload, "evolve", contender)


def _cost(times: Times[_Key], workload: str) -> str:
    """What reading an older writer's data costs, compared with reading one's own."""
    own, older = _key(workload, "decode", AVROGEN.name), _key(workload, "evolve", AVROGEN.name)
    return f"{times.faster(own, older):.2f}"


def _key(workload: str, step: _Step, contender: str) -> _Key:
    return workload, step, contender


def _figure(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"

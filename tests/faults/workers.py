"""Processes that send, handle and transform events: started, stopped, killed, started again."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.faults.jobs import READY, Job, to_json
from tests.faults.ledger import Entry, read_entries
from tests.services.processes import ServerProcess

__all__ = ["Worker"]


class Worker:
    """A job that is done by one process after the other."""

    def __init__(self, name: str, job: Job, folder: Path) -> None:
        """Nothing runs yet.

        Args:
            name: for messages and files.
            job: what to do.
            folder: for what it prints and writes down.
        """
        self.name = name
        self.job = job
        self._folder = folder
        self._lives: list[tuple[ServerProcess, Path]] = []

    def start(self) -> None:
        """Let a new process do it; back when it has begun."""
        life = f"{self.name}-{len(self._lives) + 1}"
        ledger = self._folder / f"{life}.ledger"
        program = [sys.executable, "-m", "tests.faults.programs", to_json(self.job), str(ledger)]
        command = ["env", f"PYTHONPATH={ROOT}", *program]
        process = ServerProcess(life, command, self._folder, lambda printed: READY in printed)
        self._lives.append((process, ledger))
        process.start()

    def kill(self) -> None:
        """End the process at once: SIGKILL."""
        self._process.kill()

    def stop(self) -> int:
        """Ask the process to end (SIGTERM), and wait until it has; its exit code."""
        self._process.stop()
        return self._exit_code()

    def wait(self, seconds: float) -> int:
        """Wait until the process ends by itself; its exit code."""
        self._process.wait(seconds)
        return self._exit_code()

    @property
    def running(self) -> bool:
        """Whether there is a process that has not ended."""
        return bool(self._lives) and self._process.running

    def lives(self) -> list[list[Entry]]:
        """What each process wrote down, in the order of the processes."""
        return [read_entries(ledger) for _, ledger in self._lives]

    def steps(self) -> int:
        """How many steps its last process has written down."""
        ledger = self._lives[-1][1]
        return ledger.read_bytes().count(b"\n") if ledger.exists() else 0

    def entries(self) -> list[Entry]:
        """What all of its processes wrote down."""
        return list(itertools.chain.from_iterable(self.lives()))

    def printed(self) -> str:
        """What its last process printed."""
        return self._process.printed()

    @property
    def _process(self) -> ServerProcess:
        return self._lives[-1][0]

    def _exit_code(self) -> int:
        code = self._process.exit_code
        assert code is not None, f"{self.name} has not ended"
        return code

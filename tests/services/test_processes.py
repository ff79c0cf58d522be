"""Servers start, say why they did not, and leave nobody behind."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_python
from tests.services.processes import ServerProcess, StartFailed, free_ports

SERVER = "print('ready', flush=True); import time; time.sleep(600)"


def server(folder: Path, code: str = SERVER) -> ServerProcess:
    command = [sys.executable, "-c", code]
    return ServerProcess("server", command, folder, lambda printed: "ready" in printed)


def test_it_starts_and_stops_and_starts_again(tmp_path: Path) -> None:
    process = server(tmp_path)
    assert not process.running
    with process:
        assert process.running
        process.pause()
        process.resume()
        process.kill()
        assert not process.running
        process.start()
        assert process.printed() == "ready\n"
    assert not process.running
    assert process.log.read_text() == "ready\nready\n"


def test_it_says_why_it_did_not_start(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="server ended; it printed:\nno port"):
        server(tmp_path, "print('no port')").start()


def test_it_dies_with_whoever_started_it(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.services.test_processes import server\n"
        f"process = server(Path({str(tmp_path)!r})).start()\n"
        "print(process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    run = run_python("-c", code, cwd=ROOT)
    pid = int(run.stdout)
    while alive(pid):
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process of somebody else's runs; one that nobody has asked for yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_ports_are_different_ones() -> None:
    assert len(set(free_ports(20))) == 20

"""A server in a process of its own: started until it is ready, stopped, killed, paused."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["ServerProcess", "StartFailed", "free_ports"]

_START_SECONDS = 90
_STOP_SECONDS = 60
_LOOK_SECONDS = 0.02


class StartFailed(Exception):
    """A server did not get ready; the message has the end of what it printed."""


class ServerProcess:
    """A server that can be started, and started again.

    It dies with this process, however that one ends.

    Attributes:
        exit_code: of the last time that it ran; None if it never has, or runs.
    """

    exit_code: int | None

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        is_ready: Callable[[str], bool],
    ) -> None:
        """Nothing runs yet.

        Args:
            name: for messages, and for the file that takes what it prints.
            command: how it is started.
            folder: where it runs.
            is_ready: told what it has printed since it was started.
        """
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = list(map(str, command))
        self._folder = folder
        self._is_ready = is_ready
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._printed_before = 0
        self.exit_code = None

    def start(self) -> Self:
        """Start it and wait until it is ready.

        Raises:
            StartFailed: it ended, or was not ready in time.
        """
        assert not self.running, f"{self.name} runs already"
        self.spawn()
        self.wait_until_ready()
        return self

    def spawn(self) -> None:
        """Start it; :meth:`wait_until_ready` is the other half of :meth:`start`."""
        self.exit_code = None
        self._printed_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests, which stop it in their order
            )
        # The shell reads until this process is gone, and with it the other end of the pipe.
        self._guard = subprocess.Popen(
            ["sh", "-c", f"read _; kill -9 {self._process.pid}"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until it is ready.

        Raises:
            StartFailed: it ended, or was not ready in time; then it is killed.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready(self.printed()):
            if not self.running or time.monotonic() > deadline:
                why = "was not ready in time" if self.running else "ended"
                self.kill()
                raise StartFailed(f"{self.name} {why}; it printed:\n{self.printed()[-4000:]}")
            time.sleep(_LOOK_SECONDS)

    def printed(self) -> str:
        """What it has printed since it was last started."""
        with self.log.open("rb") as log:
            log.seek(self._printed_before)
            return log.read().decode("utf-8", "replace")

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended; one that is paused runs."""
        return self._process is not None and self._process.poll() is None

    def wait(self, seconds: float) -> int:
        """Wait until it ends by itself; its exit code.

        Raises:
            subprocess.TimeoutExpired: it did not.
        """
        assert self._process is not None, f"{self.name} does not run"
        code = self._process.wait(seconds)
        self._reap()
        return code

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None and self.running, f"{self.name} does not run"
        return self._process.pid

    def stop(self) -> None:
        """Ask it to end, and wait until it has; killed if it takes too long."""
        if self._process is not None and self.running:
            self.resume()
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap()

    def kill(self) -> None:
        """End it at once, as a machine that loses power."""
        if self._process is not None and self.running:
            self._process.kill()
        self._reap()

    def pause(self) -> None:
        """Keep it from doing anything: its connections stay open, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let one that is paused go on."""
        self._signal(signal.SIGCONT)

    def limit_files(self, size: int) -> None:
        """Let no file of it grow beyond so many bytes, until it ends: writes fail, as on a disk
        that is full."""
        assert self._process is not None and self.running, f"{self.name} does not run"
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, size))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()

    def _signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def _reap(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.kill()
            guard.communicate()
        process, self._process = self._process, None
        if process is not None:
            self.exit_code = process.wait()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, each another."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()

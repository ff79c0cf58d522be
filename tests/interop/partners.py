"""Clients in other languages, compiled once: programs that send and read the same few events."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services.cache import cached_folder
from tests.services.java import FLAGS, java_version
from tests.services.maven import copy_dependencies
from tests.support.clusters import AnyCluster

__all__ = ["SCHEMAS", "Line", "Partner", "digest", "go_partner", "java_partner", "missing_go"]

_HERE = Path(__file__).parent
SCHEMAS = _HERE / "schemas"
"""The schemas of the events."""

_JARS = (
    "org.apache.kafka:kafka-clients:4.4.0",
    "org.apache.avro:avro:1.12.0",
    "org.slf4j:slf4j-nop:1.7.36",
)
_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Line:
    """What a partner says of a message.

    Attributes:
        partition: where it went, or comes from.
        offset: its place there.
        key: None if it has none.
        value: with what stands in front of the data; None if it has none.
        type: the full name of its type, if it was read.
        known: whether it is one of the partner's own events.
        again: what the partner writes of what it has read, if it has.
    """

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    type: str | None = None
    known: bool = False
    again: bytes | None = None


@dataclass(frozen=True, slots=True)
class Partner:
    """A program."""

    command: tuple[str, ...]
    more: tuple[str, ...]

    def produce(self, cluster: AnyCluster, topic: str) -> list[Line]:
        """Let it send its events; it must find their schemas in the registry."""
        return self._run("produce", cluster, topic)

    def produce_keys(self, cluster: AnyCluster, topic: str, keys: Iterable[bytes]) -> list[Line]:
        """Let it send messages that have keys and no values."""
        lines = "".join(base64.b64encode(key).decode() + "\n" for key in keys)
        return self._run("keys", cluster, topic, given=lines)

    def consume(self, cluster: AnyCluster, topic: str, count: int) -> list[Line]:
        """Let it read so many messages from the beginning of a topic."""
        return self._run("consume", cluster, topic, count)

    def _run(
        self, what: str, cluster: AnyCluster, topic: str, *more: object, given: str = ""
    ) -> list[Line]:
        where = [what, cluster.bootstrap_servers, cluster.registry_url, topic]
        run = subprocess.run(
            [*self.command, *where, *self.more, *map(str, more)],
            input=given,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return [_line(json.loads(printed)) for printed in run.stdout.splitlines()]


def _line(printed: dict[str, object]) -> Line:
    for name in ("key", "value", "again"):
        if isinstance(text := printed.get(name), str):
            printed[name] = base64.b64decode(text)
    return Line(**printed)  # type: ignore[arg-type]  # as the programs print it


def missing_go() -> str | None:
    """Why the partner in Go cannot be run here, if it cannot."""
    return None if shutil.which("go") else "not installed: go"


def go_partner() -> Partner:
    """franz-go and hamba/avro.

    Raises:
        subprocess.CalledProcessError: it cannot be compiled, for example without a way to the
            modules.
    """
    sources = _HERE / "go"

    def make(folder: Path) -> None:
        environment = {**os.environ, "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
        command = ["go", "build", "-o", str(folder / "partner"), "."]
        subprocess.run(command, cwd=sources, env=environment, capture_output=True, check=True)

    name = f"interop-go-{digest(sources.iterdir())}"
    folder = cached_folder(name, "compiling the clients in Go", make)
    return Partner((str(folder / "partner"),), ())


def java_partner() -> Partner:
    """Kafka's clients and Avro's codec.

    Raises:
        MavenFailed: for example, there is no way to Maven Central.
    """
    sources = sorted((_HERE / "java").iterdir())

    def make(folder: Path) -> None:
        copy_dependencies(_JARS, folder)
        command: Sequence[str] = ["javac", "-cp", f"{folder}/*", "-d", str(folder)]
        subprocess.run([*command, *map(str, sources)], capture_output=True, check=True)

    name = f"interop-java-{java_version()}-{digest(sources)}"
    folder = cached_folder(name, "compiling the clients in Java", make)
    command = ("java", *FLAGS, "-Dfile.encoding=UTF-8", "-cp", f"{folder}:{folder}/*", "Partner")
    return Partner(command, (str(SCHEMAS),))


def digest(sources: Iterable[Path]) -> str:
    """Names what is made of these files, so that it is made again when they change."""
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:8]

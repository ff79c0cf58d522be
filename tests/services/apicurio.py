"""A real schema registry: Apicurio, which speaks Confluent's API."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services.cache import cached_folder
from tests.services.java import FLAGS, class_archive
from tests.services.maven import unpack
from tests.services.processes import ServerProcess, free_ports

__all__ = ["Apicurio", "apicurio"]

_VERSION = "3.0.9"  # of later ones, 3.1 is not published and 3.3 needs Java 21
_NAME = f"apicurio-registry-app-{_VERSION}"


@dataclass(frozen=True, slots=True)
class Apicurio:
    """A registry and where it is.

    Attributes:
        process: the server.
        url: of Confluent's API.
    """

    process: ServerProcess
    url: str


def apicurio(folder: Path, *properties: str) -> Apicurio:
    """A registry that keeps everything in memory. It is not started yet.

    Args:
        folder: where it runs.
        properties: more of its configuration, each ``name=value``.
    """
    (port,) = free_ports(1)
    flags = class_archive(_NAME, _for_archive)
    return Apicurio(
        _server(folder, [*flags, *(f"-D{each}" for each in properties)], port),
        f"http://127.0.0.1:{port}/apis/ccompat/v7",
    )


def _for_archive(folder: Path, flags: Sequence[str]) -> ServerProcess:
    (port,) = free_ports(1)
    return _server(folder, flags, port)


def _server(folder: Path, flags: Sequence[str], port: int) -> ServerProcess:
    home = cached_folder(_NAME, f"downloading {_NAME} (115 MB) from Maven Central", _download)
    properties = (
        "java.util.logging.manager=org.jboss.logmanager.LogManager",
        "quarkus.http.host=127.0.0.1",
        f"quarkus.http.port={port}",
        "apicurio.datasource.jdbc.initial-size=1",
        "apicurio.datasource.jdbc.min-size=1",
    )
    flags = [*FLAGS, "-Xmx256m", *(f"-D{each}" for each in properties), *flags]
    command = ["java", *flags, "-jar", str(home / f"{_NAME}-runner.jar")]

    def is_ready(_printed: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    return ServerProcess(f"apicurio-{port}", command, folder, is_ready)


def _download(folder: Path) -> None:
    unpack(f"io.apicurio:apicurio-registry-app:{_VERSION}:tar.gz:all", folder)

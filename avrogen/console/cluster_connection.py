"""Configuration of commands that talk to Kafka, and the clients that they need.

The command line takes precedence over the environment, and the environment over the file of client
properties.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from avrogen.config.registry_connection import URL, registry_connection
from avrogen.errors import ConfigurationError
from avrogen.kafka.client_config import Settings, split
from avrogen.kafka.registry.connection import connect
from avrogen.kafka.registry.retrying import COMMAND_RETRIES, Retries

if TYPE_CHECKING:
    from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["BROKERS", "ClusterConnection", "ClusterOptions", "read_settings"]

BROKERS = "AVROGEN_BROKERS"
"""Environment variable with the bootstrap servers."""


class ClusterOptions(NamedTuple):
    """Options of a command.

    Attributes:
        brokers: bootstrap servers; None: those of the environment or the file.
        file: librdkafka's client properties, and the registry's with the prefix
            ``schema.registry.``.
        url: URL of the registry; None: that of the environment or the file, if any.
        environment: environment variables.
    """

    brokers: str | None
    file: Path | None
    url: str | None
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClusterConnection:
    """Configuration of the clients of a command.

    Attributes:
        config: all properties, for a producer. It contains secrets.
        client: librdkafka's properties.
        registry_settings: configuration of the registry's client; None without a registry.
    """

    config: Settings
    client: Settings
    registry_settings: Mapping[str, object] | None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.brokers!r})"

    @classmethod
    def of(cls, options: ClusterOptions) -> ClusterConnection:
        """Return the configuration that command line, environment and file define.

        Raises:
            ConfigurationError: no brokers are configured, or client properties are invalid.
            CommandError: the configuration of the registry is contradictory.
        """
        config = {} if options.file is None else read_settings(options.file)
        given = options.brokers or options.environment.get(BROKERS)
        if given:
            config["bootstrap.servers"] = given
        if not config.get("bootstrap.servers"):
            raise ConfigurationError(
                "no Kafka brokers configured",
                hint=f"use --brokers, set {BROKERS}, or write bootstrap.servers=... in --settings",
            )
        halves = split(config)
        settings: Mapping[str, object] | None = (
            halves.registry if "url" in halves.registry else None
        )
        if options.url or options.environment.get(URL):
            settings = registry_connection(options.url, options.environment, None).settings
        return cls(config, halves.client, settings)

    @property
    def brokers(self) -> str:
        """Bootstrap servers, as configured."""
        return str(self.client.get("bootstrap.servers"))

    @property
    def is_local(self) -> bool:
        """True if all bootstrap servers are on this machine, by their addresses."""
        return all(map(_is_loopback, self.brokers.split(",")))

    @contextmanager
    def open_registry(self, timeout: float | None = None) -> Generator[SchemaRegistry | None]:
        """Yield the client of the registry; None without one.

        Args:
            timeout: seconds for one call; None: those of the configuration.

        Raises:
            RegistryError: the configuration is invalid.
        """
        if self.registry_settings is None:
            yield None
            return
        settings, retries = dict(self.registry_settings), COMMAND_RETRIES
        if timeout is not None:
            settings["timeout"] = timeout
            # One more, as every unknown id of a topic costs them.
            retries = Retries(attempts=2, deadline=timeout)
        registry = connect(settings, retries=retries)
        try:
            yield registry
        finally:
            registry.close()


def read_settings(file: Path) -> dict[str, object]:
    """Read client properties from a file with one ``name=value`` per line, as Kafka's tools do.

    Raises:
        ConfigurationError: a line has another form.
        OSError: the file cannot be read.
    """
    settings: dict[str, object] = {}
    try:
        lines = map(str.strip, file.read_text("utf-8").splitlines())
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not UTF-8", hint="save it in that encoding") from None
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            # The message leaves out the line: it may contain a password.
            raise ConfigurationError(f"{file}:{number}: expected name=value")
        settings[name.strip()] = value.strip()
    return settings


def _is_loopback(server: str) -> bool:
    """Return True if a bootstrap server, ``[protocol://]host[:port]``, is this machine."""
    address = server.strip().rpartition("://")[2]
    host = address.rpartition(":")[0] if address.count(":") == 1 or "]" in address else address
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

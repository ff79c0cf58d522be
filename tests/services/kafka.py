"""Real Kafka brokers (KRaft): one, or three that replicate."""

from __future__ import annotations

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.services.cache import cached_folder
from tests.services.coordinators import wait_for_coordinators
from tests.services.java import FLAGS, class_archive
from tests.services.maven import copy_dependencies
from tests.services.processes import ServerProcess, free_ports

__all__ = ["Broker", "KafkaCluster", "kafka_cluster"]

_VERSION = "4.4.0"
_NAME = f"kafka-{_VERSION}"
_JARS = (
    f"org.apache.kafka:kafka_2.13:{_VERSION}",
    # For the slf4j 1.7 that Kafka brings.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3",
    "org.apache.logging.log4j:log4j-core:2.24.3",
)
_CLUSTER_ID = "avrogen-tests-cluster0"
_READY = "Kafka Server started"
"""Printed when the broker is registered and takes requests; its port opens a little earlier."""

_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = info
"""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker, which is a controller as well.

    Attributes:
        process: the server.
        node_id: counted from 1.
        address: host and port for clients.
        sasl_address: host and port for clients with a name and a password; None: not given users.
    """

    process: ServerProcess
    node_id: int
    address: str
    sasl_address: str | None = None


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """Brokers that belong together, and are started and stopped together."""

    brokers: tuple[Broker, ...]

    @property
    def bootstrap_servers(self) -> str:
        """What clients are told."""
        return ",".join(broker.address for broker in self.brokers)

    @property
    def sasl_servers(self) -> str:
        """What clients are told that have a name and a password (SASL_PLAINTEXT, PLAIN)."""
        return ",".join(filter(None, (broker.sasl_address for broker in self.brokers)))

    def start(self) -> Self:
        """Start all, and wait until groups and transactions can be used at once.

        Raises:
            StartFailed: one of them did not get ready; then none runs.
        """
        try:
            for broker in self.brokers:
                broker.process.spawn()
            for broker in self.brokers:
                broker.process.wait_until_ready()
            wait_for_coordinators(self.brokers[0].address)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all that run."""
        for broker in self.brokers:
            # Those that are left have no majority to hand over to, and would wait for one.
            broker.process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()


def kafka_cluster(
    folder: Path, size: int = 1, users: Mapping[str, str] | None = None, **properties: str
) -> KafkaCluster:
    """Brokers with nothing in them. They are not started yet.

    Args:
        folder: where they run and keep their data.
        size: how many; topics have as many replicas by default, but three at most.
        users: passwords by name, for a listener more that wants them. These users may do nothing
            without ACLs; clients of the other listener may do all.
        properties: more of their configuration, with underscores for dots.
    """
    archive = class_archive(_NAME, _for_archive)
    more = {name.replace("_", "."): value for name, value in properties.items()}
    return KafkaCluster(tuple(_brokers(folder, size, archive, more, users)))


def _for_archive(folder: Path, flags: Sequence[str]) -> ServerProcess:
    (broker,) = _brokers(folder, 1, flags, {})
    return broker.process


def _brokers(
    folder: Path,
    size: int,
    flags: Sequence[str],
    more: Mapping[str, str],
    users: Mapping[str, str] | None = None,
) -> list[Broker]:
    ports = free_ports(3 * size)
    nodes = [(n + 1, ports[n], ports[size + n]) for n in range(size)]
    voters = [f"{node}@127.0.0.1:{controller_port}" for node, _, controller_port in nodes]
    brokers: list[Broker] = []
    for node, port, controller_port in nodes:
        home = folder / f"broker-{node}"
        home.mkdir(parents=True)
        sasl = None if users is None else f"127.0.0.1:{ports[2 * size + node - 1]}"
        properties = _properties(home, node, port, controller_port, ",".join(voters))
        if sasl is not None:
            properties += _sasl(port, controller_port, sasl, users or {})
        properties += "".join(f"{name}={value}\n" for name, value in more.items())
        (home / "server.properties").write_text(properties, "utf-8")
        (home / "log4j2.properties").write_text(_LOGGING, "utf-8")
        _put_formatted_data(home / "data", node)
        command = _command([*flags, "-Dlog4j2.configurationFile=log4j2.properties"])
        process = ServerProcess(
            f"kafka-{node}",
            [*command, "kafka.Kafka", "server.properties"],
            home,
            lambda printed: _READY in printed,
        )
        brokers.append(Broker(process, node, f"127.0.0.1:{port}", sasl))
    return brokers


def _command(flags: Sequence[str]) -> list[str]:
    jars = cached_folder(_NAME, f"downloading {_NAME} (43 MB) from Maven Central", _download)
    return ["java", *FLAGS, "-Xmx320m", *flags, "-cp", f"{jars}/*"]


def _download(folder: Path) -> None:
    copy_dependencies(_JARS, folder)


def _properties(home: Path, node: int, port: int, controller_port: int, voters: str) -> str:
    """A configuration that starts fast, replicates everywhere, and notices soon who is gone."""
    replicas = min(voters.count("@"), 3)
    in_sync = max(replicas - 1, 1)
    own = f"PLAINTEXT://127.0.0.1:{port}"
    properties = {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": voters,
        "listeners": f"{own},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": own,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": home / "data",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.num.partitions": 1,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.num.partitions": 1,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 500,
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "log.cleaner.dedupe.buffer.size": 4194304,
    }
    return "".join(f"{key}={value}\n" for key, value in properties.items())


def _sasl(port: int, controller_port: int, address: str, users: Mapping[str, str]) -> str:
    """A listener more, for users with passwords. Of two equal names, the last one counts."""
    plain, own = f"PLAINTEXT://127.0.0.1:{port}", f"SASL://{address}"
    passwords = "".join(f' user_{name}="{password}"' for name, password in users.items())
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    properties = {
        "listeners": f"{plain},{own},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"{plain},{own}",
        "listener.security.protocol.map": (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT"
        ),
        "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": f"{login}{passwords};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    return "".join(f"{key}={value}\n" for key, value in properties.items())


# --- data -----------------------------------------------------------------------------------------


def _put_formatted_data(data: Path, node: int) -> None:
    """What formatting makes, from the cache: it takes a second, and depends on nothing here."""
    shutil.copytree(cached_folder(f"{_NAME}-data", f"formatting {_NAME}", _format) / "data", data)
    properties = {
        "version": 1,
        "cluster.id": _CLUSTER_ID,
        "node.id": node,
        "directory.id": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
    }
    text = "".join(f"{key}={value}\n" for key, value in properties.items())
    (data / "meta.properties").write_text(text, "utf-8")


def _format(folder: Path) -> None:
    properties = _properties(folder, 1, 1, 2, "1@127.0.0.1:2")
    (folder / "server.properties").write_text(properties, "utf-8")
    tool = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", "server.properties"]
    subprocess.run([*_command([]), *tool], cwd=folder, capture_output=True, check=True)

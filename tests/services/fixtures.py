"""Fixtures that run real services, each once for all tests that want it.

Such tests share a group of pytest-xdist, and with it the worker that runs the services. Without
Java and Maven, or without a way to Maven Central, they are skipped. They fail instead where
``AVROGEN_REQUIRE_SERVICES`` is set, as our own CI does.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn, TypeAlias, TypeVar

import pytest
from _pytest.capture import CaptureManager

from tests.services.apicurio import Apicurio, apicurio
from tests.services.avro_java import AvroIdl, AvroJava, avro_idl_program, avro_java_program
from tests.services.java import REQUIRED, missing_tools, services_required
from tests.services.kafka import KafkaCluster, kafka_cluster
from tests.services.maven import MavenFailed

__all__ = [
    "ON_SERVICES",
    "MakeKafka",
    "MakeRegistry",
    "avro_idl",
    "avro_java",
    "canonical_registry",
    "go_without",
    "make_kafka",
    "make_registry",
    "prepared",
    "real_kafka",
    "real_registry",
]

ON_SERVICES = pytest.mark.xdist_group("services")
"""Of tests that use real services. Whoever asks for a fixture by its name gets it by itself."""

MakeKafka: TypeAlias = Callable[..., KafkaCluster]
"""Takes a number of brokers, users of theirs with passwords, and properties with underscores for
dots."""

MakeRegistry: TypeAlias = Callable[..., Apicurio]
"""Takes properties, each ``name=value``."""

T = TypeVar("T")


@pytest.fixture(scope="session")
def real_kafka(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[KafkaCluster]:
    """A broker. Tests take topics and groups of their own, and leave it running."""
    folder = tmp_path_factory.mktemp("kafka")
    with prepared(lambda: kafka_cluster(folder), pytestconfig) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def real_registry(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Apicurio]:
    """A registry for which texts are alike if they are equal. Tests take subjects of their own."""
    folder = tmp_path_factory.mktemp("registry")
    registry = prepared(lambda: apicurio(folder), pytestconfig)
    with registry.process:
        yield registry


@pytest.fixture(scope="session")
def canonical_registry(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Apicurio]:
    """A registry for which texts are alike that differ in white space, order, doc or aliases."""
    folder = tmp_path_factory.mktemp("canonical-registry")
    how = "apicurio.ccompat.use-canonical-hash=true"
    registry = prepared(lambda: apicurio(folder, how), pytestconfig)
    with registry.process:
        yield registry


@pytest.fixture(scope="session")
def avro_java(pytestconfig: pytest.Config) -> AvroJava:
    """Avro Java, for what it makes of schemas."""
    return prepared(avro_java_program, pytestconfig)


@pytest.fixture(scope="session")
def avro_idl(pytestconfig: pytest.Config) -> AvroIdl:
    """Avro Java's reader of IDL."""
    return prepared(avro_idl_program, pytestconfig)


@pytest.fixture
def make_kafka(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[MakeKafka]:
    """Starts so many brokers, with properties, for this test alone: it may do what it likes."""
    folders = (tmp_path / f"kafka-{number}" for number in itertools.count())
    with contextlib.ExitStack() as stack:

        def make(
            size: int, users: Mapping[str, str] | None = None, **properties: str
        ) -> KafkaCluster:
            prepare = functools.partial(kafka_cluster, next(folders), size, users, **properties)
            return stack.enter_context(prepared(prepare, pytestconfig))

        yield make


@pytest.fixture
def make_registry(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[MakeRegistry]:
    """Starts a registry with properties (``name=value``) for this test alone."""
    with contextlib.ExitStack() as stack:

        def make(*properties: str) -> Apicurio:
            registry = prepared(lambda: apicurio(tmp_path, *properties), pytestconfig)
            stack.enter_context(registry.process)
            return registry

        yield make


def prepared(prepare: Callable[[], T], config: pytest.Config) -> T:
    """A service that can be started, with all that it needs downloaded."""
    missing = missing_tools()
    if missing:
        go_without(missing)
    try:
        with contextlib.ExitStack() as stack:
            capturing = config.pluginmanager.getplugin("capturemanager")
            if isinstance(capturing, CaptureManager):
                # The first time takes a while, and says so.
                stack.enter_context(capturing.global_and_fixture_disabled())
            return prepare()
    except MavenFailed as error:
        go_without(f"Maven failed: {error}")


def go_without(reason: str) -> NoReturn:
    """Skip the test, or fail it where services are required."""
    if services_required():
        pytest.fail(f"{REQUIRED} is set, and real services cannot be run: {reason}")
    pytest.skip(f"real services cannot be run: {reason}")

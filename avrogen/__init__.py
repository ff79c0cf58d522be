"""Typed Python packages from Avro schemas, with a codec and Kafka clients.

    errors            exceptions, in one tree
    extras            errors for extras that are missing, and for files of other distributions
    exports           names of a package that are imported on first use
    version           the version of avrogen
    message_text      safe and short text for messages
    fork_safety       locks that a forked process renews
    regular_files     reading and finding files in folders of strangers
    registry_url      URLs of schema registries, without their credentials
    avro              schemas: model, parser, diagnostics, schema resolution, compatibility
    codec             Avro binary encoding of Python values
    kafka             typed Kafka clients, serializers and the schema registry
    runtime           names that generated code imports
    config            avrogen.toml and other configuration
    compiler          schemas to a Python package
    build_plugins     hatchling and setuptools plugins
    lint              rules for schemas that are valid and could be better
    evolution         breaking and value-changing changes of schemas
    registry_sync     schemas to and from a schema registry
    console           topics on the command line: reading and sending messages
    dead_letters      dead-lettered records: list and replay
    catalogue         event catalogue and AsyncAPI document
    examples          example values of types
    testing           test kit: brokers, registries, strategies, assertions
    cli               the command line

This module exports the names that applications use beside generated code. They are loaded on first
use, so that ``import avrogen`` stays fast.

PYTEST_DONT_REWRITE: the pytest plugin is inside this package; without the marker pytest warns if
avrogen is imported before pytest starts.
"""

from __future__ import annotations

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # "python -m avrogen" begins: the current folder, which may be a stranger's repository, is the
    # first to import from. "python -P -m avrogen" does not begin with it at all.
    _module = sys.orig_argv[-len(sys.argv)].removeprefix("-m")
    if _module.partition(".")[0] == __name__:
        del sys.path[0]
    del _module

from typing import TYPE_CHECKING

from avrogen.exports import lazy_exports
from avrogen.version import __version__

if TYPE_CHECKING:
    from avrogen.avro.compat.paths import Incompatibility, IncompatibilityType
    from avrogen.avro.time_options import TimeOptions
    from avrogen.codec.backends import Backend, backend
    from avrogen.codec.codec import Codec
    from avrogen.codec.container.data_file_reader import DataFileReader
    from avrogen.codec.container.data_file_writer import DataFileWriter
    from avrogen.codec.limits import Limits, set_limits
    from avrogen.codec.schema import Schema
    from avrogen.codec.single_object import SchemaStore
    from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos
    from avrogen.errors import (
        AvrogenError,
        ClosedError,
        CodecError,
        ConfigurationError,
        ConsumeError,
        DecodeError,
        DeliveryError,
        EncodeError,
        FramingError,
        MissingExtraError,
        RegistryError,
        ResolutionError,
        SchemaError,
        TransactionError,
        UnknownTypeError,
    )
    from avrogen.kafka.consumer.error_policy import Retry, RetryPolicy
    from avrogen.kafka.health import ConsumerHealth, HealthFile, ProducerHealth
    from avrogen.kafka.message import Delivered, Headers, Message
    from avrogen.kafka.observability.opentelemetry import OpenTelemetryObserver
    from avrogen.kafka.topic import Topic

else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AvrogenError": "avrogen.errors",
            "Backend": "avrogen.codec.backends",
            "ClosedError": "avrogen.errors",
            "Codec": "avrogen.codec.codec",
            "CodecError": "avrogen.errors",
            "ConfigurationError": "avrogen.errors",
            "ConsumeError": "avrogen.errors",
            "ConsumerHealth": "avrogen.kafka.health",
            "DataFileReader": "avrogen.codec.container.data_file_reader",
            "DataFileWriter": "avrogen.codec.container.data_file_writer",
            "DecodeError": "avrogen.errors",
            "Delivered": "avrogen.kafka.message",
            "DeliveryError": "avrogen.errors",
            "Duration": "avrogen.codec.values",
            "EncodeError": "avrogen.errors",
            "FramingError": "avrogen.errors",
            "Headers": "avrogen.kafka.message",
            "HealthFile": "avrogen.kafka.health",
            "Incompatibility": "avrogen.avro.compat.paths",
            "IncompatibilityType": "avrogen.avro.compat.paths",
            "Limits": "avrogen.codec.limits",
            "LocalTimestampNanos": "avrogen.codec.values",
            "Message": "avrogen.kafka.message",
            "MissingExtraError": "avrogen.errors",
            "OpenTelemetryObserver": "avrogen.kafka.observability.opentelemetry",
            "ProducerHealth": "avrogen.kafka.health",
            "RegistryError": "avrogen.errors",
            "ResolutionError": "avrogen.errors",
            "Retry": "avrogen.kafka.consumer.error_policy",
            "RetryPolicy": "avrogen.kafka.consumer.error_policy",
            "Schema": "avrogen.codec.schema",
            "SchemaError": "avrogen.errors",
            "SchemaStore": "avrogen.codec.single_object",
            "TimeOptions": "avrogen.avro.time_options",
            "TimestampNanos": "avrogen.codec.values",
            "Topic": "avrogen.kafka.topic",
            "TransactionError": "avrogen.errors",
            "UnknownTypeError": "avrogen.errors",
            "backend": "avrogen.codec.backends",
            "set_limits": "avrogen.codec.limits",
        },
    )

__all__ = [
    "AvrogenError",
    "Backend",
    "ClosedError",
    "Codec",
    "CodecError",
    "ConfigurationError",
    "ConsumeError",
    "ConsumerHealth",
    "DataFileReader",
    "DataFileWriter",
    "DecodeError",
    "Delivered",
    "DeliveryError",
    "Duration",
    "EncodeError",
    "FramingError",
    "Headers",
    "HealthFile",
    "Incompatibility",
    "IncompatibilityType",
    "Limits",
    "LocalTimestampNanos",
    "Message",
    "MissingExtraError",
    "OpenTelemetryObserver",
    "ProducerHealth",
    "RegistryError",
    "ResolutionError",
    "Retry",
    "RetryPolicy",
    "Schema",
    "SchemaError",
    "SchemaStore",
    "TimeOptions",
    "TimestampNanos",
    "Topic",
    "TransactionError",
    "UnknownTypeError",
    "__version__",
    "backend",
    "set_limits",
]

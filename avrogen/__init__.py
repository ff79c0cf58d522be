"""avrogen: Avro schemas become a typed Python package that writes and reads Avro.

What generated code needs is in :mod:`avrogen.runtime`; this is what its users need besides. Names
are loaded when they are first used, so that ``import avrogen`` costs next to nothing.

PYTEST_DONT_REWRITE: pytest would warn, as there is a plugin in here, if it is run by a program that
has imported this already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrogen.exports import lazy_exports
from avrogen.version import __version__

if TYPE_CHECKING:
    from avrogen.avro.compat.paths import Incompatibility, IncompatibilityType
    from avrogen.codec.codec import Codec
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
    )
    from avrogen.kafka.consumer.error_policy import Retry, RetryPolicy
    from avrogen.kafka.message import Delivered, Headers, Message
    from avrogen.kafka.observability.opentelemetry import OpenTelemetryObserver
    from avrogen.kafka.topic import Topic

else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AvrogenError": "avrogen.errors",
            "ClosedError": "avrogen.errors",
            "Codec": "avrogen.codec.codec",
            "CodecError": "avrogen.errors",
            "ConfigurationError": "avrogen.errors",
            "ConsumeError": "avrogen.errors",
            "DecodeError": "avrogen.errors",
            "Delivered": "avrogen.kafka.message",
            "DeliveryError": "avrogen.errors",
            "Duration": "avrogen.codec.values",
            "EncodeError": "avrogen.errors",
            "FramingError": "avrogen.errors",
            "Headers": "avrogen.kafka.message",
            "Incompatibility": "avrogen.avro.compat.paths",
            "IncompatibilityType": "avrogen.avro.compat.paths",
            "Limits": "avrogen.codec.limits",
            "LocalTimestampNanos": "avrogen.codec.values",
            "Message": "avrogen.kafka.message",
            "MissingExtraError": "avrogen.errors",
            "OpenTelemetryObserver": "avrogen.kafka.observability.opentelemetry",
            "RegistryError": "avrogen.errors",
            "ResolutionError": "avrogen.errors",
            "Retry": "avrogen.kafka.consumer.error_policy",
            "RetryPolicy": "avrogen.kafka.consumer.error_policy",
            "Schema": "avrogen.codec.schema",
            "SchemaError": "avrogen.errors",
            "SchemaStore": "avrogen.codec.single_object",
            "TimestampNanos": "avrogen.codec.values",
            "Topic": "avrogen.kafka.topic",
            "TransactionError": "avrogen.errors",
            "set_limits": "avrogen.codec.limits",
        },
    )

__all__ = [
    "AvrogenError",
    "ClosedError",
    "Codec",
    "CodecError",
    "ConfigurationError",
    "ConsumeError",
    "DecodeError",
    "Delivered",
    "DeliveryError",
    "Duration",
    "EncodeError",
    "FramingError",
    "Headers",
    "Incompatibility",
    "IncompatibilityType",
    "Limits",
    "LocalTimestampNanos",
    "Message",
    "MissingExtraError",
    "OpenTelemetryObserver",
    "RegistryError",
    "ResolutionError",
    "Retry",
    "RetryPolicy",
    "Schema",
    "SchemaError",
    "SchemaStore",
    "TimestampNanos",
    "Topic",
    "TransactionError",
    "__version__",
    "set_limits",
]

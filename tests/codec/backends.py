"""The backends of the codec: what reads and writes plain values and classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import plan_for
from tests.support.dynamic import Package
from tests.support.schemas import parsed

__all__ = ["readers", "writers"]


def readers(schema: Any) -> list[Callable[[bytes], Any]]:
    """What reads plain values, and classes."""
    own = parsed(schema)
    return [own.from_avro, Package(own).codec.from_avro]


def writers(schema: Any) -> list[Callable[[Any], bytes]]:
    """What writes plain values: compiled, and step by step."""
    own = parsed(schema)
    return [own.to_avro, InterpretedEncoder(plan_for(own.type, own.types, None)).write]

"""Plans compiled to Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from avrogen.codec.checked.reader import CheckedReader
from avrogen.codec.checked.writer import CheckedWriter
from avrogen.codec.plan import Plan

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["compile_decoder", "compile_encoder"]


def compile_encoder(plan: Plan) -> Callable[[Any], bytes]:
    writer = CheckedWriter(plan)

    def encode(value: Any) -> bytes:
        return writer.write(value)

    return encode


def compile_decoder(plan: Plan) -> Callable[[Buffer], Any]:
    reader = CheckedReader(plan)

    def decode(data: Buffer) -> Any:
        return reader.read(bytes(data))

    return decode

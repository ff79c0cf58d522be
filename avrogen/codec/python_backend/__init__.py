"""Plans compiled to Python: functions for ordinary values, everything else to ``checked``.

    plan ──layout──▶ which records become functions of their own
      │
      ├──encoding (encoding_leaves, encoding_unions)──▶ source ──exec──▶ encode
      └──decoding (decoding_*)────────────────────────▶ source ──exec──▶ decode

No text of a schema is ever in the source. It consists of what is written in these modules, of
numbers, and of attribute names that the planner has proven to be identifiers; whatever else it
needs is bound to a name that :class:`~avrogen.codec.python_backend.source_builder.SourceBuilder` makes up.

The source raises whenever something is not as it expects; then the plan is run by ``checked`` on
the same value or bytes, which makes the error, or finds that there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avrogen.codec.plan import Plan
from avrogen.codec.python_backend.decoder_emitter import Decoder, WriterDecoders, decoder_source
from avrogen.codec.python_backend.encoder_emitter import encoder_source

__all__ = ["Decoder", "WriterDecoders", "compile_decoder", "compile_encoder"]


def compile_encoder(plan: Plan) -> Callable[..., bytes]:
    """A function ``(value, *, limits=None)`` that writes values of a plan.

    It raises EncodeError and nothing else.
    """
    encode: Callable[..., bytes] = encoder_source(plan).compile("to_avro")
    return encode


def compile_decoder(plan: Plan, others: WriterDecoders | None = None) -> Callable[..., Any]:
    """A function ``(data, *, writer=None, limits=None)`` that reads values of a plan.

    Whatever the bytes, it raises DecodeError only. What ``writer`` wrote is read by ``others``.
    """
    decode: Callable[..., Any] = decoder_source(plan, others).compile("from_avro")
    return decode

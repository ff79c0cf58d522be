"""Plans compiled to Python source: fast for ordinary values, with the interpreter for all others.

    plan ──encoder_emitter──▶ source ──exec──▶ encode
    plan ──decoder_emitter──▶ source ──exec──▶ decode

No text of a schema is in the source. It consists of the text in these modules, of numbers, and of
attribute names that the planner has validated as identifiers; all other objects are bound to names
that the source builder generates.

The source raises if anything is not as it expects. Then the plan is interpreted with the same value
or bytes, which gives the error, or the result.

    source_builder      source under construction, and the records that are inlined
    emitter             bases of the emitters
    encoder_emitter, encoder_leaves    source that encodes
    encoder_runtime     functions and tables for it
    decoder_emitter, decoder_containers, decoder_leaves    source that decodes
    decoder_runtime     functions and tables for it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avrogen.codec.plan import Plan
from avrogen.codec.python_backend.decoder_emitter import Decoder, WriterDecoders, decoder_source
from avrogen.codec.python_backend.encoder_emitter import StrictEncoders, encoder_source

__all__ = ["Decoder", "StrictEncoders", "WriterDecoders", "compile_decoder", "compile_encoder"]


def compile_encoder(plan: Plan, strict: StrictEncoders | None = None) -> Callable[..., bytes]:
    """Return the function ``(value, *, limits=None)`` that encodes values of a plan.

    It raises nothing but EncodeError. With ``strict`` encoders, it has the parameters that choose
    one of them.
    """
    encode: Callable[..., bytes] = encoder_source(plan, strict).compile("to_avro")
    return encode


def compile_decoder(
    plan: Plan,
    others: WriterDecoders | None = None,
    naming: Callable[[], Decoder] | None = None,
) -> Callable[..., Any]:
    """Return the function ``(data, *, writer=None, limits=None)`` that decodes values of a plan.

    For all bytes, it raises nothing but DecodeError. ``others`` decode data of a ``writer``.
    ``naming`` returns the decoder for ``named_branches=True``; None: there is no such parameter.
    """
    decode: Callable[..., Any] = decoder_source(plan, others, naming).compile("from_avro")
    return decode

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
from typing import Any, NamedTuple

from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.limits import Limits
from avrogen.codec.plan import Plan
from avrogen.codec.plan_analysis import MinimumSizes
from avrogen.codec.python_backend.decoder_emitter import (
    Decoder,
    WriterDecoders,
    block_decoder_source,
    decoder_source,
)
from avrogen.codec.python_backend.encoder_emitter import (
    StrictEncoders,
    block_encoder_source,
    encoder_source,
)

__all__ = [
    "BlockDecoder",
    "BlockEncoder",
    "Decoder",
    "StrictEncoders",
    "WriterDecoders",
    "compile_block_decoder",
    "compile_block_encoder",
    "compile_decoder",
    "compile_encoder",
]


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


class BlockDecoder(NamedTuple):
    """Functions that decode adjacent data, as blocks of files have them.

    Attributes:
        read_values: ``(data, text, position, count, limits)`` returns up to ``count`` values and
            the position after them; fewer, if ``read_one`` has to decode the next one. ``text`` is
            the data in ISO-8859-1.
        read_one: ``(data, position, limits)`` returns a value and the position after it, or raises
            DecodeError.
        least: fewest bytes of a datum.
    """

    read_values: Callable[[bytes, str, int, int, Limits | None], tuple[list[Any], int]]
    read_one: Callable[[bytes, int, Limits | None], tuple[Any, int]]
    least: int


def compile_block_decoder(plan: Plan) -> BlockDecoder:
    """Return the functions that decode adjacent data of a plan."""
    sizes = MinimumSizes(plan)
    read_values = block_decoder_source(plan).compile("read_values")
    return BlockDecoder(read_values, InterpretedDecoder(plan).read_next, sizes.of(plan.root))


class BlockEncoder(NamedTuple):
    """Functions that encode values one after the other.

    Attributes:
        write_values: ``(values, out, limits)`` adds the bytes of values to a list, and returns for
            how many: fewer than there are, if ``write_one`` has to encode the next one.
        write_one: ``(value, limits)`` returns the bytes of a value, or raises EncodeError.
    """

    write_values: Callable[[list[Any], list[bytes], Limits | None], int]
    write_one: Callable[[Any, Limits | None], bytes]


def compile_block_encoder(plan: Plan) -> BlockEncoder:
    """Return the functions that encode values of a plan one after the other."""
    write_values = block_encoder_source(plan).compile("write_values")
    return BlockEncoder(write_values, InterpretedEncoder(plan).write)

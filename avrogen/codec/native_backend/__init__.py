"""Plans for ``avrogen-native``, which walks them without running Python code.

    plan ──plan_format──▶ tuples ──avrogen_native──▶ encode, decode

What is out of the ordinary is left to the interpreter, as by the Python backend: a value of one
operation, or the whole datum, which gives its value or the error.

    plan_format    plans as tuples
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from avrogen.codec.limits import Limits, current_limits
from avrogen.codec.native_backend.plan_format import (
    LoweredPlan,
    lowered_decoder,
    lowered_encoder,
)

if TYPE_CHECKING:
    from avrogen.codec.plan import Plan
    from avrogen.codec.python_backend import Decoder, StrictEncoders, WriterDecoders

__all__ = ["NativeModule", "native_decoder", "native_encoder"]


class NativeModule(Protocol):
    """The exports of ``avrogen_native``; its own stubs are the same."""

    PLAN_FORMAT: int
    __version__: str

    def encoder(
        self,
        plan: LoweredPlan,
        part: Callable[..., bytes],
        interpret: Callable[..., bytes],
        limits: Callable[[], Limits],
        unusual: Callable[..., bytes],
        has_options: bool,
        /,
    ) -> Callable[..., bytes]:
        """Return a function that encodes."""
        ...

    def decoder(
        self,
        plan: LoweredPlan,
        part: Callable[..., tuple[Any, int]],
        interpret: Callable[..., Any],
        limits: Callable[[], Limits],
        unusual: Callable[..., Any],
        has_options: bool,
        writers: WriterDecoders | None,
        /,
    ) -> Callable[..., Any]:
        """Return a function that decodes."""
        ...


def native_encoder(
    native: NativeModule, plan: Plan, strict: StrictEncoders | None
) -> Callable[..., bytes] | None:
    """Return the function that encodes values of a plan; None: it is left to the Python backend."""
    lowering = lowered_encoder(plan)
    if lowering is None:
        return None
    lowered, interpreter = lowering
    unusual = _encode if strict is None else _StrictCalls(strict)
    try:
        encode = native.encoder(
            lowered,
            interpreter.write_part,
            interpreter.write,
            current_limits,
            unusual,
            strict is not None,
        )
    except NotImplementedError:
        return None
    options = "" if strict is None else ", fill_defaults=True, allow_unknown_keys=True"
    return _named(encode, "to_avro", f"(value, *, limits=None{options})")


def native_decoder(
    native: NativeModule,
    plan: Plan,
    others: WriterDecoders | None,
    naming: Callable[[], Decoder] | None,
) -> Callable[..., Any] | None:
    """Return the function that decodes values of a plan; None: it is left to the Python backend."""
    lowering = lowered_decoder(plan)
    if lowering is None:
        return None
    lowered, interpreter = lowering
    unusual = _decode if naming is None else _NamingCalls(naming)
    try:
        decode = native.decoder(
            lowered,
            interpreter.read_part,
            interpreter.read,
            current_limits,
            unusual,
            naming is not None,
            others,
        )
    except NotImplementedError:
        return None
    option = "" if naming is None else ", named_branches=False"
    return _named(decode, "from_avro", f"(data, *, writer=None, limits=None{option})")


def _named(function: Callable[..., Any], name: str, signature: str) -> Callable[..., Any]:
    attributes = vars(function)
    attributes["__name__"] = attributes["__qualname__"] = name
    attributes["__text_signature__"] = signature  # for ``inspect``
    return function


# --- other calls than f(value) and f(value, limits=...) -------------------------------------------

_Arguments = tuple[Any, ...]
_Keywords = Mapping[str, Any]


def _encode(function: Callable[..., Any], arguments: _Arguments, keywords: _Keywords) -> Any:
    """Call an encoder with arguments in any of the ways that Python has."""
    value, limits = _bound(function, _encoder_arguments, arguments, keywords)
    return function(value, limits=limits)


def _decode(function: Callable[..., Any], arguments: _Arguments, keywords: _Keywords) -> Any:
    """Call a decoder likewise."""
    data, writer, limits = _bound(function, _decoder_arguments, arguments, keywords)
    return function(data, writer=writer, limits=limits)


class _StrictCalls:
    """Calls of an encoder of plain values, which has options."""

    def __init__(self, strict: StrictEncoders) -> None:
        self._strict = strict

    def __call__(
        self, function: Callable[..., Any], arguments: _Arguments, keywords: _Keywords
    ) -> Any:
        value, limits, fill_defaults, allow_unknown_keys = _bound(
            function, _plain_encoder_arguments, arguments, keywords
        )
        if not (fill_defaults and allow_unknown_keys):
            return self._strict(fill_defaults, allow_unknown_keys)(value, limits=limits)
        return function(value, limits=limits)


class _NamingCalls:
    """Calls of a decoder of plain values likewise."""

    def __init__(self, naming: Callable[[], Decoder]) -> None:
        self._naming: Callable[[], Callable[..., Any]] = naming

    def __call__(
        self, function: Callable[..., Any], arguments: _Arguments, keywords: _Keywords
    ) -> Any:
        data, writer, limits, named_branches = _bound(
            function, _plain_decoder_arguments, arguments, keywords
        )
        if named_branches:
            return self._naming()(data, writer=writer, limits=limits)
        return function(data, writer=writer, limits=limits)


def _encoder_arguments(value: Any, *, limits: Any = None) -> Any:
    return value, limits


def _plain_encoder_arguments(
    value: Any, *, limits: Any = None, fill_defaults: Any = True, allow_unknown_keys: Any = True
) -> Any:
    return value, limits, fill_defaults, allow_unknown_keys


def _decoder_arguments(data: Any, *, writer: Any = None, limits: Any = None) -> Any:
    return data, writer, limits


def _plain_decoder_arguments(
    data: Any, *, writer: Any = None, limits: Any = None, named_branches: Any = False
) -> Any:
    return data, writer, limits, named_branches


_CALL: Final = "()"


def _bound(
    function: Callable[..., Any],
    arguments_of: Callable[..., Any],
    arguments: _Arguments,
    keywords: _Keywords,
) -> Any:
    """Return the arguments in their order.

    Raises:
        TypeError: as Python raises it for a function of this name.
    """
    try:
        return arguments_of(*arguments, **keywords)
    except TypeError as error:
        reason = str(error).partition(_CALL)[2]
        message = f"{vars(function)['__qualname__']}{_CALL}{reason}"
    raise TypeError(message)

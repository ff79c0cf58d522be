"""The backend that compiles plans: native code, if it is installed and fits, or Python.

``avrogen-native`` is a distribution of its own, which ``pip install 'avrogen[native]'`` adds.
Values, errors and their words are the same with both. The backend is chosen on first use, once in a
process:

    AVROGEN_BACKEND=auto     native, if it can be imported and knows this plan format; the default
    AVROGEN_BACKEND=native   native, or an error
    AVROGEN_BACKEND=python   Python
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from avrogen.errors import AvrogenError, ConfigurationError, MissingExtraError
from avrogen.fork_safety import load_before_fork

if TYPE_CHECKING:
    from avrogen.codec.native_backend import NativeModule
    from avrogen.codec.plan import Plan
    from avrogen.codec.python_backend import Decoder, StrictEncoders, WriterDecoders

__all__ = [
    "PLAN_FORMAT",
    "VARIABLE",
    "Backend",
    "backend",
    "compile_decoder",
    "compile_encoder",
    "native_module",
]

VARIABLE: Final = "AVROGEN_BACKEND"

PLAN_FORMAT: Final = 1
"""Number of the format in which :mod:`avrogen.codec.native_backend.plan_format` describes plans. It
is the major version of ``avrogen-native``, and part of the extra ``native``."""

_DISTRIBUTION: Final = "avrogen-native"
_MODULE: Final = "avrogen_native"


@dataclass(frozen=True, slots=True)
class Backend:
    """The backend of the codec in this process.

    Attributes:
        name: ``native`` or ``python``.
        reason: why it was chosen, with the version of a native backend.
    """

    name: Literal["native", "python"]
    reason: str


class _Choice(NamedTuple):
    backend: Backend
    native: NativeModule | None


def backend() -> Backend:
    """Return the backend that encodes and decodes in this process, which is chosen on first use.

    Raises:
        ConfigurationError: ``AVROGEN_BACKEND`` has another value than ``auto``, ``native`` and
            ``python``, or it is ``native``, and that cannot be used.
        MissingExtraError: it is ``native``, and avrogen-native is not installed.
    """
    return _choice().backend


def native_module() -> NativeModule | None:
    """Return the native backend; None: this process has the Python backend."""
    return _choice().native


def compile_encoder(plan: Plan, strict: StrictEncoders | None = None) -> Callable[..., bytes]:
    """Return the function ``(value, *, limits=None)`` that encodes values of a plan.

    It raises nothing but EncodeError. With ``strict`` encoders, it has the parameters that choose
    one of them.
    """
    native = _choice().native
    if native is not None:
        from avrogen.codec.native_backend import native_encoder

        encode = native_encoder(native, plan, strict)
        if encode is not None:
            return encode
    from avrogen.codec import python_backend

    return python_backend.compile_encoder(plan, strict)


def compile_decoder(
    plan: Plan,
    others: WriterDecoders | None = None,
    naming: Callable[[], Decoder] | None = None,
) -> Callable[..., Any]:
    """Return the function ``(data, *, writer=None, limits=None)`` that decodes values of a plan.

    For all bytes, it raises nothing but DecodeError. ``others`` decode data of a ``writer``.
    ``naming`` returns the decoder for ``named_branches=True``; None: there is no such parameter.
    """
    native = _choice().native
    if native is not None:
        from avrogen.codec.native_backend import native_decoder

        decode = native_decoder(native, plan, others, naming)
        if decode is not None:
            return decode
    from avrogen.codec import python_backend

    return python_backend.compile_decoder(plan, others, naming)


@cache
def _choice() -> _Choice:
    wanted = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    match wanted:
        case "python":
            choice = _Choice(Backend("python", f"{VARIABLE}=python"), None)
        case "auto" | "native":
            choice = _native_or_python(required=wanted == "native")
        case _:
            raise ConfigurationError(
                f"expected auto, native or python, got {wanted!r}", setting=VARIABLE
            )
    _log_choice(choice.backend)
    return choice


def _log_choice(chosen: Backend) -> None:
    # Where nobody has imported it, nobody has configured it, and it takes long to import.
    logging = sys.modules.get("logging")
    if logging is not None and hasattr(logging, "getLogger"):
        logger = logging.getLogger("avrogen.codec")
        logger.debug("codec backend: %s (%s)", chosen.name, chosen.reason)


def _native_or_python(*, required: bool) -> _Choice:
    if _is_sub_interpreter():
        # Not even tried, as PyO3 refuses it.
        return _python(f"{_DISTRIBUTION} is for the main interpreter only", None, required)
    try:
        native = cast("NativeModule", import_module(_MODULE))
    except ModuleNotFoundError as error:
        if error.name != _MODULE:
            return _python(f"{_DISTRIBUTION} cannot be imported: {error}", error, required)
        if required:
            raise MissingExtraError("native") from None
        return _Choice(Backend("python", f"{_DISTRIBUTION} is not installed"), None)
    except ImportError as error:
        # Such as where objects have another layout than it knows.
        return _python(f"{_DISTRIBUTION} cannot be imported: {error}", error, required)
    name = f"{_DISTRIBUTION} {native.__version__}"
    if native.PLAN_FORMAT != PLAN_FORMAT:
        reason = (
            f"{name} is for plan format {native.PLAN_FORMAT}, and this avrogen has {PLAN_FORMAT}"
        )
        return _python(reason, None, required)
    return _Choice(Backend("native", name), native)


def _is_sub_interpreter() -> bool:
    for name in ("_interpreters", "_xxsubinterpreters"):  # of Python 3.13, and of those before
        try:
            interpreters = import_module(name)
        except ImportError:
            continue
        return bool(interpreters.get_current() != interpreters.get_main())
    return False


def _python(reason: str, cause: ImportError | None, required: bool) -> _Choice:
    if required:
        raise ConfigurationError(
            reason,
            setting=VARIABLE,
            hint=f"pip install 'avrogen[native]', or {VARIABLE}=auto",
        ) from cause
    return _Choice(Backend("python", reason), None)


def _load() -> None:
    """Import the backend along with this module: no import may be unfinished in a fork."""
    try:
        native = _choice().native
    except AvrogenError:
        return  # raised on use
    import_module(f"avrogen.codec.{'native' if native is not None else 'python'}_backend")


load_before_fork("avrogen.codec.python_backend")  # a native backend leaves plans to it
_load()

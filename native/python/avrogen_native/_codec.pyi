from collections.abc import Callable
from typing import Any, Final

PLAN_FORMAT: Final[int]
__version__: Final[str]

def encoder(
    plan: tuple[Any, ...],
    part: Callable[[Any, Any, int], bytes],
    interpret: Callable[[Any, Any], bytes],
    limits: Callable[[], Any],
    unusual: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any],
    has_options: bool,
) -> Callable[..., bytes]:
    """Return a function ``(value, *, limits=None)`` that encodes.

    Args:
        plan: a plan in the format ``PLAN_FORMAT``, as ``codec/native_backend/plan_format.py`` of
            avrogen makes it.
        part: encodes a value of one operation, with further levels of recursive records.
        interpret: encodes a datum under limits, or raises the error.
        limits: returns the limits of the process.
        unusual: calls the function in other ways than with a value, limits, and options that are
            at their defaults.
        has_options: the function has ``fill_defaults`` and ``allow_unknown_keys``.

    Raises:
        NotImplementedError: a class of the plan is left to Python.
        ValueError: the plan has another format. TypeError, IndexError and OverflowError likewise.
    """

def decoder(
    plan: tuple[Any, ...],
    part: Callable[[Any, bytes, int], tuple[Any, int]],
    interpret: Callable[[bytes, Any], Any],
    limits: Callable[[], Any],
    unusual: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any],
    has_options: bool,
    writers: tuple[dict[int, Any], Callable[[Any], Any]] | None,
) -> Callable[..., Any]:
    """Return a function ``(data, *, writer=None, limits=None)`` that decodes.

    Args:
        plan: as of :func:`encoder`.
        part: decodes a value of one operation at a position, and returns the position after it.
        interpret: decodes a datum under limits, or raises the error.
        limits: returns the limits of the process.
        unusual: as of :func:`encoder`.
        has_options: the function has ``named_branches``.
        writers: decoders by the ``id`` of the writer's schema, and a function that finds others.

    Raises:
        NotImplementedError: as of :func:`encoder`, and the others.
    """

from collections.abc import Callable
from typing import Any, Final, final

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

@final
class MessageReader:
    """Reads consumed messages of one topic, many in one call.

    Args:
        message: class of the messages; of its slots, ``_raw``, ``key``, ``value``, ``topic``,
            ``partition``, ``offset`` and ``headers`` are set.
        raw: confluent-kafka's class of messages.
        topic: name of the topic.
        known: returns the decoder of values behind five bytes; None: it is unknown.
        read_key: returns the key of bytes; None: there are no keys.
        text_keys: keys are UTF-8, and ``read_key`` is not called.
        headers: class of headers, whose slot ``_pairs`` is a tuple of pairs.
        no_headers: headers of a message without any.

    Raises:
        NotImplementedError: the class of messages is left to Python.
    """

    def __new__(
        cls,
        message: type[Any],
        raw: type[Any],
        topic: str,
        known: Callable[[bytes], Callable[..., Any] | None],
        read_key: Callable[[bytes], Any] | None,
        text_keys: bool,
        headers: type[Any],
        no_headers: Any,
    ) -> MessageReader: ...
    def read(
        self,
        raws: list[Any],
        start: int,
        partition: int | None,
        most_bytes: int,
        messages: list[Any],
        /,
    ) -> int:
        """Append messages, up to the first that is left to Python.

        Args:
            raws: the messages as they were consumed.
            start: index of the first to read.
            partition: their partition.
            most_bytes: bytes of values after which no more are read.
            messages: what they are appended to.

        Returns:
            Bytes of the values that were read.
        """

"""Exceptions of avrogen, in one tree.

    AvrogenError
    ├── SchemaError          invalid schemas or configuration; carries all diagnostics
    ├── CodecError           invalid values or bytes
    │   ├── EncodeError      a Python value does not fit its schema
    │   └── DecodeError      bytes are not a datum of their schema
    │       ├── FramingError     the message names no schema id
    │       └── ResolutionError  the reader's schema cannot read the writer's data
    │           └── UnknownTypeError  the writer's type is none of the reader's
    ├── RegistryError        a schema registry rejects a request, does not answer, or answers
    │                        something unexpected
    ├── ConfigurationError   invalid or unsafe client properties
    ├── ConsumeError         a consumer stops, at a message or altogether
    ├── DeliveryError        messages did not reach their topic
    ├── TransactionError     a transaction failed
    ├── ClosedError          a client is used after it was closed, or before it was opened
    └── MissingExtraError    an extra is not installed; an ImportError as well

All of them are importable from ``avrogen`` and survive pickling.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from avrogen.avro.compat.paths import Incompatibility
    from avrogen.avro.diagnostics import Diagnostic

__all__ = [
    "AvrogenError",
    "ClosedError",
    "CodecError",
    "ConfigurationError",
    "ConsumeError",
    "DecodeError",
    "DeliveryError",
    "EncodeError",
    "FramingError",
    "MissingExtraError",
    "RegistryError",
    "ResolutionError",
    "SchemaError",
    "TransactionError",
    "UnknownTypeError",
]


class AvrogenError(Exception):
    """Base class of every exception that avrogen raises on purpose."""


class SchemaError(AvrogenError):
    """Invalid schemas, with every problem that was found in them.

    Attributes:
        diagnostics: the problems, in the order of files and positions.
    """

    diagnostics: tuple[Diagnostic, ...]

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        """Format as one line for logs; ``print(*error.diagnostics, sep="\\n")`` is for people."""
        return _first_of(map(_in_line, self.diagnostics), len(self.diagnostics))


class CodecError(AvrogenError):
    """Base class of :class:`EncodeError` and :class:`DecodeError`.

    Attributes:
        message: expected and found.
        path: place in the value, such as ``$.lines[2].price``; ``$`` is the whole value.
    """

    message: str
    path: str

    def __init__(self, message: str, path: str = "$") -> None:
        self.message = message
        self.path = path
        super().__init__(message, path)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class EncodeError(CodecError):
    """A Python value that does not fit its schema."""


class DecodeError(CodecError):
    """Bytes or JSON that are not a datum of the schema they are decoded with.

    Attributes:
        offset: position of the fault in the input: bytes of binary data, characters of JSON; -1 if
            the input is neither.
        line: line of the fault in JSON, from 1; None: the input is no text.
        column: character in that line, from 1; None likewise.
    """

    offset: int
    line: int | None
    column: int | None

    def __init__(self, message: str, path: str = "$", offset: int = 0) -> None:
        super().__init__(message, path)
        self.offset = offset
        self.line = None
        self.column = None

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.path}: {self.message} (line {self.line}, column {self.column})"
        at = f" (byte {self.offset})" if self.offset >= 0 else ""
        return f"{self.path}: {self.message}{at}"


class FramingError(DecodeError):
    """A message that does not begin with a schema id in the registry's wire format.

    The text describes the bytes that were found instead.
    """

    def __str__(self) -> str:
        # Nothing is decoded yet, so there is no path.
        return self.message


class ResolutionError(DecodeError):
    """A writer's schema, or a value written with it, that the reader's schema cannot read.

    If no data of the writer's schema can be read, it is raised before any are decoded, with every
    incompatibility. If only some cannot, such as those with a symbol that the reader lacks, it is
    raised at the first of them.

    Attributes:
        incompatibilities: reasons why the data cannot be read.
    """

    incompatibilities: tuple[Incompatibility, ...]

    def __init__(
        self, incompatibilities: Iterable[Incompatibility], path: str = "$", offset: int = 0
    ) -> None:
        self.incompatibilities = tuple(incompatibilities)
        shown = _first_of(map(str, self.incompatibilities), len(self.incompatibilities))
        super().__init__(f"the writer's schema does not match: {shown}", path, offset)

    def __reduce__(self) -> tuple[type[ResolutionError], tuple[object, ...]]:
        return type(self), (self.incompatibilities, self.path, self.offset)


class UnknownTypeError(ResolutionError):
    """A message of a type that none of the reader's types is a version of, by name or alias.

    Attributes:
        name: full name of the type that was written.
        expected: full names of the reader's types.
    """

    name: str
    expected: tuple[str, ...]

    def __init__(
        self,
        name: str,
        expected: Iterable[str],
        incompatibilities: Iterable[Incompatibility] = (),
        path: str = "$",
        offset: int = 0,
    ) -> None:
        super().__init__(incompatibilities, path, offset)
        self.name = name
        self.expected = tuple(expected)
        expectation = " or ".join(self.expected)
        reasons = ", ".join(map(str, self.incompatibilities))
        self.message = f"unexpected type: {name} was written, expected {expectation}" + (
            f" ({reasons})" if reasons else ""
        )

    def __reduce__(self) -> tuple[type[UnknownTypeError], tuple[object, ...]]:
        arguments = self.name, self.expected, self.incompatibilities, self.path, self.offset
        return type(self), arguments


class _ErrorWithFacts(AvrogenError):
    """An error with a message, and attributes that its text shows in parentheses.

    ``_facts`` has a format for each of those attributes, in their order in the text. Attributes
    that are None are left out.
    """

    _facts: ClassVar[Mapping[str, str]]

    message: str

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        values = ((text, getattr(self, name)) for name, text in self._facts.items())
        shown = (text.format(value) for text, value in values if value is not None)
        facts = ", ".join(filter(None, shown))
        return f"{self.message} ({facts})" if facts else self.message


class RegistryError(_ErrorWithFacts):
    """A schema registry that rejects a request, does not answer, or answers something unexpected.

    Attributes:
        message: request and result.
        hint: suggested fix, if one is known.
        url: URL of the request, without credentials.
        subject: subject of the request.
        id: id or GUID of the schema in the request.
        status: HTTP status of the response; None: there was no response.
        code: error code in the response, such as 40403.
        transient: the same request may succeed later: the registry cannot be reached, is
            overloaded, or failed.
        retry_after: seconds to wait before the next request, as the registry asks.
    """

    _facts: ClassVar[Mapping[str, str]] = {
        "subject": "subject {}",
        "id": "schema {}",
        "status": "HTTP {}",
        "code": "code {}",
        "url": "{}",
    }

    hint: str | None
    url: str | None
    subject: str | None
    id: int | UUID | None
    status: int | None
    code: int | None
    transient: bool
    retry_after: float | None

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        url: str | None = None,
        subject: str | None = None,
        id: int | UUID | None = None,
        status: int | None = None,
        code: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.url = url
        self.subject = subject
        self.id = id
        self.status = status
        self.code = code
        self.transient = transient
        self.retry_after = retry_after

    def __str__(self) -> str:
        return _with_hint(super().__str__(), self.hint)


class ConfigurationError(AvrogenError):
    """Client properties or arguments that are invalid, or unsafe.

    Attributes:
        setting: name of the property; None: the fault is not in one alone.
        reason: fault and value that was found.
        hint: suggested fix, if one is known.
    """

    setting: str | None
    reason: str
    hint: str | None

    def __init__(self, reason: str, *, setting: str | None = None, hint: str | None = None) -> None:
        super().__init__(reason)
        self.setting = setting
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.setting}: {self.reason}" if self.setting is not None else self.reason
        return _with_hint(text, self.hint)


class ConsumeError(_ErrorWithFacts):
    """A consumer that stops: at a message that it must not skip, or because Kafka rejects it.

    The ``__cause__`` has the reason. Offsets of messages that were handled are committed when the
    consumer is closed; after a restart it continues with the message that it stopped at.

    Attributes:
        message: reason in one line.
        topic: name of the topic.
        partition: partition of the message; None: the error is not about a message.
        offset: offset of the message.
        code: librdkafka's name of the error, such as ``GROUP_AUTHORIZATION_FAILED``.
    """

    _facts: ClassVar[Mapping[str, str]] = {
        "topic": "topic {}",
        "partition": "partition {}",
        "offset": "offset {}",
        "code": "{}",
    }

    topic: str | None
    partition: int | None
    offset: int | None
    code: str | None

    def __init__(
        self,
        message: str,
        *,
        topic: str | None = None,
        partition: int | None = None,
        offset: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.code = code


class DeliveryError(_ErrorWithFacts):
    """Messages that did not reach their topic, or whose delivery is unknown.

    The KafkaException, if there is one, is the ``__cause__``.

    Attributes:
        message: reason in one line.
        topic: topic of the message; None: several messages, of several topics.
        key: key of the message, as passed to ``send`` or found in its field; None if it has none.
        code: librdkafka's name of the error, such as ``MSG_SIZE_TOO_LARGE``.
        retriable: the same message may be delivered if it is sent again, such as after a timeout.
            If the first one arrived all the same, the topic has a duplicate then.
        fatal: the producer can send nothing more and is closed.
        undelivered: number of messages.
    """

    _facts: ClassVar[Mapping[str, str]] = {"topic": "topic {}", "key": "key {!r}", "code": "{}"}

    topic: str | None
    key: object
    code: str | None
    retriable: bool
    fatal: bool
    undelivered: int

    def __init__(
        self,
        message: str,
        *,
        topic: str | None = None,
        key: object = None,
        code: str | None = None,
        retriable: bool = False,
        fatal: bool = False,
        undelivered: int = 1,
    ) -> None:
        super().__init__(message)
        self.topic = topic
        self.key = key
        self.code = code
        self.retriable = retriable
        self.fatal = fatal
        self.undelivered = undelivered


class TransactionError(_ErrorWithFacts):
    """A transaction that failed: none of its messages are committed.

    The KafkaException, if there is one, is the ``__cause__``.

    Attributes:
        message: reason in one line.
        code: librdkafka's name of the error, such as ``_FENCED``.
        retriable: the same work may succeed in another transaction.
        fatal: the producer is closed, such as when another producer with the same
            ``transactional.id`` has fenced it.
    """

    _facts: ClassVar[Mapping[str, str]] = {"code": "{}"}

    code: str | None
    retriable: bool
    fatal: bool

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retriable: bool = False,
        fatal: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retriable = retriable
        self.fatal = fatal


class ClosedError(AvrogenError):
    """A producer or consumer that is used after it was closed, or before it was opened."""


class MissingExtraError(AvrogenError, ImportError):
    """An optional dependency that is not installed.

    Attributes:
        extra: name of the extra that contains it: ``pip install 'avrogen[extra]'``.
    """

    extra: str

    def __init__(self, extra: str) -> None:
        super().__init__(f"the extra \"{extra}\" is required: pip install 'avrogen[{extra}]'")
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str]]:
        return type(self), (self.extra,)


# --- texts ----------------------------------------------------------------------------------------

_SHOWN = 5
"""Problems in a message: it must fit in a log line."""

_LONGEST_PROBLEM = 500
"""Characters of one problem in that line: names in schemas have no maximum length."""


def _first_of(problems: Iterable[str], count: int) -> str:
    """Join the first problems, and give the number of the others."""
    shown = "; ".join(islice(problems, _SHOWN))
    return f"{shown}; and {count - _SHOWN} more" if count > _SHOWN else shown


def _in_line(diagnostic: Diagnostic) -> str:
    problem, _, hint = str(diagnostic).partition("\n  hint: ")
    text = f"{problem} (hint: {hint})" if hint else problem
    return text if len(text) <= _LONGEST_PROBLEM else f"{text[:_LONGEST_PROBLEM]}..."


def _with_hint(text: str, hint: str | None) -> str:
    return f"{text}\n  hint: {hint}" if hint else text

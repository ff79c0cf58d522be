"""Every exception that avrogen raises, in one tree.

    AvrogenError
    ├── SchemaError          a schema or configuration is at fault; carries all diagnostics
    ├── CodecError           a value or bytes are at fault
    │   ├── EncodeError      a Python value does not fit its schema
    │   └── DecodeError      bytes are no datum of their schema
    │       ├── FramingError     they do not say which schema that is
    │       └── ResolutionError  they are, but not such that the reader's schema can read them
    ├── RegistryError        a schema registry refuses, does not answer, or not as it should
    ├── ConfigurationError   settings of a client that cannot work
    ├── ConsumeError         a consumer that stops, at a message or altogether
    ├── DeliveryError        messages that did not reach their topic
    ├── TransactionError     a transaction that did not come about
    ├── ClosedError          a client is used after it was closed, or before it was opened
    └── MissingExtraError    something that is installed only when asked for; an ImportError as well

All of them are importable from ``avrogen`` and survive pickling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
]


class AvrogenError(Exception):
    """Base class of every exception that avrogen raises on purpose."""


class SchemaError(AvrogenError):
    """Schemas that cannot be used, with every problem that was found in them.

    Attributes:
        diagnostics: the problems, in the order of files and positions.
    """

    diagnostics: tuple[Diagnostic, ...]

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        """On one line for logs. ``print(*error.diagnostics, sep="\\n")`` has several for people."""
        shown = "; ".join(map(_in_line, self.diagnostics[:_SHOWN]))
        rest = len(self.diagnostics) - _SHOWN
        return f"{shown}; and {rest} more" if rest > 0 else shown

    def __reduce__(self) -> tuple[type[SchemaError], tuple[tuple[Diagnostic, ...]]]:
        return type(self), (self.diagnostics,)


def _in_line(diagnostic: Diagnostic) -> str:
    problem, _, hint = str(diagnostic).partition("\n  hint: ")
    text = f"{problem} (hint: {hint})" if hint else problem
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


class CodecError(AvrogenError):
    """What :class:`EncodeError` and :class:`DecodeError` have in common.

    Attributes:
        message: what was expected and what came.
        path: where in the value, such as ``$.lines[2].price``; ``$`` is the whole value.
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
    """A Python value that does not fit the schema it was to be written with."""


class DecodeError(CodecError):
    """Bytes that are not a datum of the schema they were read with.

    Attributes:
        offset: how many bytes into the input the trouble is.
    """

    offset: int

    def __init__(self, message: str, path: str = "$", offset: int = 0) -> None:
        super().__init__(message, path)
        self.offset = offset

    def __reduce__(self) -> tuple[type[DecodeError], tuple[object, ...]]:
        return type(self), (self.message, self.path, self.offset)

    def __str__(self) -> str:
        return f"{self.path}: {self.message} (byte {self.offset})"


class FramingError(DecodeError):
    """A message that is not framed as schema registries have it: no id of its schema in front.

    The message says what the bytes look like instead.
    """

    def __str__(self) -> str:
        # No value has been looked at yet that had a path.
        return self.message


class ResolutionError(DecodeError):
    """A writer's schema, or what it wrote here, that the reader's schema cannot read.

    If no data of the writer's schema can be read, it is raised before any are looked at, with
    every incompatibility. If only some cannot, such as those with a symbol that the reader lacks,
    it is raised where they come up.

    Attributes:
        incompatibilities: what is in the way.
    """

    incompatibilities: tuple[Incompatibility, ...]

    def __init__(
        self, incompatibilities: Iterable[Incompatibility], path: str = "$", offset: int = 0
    ) -> None:
        self.incompatibilities = tuple(incompatibilities)
        shown = "; ".join(map(str, self.incompatibilities[:_SHOWN]))
        if len(self.incompatibilities) > _SHOWN:
            shown += f"; and {len(self.incompatibilities) - _SHOWN} more"
        super().__init__(f"the writer's schema does not match: {shown}", path, offset)

    def __reduce__(self) -> tuple[type[ResolutionError], tuple[object, ...]]:
        return type(self), (self.incompatibilities, self.path, self.offset)


_LONG = 500
"""Characters of one problem on that line: schemas may have names of any length."""

_SHOWN = 5
"""Incompatibilities in the message: it should fit in a log line."""


class RegistryError(AvrogenError):
    """A schema registry that refuses, does not answer, or answers something else.

    Attributes:
        message: what was asked for and what came of it.
        hint: what to do about it, where that is known.
        url: what was requested, without credentials.
        subject: the subject that it was about.
        id: the id or GUID of the schema that it was about.
        status: the HTTP status of the answer; None: there was no answer.
        code: the error code in the answer, such as 40403.
        transient: whether the same may work if it is tried again: the registry cannot be reached,
            is overloaded, or failed.
        retry_after: seconds that the registry wants to be left alone for.
    """

    message: str
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
        self.message = message
        self.hint = hint
        self.url = url
        self.subject = subject
        self.id = id
        self.status = status
        self.code = code
        self.transient = transient
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[RegistryError], tuple[str], dict[str, object]]:
        # The rest is in the state.
        return type(self), (self.message,), self.__dict__

    def __str__(self) -> str:
        facts = [
            f"subject {self.subject}" if self.subject is not None else "",
            f"schema {self.id}" if self.id is not None else "",
            f"HTTP {self.status}" if self.status is not None else "",
            f"code {self.code}" if self.code is not None else "",
            self.url or "",
        ]
        shown = ", ".join(filter(None, facts))
        text = f"{self.message} ({shown})" if shown else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class ConfigurationError(AvrogenError):
    """Settings of a client that cannot work, or not as safely as they must.

    Attributes:
        setting: the name of the setting; None: it is not about one alone.
        reason: what is wrong with it.
        hint: what to do about it, where that is known.
    """

    setting: str | None
    reason: str
    hint: str | None

    def __init__(self, reason: str, *, setting: str | None = None, hint: str | None = None) -> None:
        super().__init__(reason)
        self.setting = setting
        self.reason = reason
        self.hint = hint

    def __reduce__(self) -> tuple[type[ConfigurationError], tuple[str], dict[str, object]]:
        return type(self), (self.reason,), self.__dict__

    def __str__(self) -> str:
        text = f"{self.setting}: {self.reason}" if self.setting is not None else self.reason
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class ConsumeError(AvrogenError):
    """A consumer that stops: at a message that it must not pass over, or because Kafka refuses it.

    What was the matter is the ``__cause__``. What was handled before is committed when the consumer
    is closed; the message is there again when it is started again.

    Attributes:
        message: what came of it, in one line.
        topic: the topic.
        partition: the message's partition; None: it is not about a message.
        offset: the message's offset in it.
        code: what librdkafka calls the failure, such as ``GROUP_AUTHORIZATION_FAILED``.
    """

    message: str
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
        self.message = message
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.code = code

    def __reduce__(self) -> tuple[type[ConsumeError], tuple[str], dict[str, object]]:
        return type(self), (self.message,), self.__dict__

    def __str__(self) -> str:
        facts = [
            f"topic {self.topic}" if self.topic is not None else "",
            f"partition {self.partition}" if self.partition is not None else "",
            f"offset {self.offset}" if self.offset is not None else "",
            self.code or "",
        ]
        shown = ", ".join(filter(None, facts))
        return f"{self.message} ({shown})" if shown else self.message


class DeliveryError(AvrogenError):
    """Messages that did not reach their topic, or nobody knows whether they did.

    The KafkaException that says so, if there is one, is the ``__cause__``.

    Attributes:
        message: what came of it, in one line.
        topic: where the message was to go; None: several messages, of several topics.
        key: its key, as it was given to ``send`` or found in its field; None if it has none.
        code: what librdkafka calls the failure, such as ``MSG_SIZE_TOO_LARGE``.
        retriable: whether the same message may be delivered if it is sent again, such as after a
            timeout. It may have arrived all the same, and is there twice then.
        fatal: whether the producer can send nothing more and is closed.
        undelivered: how many messages this is about.
    """

    message: str
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
        self.message = message
        self.topic = topic
        self.key = key
        self.code = code
        self.retriable = retriable
        self.fatal = fatal
        self.undelivered = undelivered

    def __reduce__(self) -> tuple[type[DeliveryError], tuple[str], dict[str, object]]:
        return type(self), (self.message,), self.__dict__

    def __str__(self) -> str:
        facts = [
            f"topic {self.topic}" if self.topic is not None else "",
            f"key {self.key!r}" if self.key is not None else "",
            self.code or "",
        ]
        shown = ", ".join(filter(None, facts))
        return f"{self.message} ({shown})" if shown else self.message


class TransactionError(AvrogenError):
    """A transaction that did not come about: none of its messages count.

    The KafkaException that says so, if there is one, is the ``__cause__``.

    Attributes:
        message: what came of it.
        code: what librdkafka calls the failure, such as ``_FENCED``.
        retriable: whether the same may work in another transaction.
        fatal: whether the producer can do nothing more and is closed, such as when another one
            with the same ``transactional.id`` has taken its place.
    """

    message: str
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
        self.message = message
        self.code = code
        self.retriable = retriable
        self.fatal = fatal

    def __reduce__(self) -> tuple[type[TransactionError], tuple[str], dict[str, object]]:
        return type(self), (self.message,), self.__dict__

    def __str__(self) -> str:
        return f"{self.message} ({self.code})" if self.code else self.message


class ClosedError(AvrogenError):
    """A producer or consumer that is used after it was closed, or before it was opened."""


class MissingExtraError(AvrogenError, ImportError):
    """Something that avrogen does not install unless it is asked to.

    Attributes:
        extra: the name of the extra that brings it: ``pip install 'avrogen[extra]'``.
    """

    extra: str

    def __init__(self, extra: str) -> None:
        super().__init__(f"this needs what comes with: pip install 'avrogen[{extra}]'")
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str]]:
        return type(self), (self.extra,)

"""Lines of JSON as records, with keys and values encoded by the schemas of the registry.

The form is that of :mod:`avrogen.console.record_output`. All lines are checked before the first
record is sent, so records wait, in memory or in a temporary file.
"""

from __future__ import annotations

import binascii
import marshal
from base64 import b64decode
from collections.abc import Collection, Iterator
from datetime import datetime
from difflib import get_close_matches
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Self, cast

from avrogen.codec.json_encoding.json_codec import json_codec
from avrogen.codec.json_encoding.json_forms import ExactNumber, is_array, is_object
from avrogen.codec.json_encoding.json_text import DuplicateKeys, parse_json
from avrogen.console.start_position import parse_since
from avrogen.errors import DecodeError, EncodeError
from avrogen.kafka.checked_access import text_problem
from avrogen.kafka.serde.primitive_keys import key_writer
from avrogen.kafka.wire_format import KEY_HEADER, VALUE_HEADER, frame_prefix
from avrogen.message_text import shortened

if TYPE_CHECKING:
    from avrogen.console.record_output import KeyFormat
    from avrogen.console.schema_lookup import TopicSchemas, WritableSchema
    from avrogen.kafka.message import Header

__all__ = [
    "MOST_ERRORS",
    "CheckedRecords",
    "InvalidLine",
    "OutgoingRecord",
    "RecordParser",
    "check_lines",
]

_MOST_LINE: Final = 64 * 2**20
"""Bytes of a line; brokers take records of 1 MB by default."""

_IN_MEMORY: Final = 64 * 2**20
"""Bytes of records that wait in memory; more are in a temporary file."""

MOST_ERRORS: Final = 20
"""Wrong lines after which no further ones are checked."""

_SENT: Final = ("key", "key_base64", "value", "value_base64", "headers")
_MEMBERS: Final = (
    *_SENT,
    "timestamp",
    "partition",
    "topic",
    "offset",
    "key_problem",
    "value_problem",
)


class InvalidLine(ValueError):
    """A line that is no record."""


class OutgoingRecord(NamedTuple):
    """A record to send.

    Attributes:
        key: bytes of the key, or None.
        value: bytes of the value; None for a tombstone.
        headers: headers.
        partition: number of its partition; None: that of its key.
        timestamp: milliseconds since 1970; None: now.
    """

    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()
    partition: int | None = None
    timestamp: int | None = None


class RecordParser:
    """Parser of the lines for one topic.

    Args:
        schemas: schemas of the topic.
        keys: format of keys; ``auto`` is ``avro`` if keys have a schema, and otherwise ``string``.
        partitions: partitions of the topic, to use the one that a line has; None: that of its key.
        keep_timestamps: use the timestamp that a line has.
    """

    def __init__(
        self,
        schemas: TopicSchemas,
        keys: KeyFormat = "auto",
        *,
        partitions: Collection[int] | None = None,
        keep_timestamps: bool = False,
    ) -> None:
        self._schemas = schemas
        self._keys: KeyFormat = keys
        self._partitions = partitions
        self._keep_timestamps = keep_timestamps

    def record(self, line: bytes) -> OutgoingRecord:
        """Return the record of a line.

        Raises:
            InvalidLine: it is none.
            RegistryError: the registry does not respond, or the schema's rules are not executed.
            ConfigurationError: there is no registry.
        """
        members = _object(line)
        headers = tuple(_headers(members.get("headers")))
        key = self._part(members, "key", headers)
        value = self._part(members, "value", headers)
        if "value" not in members and "value_base64" not in members:
            raise InvalidLine('there is no "value"; a tombstone has null')
        partition = None if self._partitions is None else _partition(members, self._partitions)
        timestamp = _timestamp(members) if self._keep_timestamps else None
        return OutgoingRecord(key, value, headers, partition, timestamp)

    def _part(
        self, members: dict[str, Any], name: str, headers: tuple[Header, ...]
    ) -> bytes | None:
        raw = members.get(f"{name}_base64")
        if raw is not None:
            if name in members:
                raise InvalidLine(f'there are "{name}" and "{name}_base64"; keep one of them')
            return _bytes(raw, f"{name}_base64")
        tree = members.get(name)
        if tree is None:
            return None
        framing = KEY_HEADER if name == "key" else VALUE_HEADER
        if any(each == framing for each, _ in headers):
            raise InvalidLine(
                f'header {framing} is the schema of bytes, so it needs "{name}_base64"'
            )
        try:
            return self._key(tree) if name == "key" else self._value(tree)
        except (DecodeError, EncodeError) as error:
            raise InvalidLine(f"{name}: {error}") from None

    def _value(self, tree: Any) -> bytes:
        type_: object = tree.get("$type") if is_object(tree) else None
        return _framed(tree, self._schemas.value(type_ if isinstance(type_, str) else None))

    def _key(self, tree: Any) -> bytes:
        keys = self._keys
        if keys in ("auto", "avro"):
            schema = self._schemas.key()
            if schema is not None:
                return _framed(tree, schema)
            if keys == "avro":
                raise EncodeError("the registry has no subject for the keys of this topic")
            if not isinstance(tree, str):
                raise EncodeError(
                    "keys of this topic have no schema, so they are text; "
                    "see --key-type for numbers and other types"
                )
            keys = "string"
        if keys == "bytes":
            raise EncodeError('keys that are bytes are in "key_base64"')
        plain = float(tree) if isinstance(tree, ExactNumber) else tree
        return key_writer(cast("Any", keys))(plain)


def _framed(tree: Any, schema: WritableSchema) -> bytes:
    return frame_prefix(schema.id) + json_codec(schema.schema).tree_to_data(tree)


def _object(line: bytes) -> dict[str, Any]:
    """Return the members of a line.

    Raises:
        InvalidLine: it is no JSON object, or has a member that is none of a record.
    """
    if len(line) > _MOST_LINE:
        raise InvalidLine(f"the line has more than {_MOST_LINE:,} bytes")
    try:
        tree = parse_json(line.decode())
    except UnicodeDecodeError:
        raise InvalidLine("the line is not UTF-8") from None
    except DecodeError as error:
        column = f" (column {error.column})" if error.column is not None else ""
        raise InvalidLine(f"{error.message}{column}") from None
    if not isinstance(tree, dict):
        raise InvalidLine('expected a JSON object, such as {"key": "a", "value": {...}}')
    members = cast("dict[str, Any]", tree)
    if isinstance(members, DuplicateKeys):
        raise InvalidLine(f"{shortened(members.key)} is there twice")
    for name in members:
        if name not in _MEMBERS:
            near = get_close_matches(name, _SENT, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(_MEMBERS)}"
            raise InvalidLine(f"unknown member {shortened(name)}{hint}")
    return members


def _bytes(tree: object, name: str) -> bytes:
    if isinstance(tree, str):
        try:
            return b64decode(tree, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise InvalidLine(f"{name}: expected base64, got {shortened(tree)}")


def _headers(tree: Any) -> Iterator[Header]:
    """Yield headers: a list of pairs, or an object."""
    pairs: list[Any] = []
    if is_object(tree) and not isinstance(tree, DuplicateKeys):
        pairs = [[name, content] for name, content in tree.items()]
    elif is_array(tree):
        pairs = tree
    elif tree is not None:
        raise InvalidLine('headers: expected pairs, such as [["trace", "7"]]')
    for pair in pairs:
        if not is_array(pair) or len(pair) != 2 or not isinstance(pair[0], str):
            raise InvalidLine(f"headers: expected a name and a value, got {shortened(pair)}")
        name: str = pair[0]
        problem = text_problem(name)
        if problem is not None:
            raise InvalidLine(f"headers: the name {shortened(name)} {problem}")
        yield name, _header_value(pair[1])


def _header_value(tree: Any) -> bytes | None:
    match tree:
        case None:
            return None
        case str():
            try:
                return tree.encode()
            except UnicodeEncodeError:
                raise InvalidLine("headers: the text has half of a surrogate pair") from None
        case {"base64": encoded} if len(cast("dict[str, Any]", tree)) == 1:
            return _bytes(encoded, "headers")
        case _:
            raise InvalidLine(
                f'headers: expected text, null or {{"base64": "..."}}, got {shortened(tree)}'
            )


def _partition(members: dict[str, Any], partitions: Collection[int]) -> int | None:
    number = members.get("partition")
    if number is None:
        return None
    if type(number) is not int or number not in partitions:
        raise InvalidLine(f"partition: {shortened(number)} is no partition of the topic")
    return number


def _timestamp(members: dict[str, Any]) -> int | None:
    found = members.get("timestamp")
    if found is None:
        return None
    if type(found) is int and 0 <= found < 2**63:
        return found
    if isinstance(found, str):
        try:
            datetime.fromisoformat(found)
            return parse_since(found, datetime.min).milliseconds
        except ValueError:
            pass
    raise InvalidLine(f"timestamp: expected a time in ISO 8601, got {shortened(found)}")


# --- all lines ------------------------------------------------------------------------------------


class CheckedRecords:
    """Records that were checked, in their order, with the numbers of their lines.

    Attributes:
        count: number of records.
    """

    def __init__(self) -> None:
        self.count = 0
        self._file: IO[bytes] = cast("IO[bytes]", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115

    def add(self, number: int, record: OutgoingRecord) -> None:
        """Add the record of a line."""
        marshal.dump((number, *record), self._file)
        self.count += 1

    def __iter__(self) -> Iterator[tuple[int, OutgoingRecord]]:
        self._file.seek(0)
        for _ in range(self.count):
            number, *fields = marshal.load(self._file)
            yield number, OutgoingRecord(*fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def check_lines(
    file: IO[bytes], parser: RecordParser, records: CheckedRecords
) -> list[tuple[int, str]]:
    """Parse all lines of a file; empty ones are skipped.

    Args:
        file: the file.
        parser: parser of lines.
        records: gets the records.

    Returns:
        Number and problem of each wrong line; at most 20, after which no line is checked.

    Raises:
        RegistryError, ConfigurationError: as :meth:`RecordParser.record`.
    """
    problems: list[tuple[int, str]] = []
    number = 0
    while line := file.readline(_MOST_LINE + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        line = line.strip()
        if not line:
            continue
        try:
            records.add(number, parser.record(line))
        except InvalidLine as error:
            problems.append((number, str(error)))
            if len(problems) == MOST_ERRORS or len(line) > _MOST_LINE:
                break
    return problems

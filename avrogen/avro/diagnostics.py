"""What can be wrong with schemas and their configuration, as data.

Every kind of problem has a code that never changes its meaning; ``docs/diagnostics.md`` explains
each with an example. The first digit says what is at fault: 1 files and JSON, 2 names and
references, 3 the shape of a schema, 4 defaults, 5 nothing yet (warnings), 6 ``avrogen.toml``,
7 the output folder, 8 a change that breaks data or readers, 9 a change of values that breaks
nothing (warnings).

Diagnostics as text for people, JSON for tools and commands for GitHub Actions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Literal, TypeAlias, assert_never

from avrogen.avro.model import Json
from avrogen.avro.source import Location, Origin, locate

__all__ = [
    "Code",
    "Diagnostic",
    "Diagnostics",
    "Format",
    "Severity",
    "diagnostic",
    "diagnostic_object",
    "one_line",
    "report",
]


class Severity(StrEnum):
    """Errors fail a build; warnings do so under ``--strict`` only."""

    ERROR = "error"
    WARNING = "warning"


class Code(Enum):
    """The kinds of problems. The value is the code that users see, and what it means in short."""

    # Files and JSON
    UNREADABLE_FILE = "AVR101", "file cannot be read"
    INVALID_UTF8 = "AVR102", "file is not UTF-8"
    DIRECTORY_NAMED_LIKE_SCHEMA = "AVR103", "folder with the name of a schema file"
    SYMLINK_LOOP = "AVR104", "symbolic link leads back to a folder around it"
    JSON_SYNTAX = "AVR105", "text is not JSON"
    DUPLICATE_KEY = "AVR106", "key stands twice in one object"
    JSON_NUMBER = "AVR107", "number out of range"
    NESTING = "AVR108", "nested too deeply"

    # Names and references
    INVALID_NAME = "AVR201", "invalid name"
    INVALID_NAMESPACE = "AVR202", "invalid namespace"
    UNKNOWN_TYPE = "AVR203", "unknown type"
    REDEFINED_TYPE = "AVR204", "type defined twice, differently"
    PRIMITIVE_NAME = "AVR205", "type named like a primitive type"
    DUPLICATE_FIELD = "AVR206", "two fields of one name"
    DUPLICATE_SYMBOL = "AVR207", "symbol stands twice in an enum"

    # The shape of a schema
    NOT_A_SCHEMA = "AVR301", "not a schema"
    MISSING_ATTRIBUTE = "AVR302", "attribute is missing"
    WRONG_ATTRIBUTE = "AVR303", "attribute has the wrong kind of value"
    NESTED_UNION = "AVR304", "union directly in a union"
    DUPLICATE_BRANCH = "AVR305", "two union branches that data cannot tell apart"
    ENDLESS_RECORD = "AVR306", "record that contains itself"

    # Defaults
    DEFAULT_MISMATCH = "AVR401", "default does not fit its type"
    ENUM_DEFAULT = "AVR402", "default of an enum is none of its symbols"
    LOGICAL_DEFAULT = "AVR403", "default has no value in Python"

    # Warnings
    LOGICAL_TYPE_ON_FIELD = "AVR501", "logicalType on the field instead of in the type"
    UNKNOWN_LOGICAL_TYPE = "AVR502", "unknown logical type"
    INVALID_LOGICAL_TYPE = "AVR503", "logical type does not fit"
    DEFAULT_NOT_A_SYMBOL = "AVR504", "default of a field is none of the symbols"
    DEFAULT_NOT_FIRST_BRANCH = "AVR505", "default of a union fits a later branch"
    DOC_NOT_TEXT = "AVR506", "doc is no text"
    AMBIGUOUS_UNION = "AVR507", "union branches of one Python type"
    ENDLESS_CIRCLE = "AVR508", "records that contain each other without end"
    EMPTY_TYPE = "AVR509", "type without values"

    # avrogen.toml
    TOML_SYNTAX = "AVR601", "text is not TOML"
    UNKNOWN_KEY = "AVR602", "unknown key"
    WRONG_VALUE = "AVR603", "wrong kind of value"
    MISSING_KEY = "AVR604", "key is missing"
    SUBJECT_STRATEGY = "AVR605", "bad subject strategy"
    SEVERAL_CONFIGS = "AVR606", "several configuration files"
    TOPIC_CLASS_NAME = "AVR607", "bad class name of a topic"
    TOPIC_NAME = "AVR608", "bad name of a topic"
    TOPIC_TYPE = "AVR609", "unknown type on a topic"
    KEY_FIELD = "AVR610", "bad key field"
    TOMBSTONES = "AVR611", "tombstones without keys"

    # The output folder
    OUTPUT_BLOCKED = "AVR701", "something else is in the way"

    # Changes that break data or readers
    TYPE_CHANGED = "AVR801", "type changed"
    TYPE_RENAMED = "AVR802", "type renamed"
    SIZE_CHANGED = "AVR803", "size of a fixed changed"
    SYMBOLS_UNKNOWN = "AVR804", "enum symbols that readers do not know"
    FIELD_WITHOUT_DEFAULT = "AVR805", "field without a default"
    BRANCH_UNKNOWN = "AVR806", "union branch that readers do not know"
    TYPE_REMOVED = "AVR807", "type removed"
    TYPE_OFF_TOPIC = "AVR808", "type taken off a topic"
    REGISTRY_REFUSES = "AVR809", "schema that the registry refuses"

    # Warnings: changes that break nothing and change values
    DECIMAL_CHANGED = "AVR901", "decimal of another precision or scale"
    TIME_UNIT_CHANGED = "AVR902", "time in another unit"
    TIME_ZONE_CHANGED = "AVR903", "instant became local time, or local time an instant"
    MEANING_CHANGED = "AVR904", "values mean something else"
    DIGITS_LOST = "AVR905", "integers lose digits"
    BYTES_AS_TEXT = "AVR906", "bytes are read as text"
    DEFAULT_CHANGED = "AVR907", "default changed"
    DEFAULT_REMOVED = "AVR908", "default removed"
    ENUM_DEFAULT_CHANGED = "AVR909", "default of an enum changed"
    FIELD_RENAMED = "AVR910", "field renamed without an alias"
    NAMESPACE_CHANGED = "AVR911", "namespace changed without an alias"
    AMBIGUOUS_ALIAS = "AVR912", "field that could be read from several"
    SUBJECT_CHANGED = "AVR913", "subject of a topic changed"
    CLAIMED_TWICE = "AVR914", "two fields that are read from one"
    ALIAS_REMOVED = "AVR915", "alias removed"

    def __init__(self, id_: str, title: str) -> None:
        self.id = id_
        self.title = title

    @property
    def severity(self) -> Severity:
        """5xx and 9xx are warnings."""
        return Severity.WARNING if self.id.startswith(("AVR5", "AVR9")) else Severity.ERROR


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem at one place.

    Attributes:
        code: the kind of problem.
        message: what is wrong, in one line.
        location: where.
        hint: what to do about it, where that is known.
        notes: what else there is to know, each in one line.
        is_raised: whether it is an error even if its code is that of a warning.
    """

    code: Code
    message: str
    location: Location
    hint: str | None = None
    notes: tuple[str, ...] = ()
    is_raised: bool = False

    @property
    def severity(self) -> Severity:
        """That of the code, unless it was raised."""
        return Severity.ERROR if self.is_raised else self.code.severity

    def __str__(self) -> str:
        place = one_line(str(self.location))
        text = f"{place}: {self.severity}[{self.code.id}] {self.message}"
        notes = [f"note: {note}" for note in self.notes]
        hint = [f"hint: {self.hint}"] if self.hint else []
        return "\n  ".join((text, *notes, *hint))


def diagnostic(
    code: Code,
    where: Origin | Location,
    message: str,
    hint: str | None = None,
    notes: Iterable[str] = (),
    *,
    key: bool = False,
) -> Diagnostic:
    """A problem, whose texts may have come from schemas.

    Args:
        code: its kind.
        where: a place in a file, or a JSON value that the problem is with.
        message: what is wrong; texts from schemas in it are quoted by the caller.
        hint: what to do about it.
        notes: what else there is to know.
        key: the problem is with the key of that value.
    """
    location = locate(where, key=key) if isinstance(where, Origin) else where
    return Diagnostic(
        code, one_line(message), location, hint and one_line(hint), tuple(map(one_line, notes))
    )


class Diagnostics:
    """The problems found in a run, each once."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}

    def report(
        self,
        code: Code,
        where: Origin | Location,
        message: str,
        hint: str | None = None,
        *,
        key: bool = False,
    ) -> None:
        """Add a problem; for the arguments see :func:`diagnostic`."""
        self._found[diagnostic(code, where, message, hint, key=key)] = None

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add what was found elsewhere."""
        self._found.update(dict.fromkeys(diagnostics))

    @property
    def has_errors(self) -> bool:
        """Whether anything found is more than a warning."""
        return any(d.severity is Severity.ERROR for d in self._found)

    def __iter__(self) -> Iterator[Diagnostic]:
        """In the order of places."""
        return iter(sorted(self._found, key=lambda d: (d.location, d.code.id, d.message)))

    def __len__(self) -> int:
        return len(self._found)


def one_line(text: str) -> str:
    """Text without what ends lines and what terminals obey: schemas and names may hold anything."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


Format: TypeAlias = Literal["text", "json", "github"]


def report(diagnostics: Iterable[Diagnostic], style: Format) -> str:
    """All diagnostics of a run; "" if there are none to show.

    ``json`` is a list of objects with the members code, severity, path, line, column, message and
    hint (a string or null), also if there are none.
    """
    match style:
        case "text":
            return "\n".join(map(str, diagnostics))
        case "json":
            return json.dumps([diagnostic_object(d) for d in diagnostics], indent=2)
        case "github":
            return "\n".join(map(_workflow_command, diagnostics))
        case _:
            assert_never(style)


def diagnostic_object(diagnostic: Diagnostic) -> dict[str, Json]:
    """What ``json`` says of a diagnostic."""
    return {
        "code": diagnostic.code.id,
        "severity": diagnostic.severity.value,
        "path": diagnostic.location.path,
        "line": diagnostic.location.line,
        "column": diagnostic.location.column,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }


def _workflow_command(diagnostic: Diagnostic) -> str:
    """An annotation (GitHub, "Workflow commands for GitHub Actions")."""
    command = "error" if diagnostic.severity is Severity.ERROR else "warning"
    location = diagnostic.location
    notes = [f"note: {note}" for note in diagnostic.notes]
    hint = [f"hint: {diagnostic.hint}"] if diagnostic.hint else []
    text = "\n".join((diagnostic.message, *notes, *hint))
    return (
        f"::{command} file={_property(location.path)},line={location.line},"
        f"col={location.column},title={diagnostic.code.id}::{_data(text)}"
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

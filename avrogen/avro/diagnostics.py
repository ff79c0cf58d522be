"""Diagnostics: problems with schemas and configuration, as data.

Every kind of problem has a code that never changes its meaning; ``docs/diagnostics.md`` explains
each with an example. The first digit is the subject: 0 lint rules (warnings), 1 files and JSON,
2 names and references, 3 structure of schemas, 4 defaults, 5 valid but doubtful schemas (warnings),
6 ``avrogen.toml``, 7 output folder, 8 breaking changes, 9 value-changing changes (warnings).

:mod:`avrogen.avro.reports` has the formats that they are printed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from typing import Final

from avrogen.avro.names import similar
from avrogen.avro.source import Location, Origin, locate
from avrogen.message_text import printable

__all__ = [
    "IGNORE_DEFAULTS",
    "Code",
    "Diagnostic",
    "Diagnostics",
    "Severity",
    "diagnostic",
]


class Severity(StrEnum):
    """Errors fail a build; warnings do so under ``--strict`` only."""

    ERROR = "error"
    WARNING = "warning"


class Code(Enum):
    """Kinds of problems. The value is the code that users see, and its title."""

    # Rules of avrogen lint (warnings); see avrogen/lint/rules.py
    OPTIONAL_WITHOUT_DEFAULT = "AVR001", "optional field without a null default"
    NULL_NOT_FIRST = "AVR002", "null is not the first branch"
    SINGLE_BRANCH = "AVR003", "union with one branch"
    MISSPELT_KEYWORD = "AVR004", "misspelled keyword"
    MISPLACED_KEYWORD = "AVR005", "keyword without effect"
    PRECISION_WITHOUT_DECIMAL = "AVR006", "precision or scale without logical type"
    LARGE_PRECISION = "AVR007", "decimal precision over 38"
    MONEY_TYPE = "AVR008", "monetary amount as float or string"
    EPOCH_NUMBER = "AVR009", "timestamp without logical type"
    LOCAL_INSTANT = "AVR010", "local timestamp for an instant"
    MIXED_TIME_UNITS = "AVR011", "mixed timestamp units"
    INEXACT_IDENTIFIER = "AVR012", "identifier as a floating-point number"
    SIMILAR_FIELDS = "AVR013", "field names that differ only in style"
    PLACEHOLDER_DEFAULT = "AVR014", "placeholder as default"
    OWN_ALIAS = "AVR015", "alias equal to the name"
    NULLABLE_KEY = "AVR016", "nullable key"
    UNSTABLE_KEY = "AVR017", "key without stable bytes"
    MONEY_WITHOUT_SCALE = "AVR018", "monetary amount without scale"
    ENUM_WITHOUT_DEFAULT = "AVR020", "enum without a default"
    PERMANENT_FIELD = "AVR021", "field that can never be removed"
    TYPE_CASE = "AVR030", "style of a type name"
    FIELD_CASE = "AVR031", "style of a field name"
    SYMBOL_CASE = "AVR032", "style of an enum symbol"
    FOLDER_NAMESPACE = "AVR033", "namespace does not match the folder"
    RESERVED_NAME = "AVR034", "reserved name"
    NO_NAMESPACE = "AVR035", "type without a namespace"
    REDUNDANT_OBJECT = "AVR036", "redundant object around a type"
    NO_UNIT = "AVR037", "duration without a unit"
    UUID_TEXT = "AVR038", "UUID without logical type"
    TIME_TEXT = "AVR039", "date or time as a string"
    BOOLEAN_TYPE = "AVR040", "boolean as a number or string"
    TYPE_WITHOUT_DOC = "AVR050", "type without doc"
    FIELD_WITHOUT_DOC = "AVR051", "field without doc"
    EMPTY_DOC = "AVR052", "doc without information"
    UNTAGGED_PERSONAL_DATA = "AVR060", "personal data without a tag"

    # Files and JSON
    UNREADABLE_FILE = "AVR101", "file cannot be read"
    INVALID_UTF8 = "AVR102", "file is not UTF-8"
    DIRECTORY_NAMED_LIKE_SCHEMA = "AVR103", "folder with the name of a schema file"
    SYMLINK_LOOP = "AVR104", "symbolic link loop"
    JSON_SYNTAX = "AVR105", "invalid JSON"
    DUPLICATE_KEY = "AVR106", "duplicate key"
    JSON_NUMBER = "AVR107", "number out of range"
    NESTING = "AVR108", "nested too deeply"
    IDL_SYNTAX = "AVR109", "invalid Avro IDL"
    IMPORT = "AVR110", "imported file is not read"

    # Names and references
    INVALID_NAME = "AVR201", "invalid name"
    INVALID_NAMESPACE = "AVR202", "invalid namespace"
    UNKNOWN_TYPE = "AVR203", "unknown type"
    REDEFINED_TYPE = "AVR204", "conflicting type definitions"
    PRIMITIVE_NAME = "AVR205", "type named like a primitive type"
    DUPLICATE_FIELD = "AVR206", "duplicate field name"
    DUPLICATE_SYMBOL = "AVR207", "duplicate enum symbol"

    # Structure of a schema
    NOT_A_SCHEMA = "AVR301", "not a schema"
    MISSING_ATTRIBUTE = "AVR302", "missing attribute"
    WRONG_ATTRIBUTE = "AVR303", "wrong attribute type"
    NESTED_UNION = "AVR304", "nested union"
    DUPLICATE_BRANCH = "AVR305", "duplicate union branch"
    ENDLESS_RECORD = "AVR306", "infinitely recursive record"

    # Defaults
    DEFAULT_MISMATCH = "AVR401", "default does not fit its type"
    ENUM_DEFAULT = "AVR402", "enum default is not a symbol"
    LOGICAL_DEFAULT = "AVR403", "default makes too many values"

    # Warnings
    LOGICAL_TYPE_ON_FIELD = "AVR501", "logicalType on the field instead of in the type"
    UNKNOWN_LOGICAL_TYPE = "AVR502", "unknown logical type"
    INVALID_LOGICAL_TYPE = "AVR503", "logical type does not fit"
    DEFAULT_NOT_A_SYMBOL = "AVR504", "enum field default is not a symbol"
    DEFAULT_NOT_FIRST_BRANCH = "AVR505", "union default does not fit the first branch"
    DOC_NOT_TEXT = "AVR506", "doc is not a string"
    AMBIGUOUS_UNION = "AVR507", "ambiguous union"
    ENDLESS_CIRCLE = "AVR508", "infinite cycle of records"
    EMPTY_TYPE = "AVR509", "type without values"
    TOLERATED = "AVR510", "tolerated in a schema that is only read"
    UNREPRESENTABLE_DEFAULT = "AVR515", "default has no Python value"
    IGNORED_DEFAULT = "AVR516", "invalid default ignored"
    DOCS_DIFFER = "AVR517", "definitions that differ in docs"

    DOC_OUT_OF_PLACE = "AVR518", "doc comment out of place"
    MESSAGES_IGNORED = "AVR519", "messages of a protocol are ignored"
    OVERRIDE_UNUSED = "AVR530", "type override without effect"
    ACCEPTANCE_UNUSED = "AVR540", "acceptance without effect"
    CONFIG_BELOW = "AVR541", "configuration that is not read"

    # avrogen.toml
    TOML_SYNTAX = "AVR601", "invalid TOML"
    UNKNOWN_KEY = "AVR602", "unknown key"
    WRONG_VALUE = "AVR603", "wrong type of value"
    MISSING_KEY = "AVR604", "missing key"
    SUBJECT_STRATEGY = "AVR605", "invalid subject strategy"
    SEVERAL_CONFIGS = "AVR606", "configuration files that contradict each other"
    TOPIC_CLASS_NAME = "AVR607", "invalid class name of a topic"
    TOPIC_NAME = "AVR608", "invalid topic name"
    TOPIC_TYPE = "AVR609", "unknown type on a topic"
    KEY_FIELD = "AVR610", "invalid key field"
    TOMBSTONES = "AVR611", "tombstones without keys"
    DEAD_LETTER = "AVR612", "invalid dead-letter topic"
    OWN_NAME = "AVR616", "invalid own name of a definition"
    PACKAGE_TYPES = "AVR617", "types of another package cannot be used"
    NAME_SETTING = "AVR621", "invalid name in the configuration"
    NAME_COLLISION = "AVR622", "one Python name for two Avro names"

    TYPE_OVERRIDE = "AVR630", "invalid type override"

    # The output folder
    OUTPUT_BLOCKED = "AVR701", "output path is blocked"
    DRIFT = "AVR702", "generated file is out of date"

    # Breaking changes
    TYPE_CHANGED = "AVR801", "type changed"
    TYPE_RENAMED = "AVR802", "type renamed"
    SIZE_CHANGED = "AVR803", "fixed size changed"
    SYMBOLS_UNKNOWN = "AVR804", "unknown enum symbols"
    FIELD_WITHOUT_DEFAULT = "AVR805", "field without a default"
    BRANCH_UNKNOWN = "AVR806", "unknown union branch"
    TYPE_REMOVED = "AVR807", "type removed"
    TYPE_OFF_TOPIC = "AVR808", "type removed from a topic"
    REGISTRY_REFUSES = "AVR809", "schema rejected by the registry"

    # Warnings: value-changing changes
    DECIMAL_CHANGED = "AVR901", "decimal precision or scale changed"
    TIME_UNIT_CHANGED = "AVR902", "time unit changed"
    TIME_ZONE_CHANGED = "AVR903", "timestamp changed to local timestamp, or the reverse"
    MEANING_CHANGED = "AVR904", "logical type changed"
    DIGITS_LOST = "AVR905", "loss of integer precision"
    BYTES_AS_TEXT = "AVR906", "bytes read as string"
    DEFAULT_CHANGED = "AVR907", "default changed"
    DEFAULT_REMOVED = "AVR908", "default removed"
    ENUM_DEFAULT_CHANGED = "AVR909", "enum default changed"
    FIELD_RENAMED = "AVR910", "field renamed without an alias"
    NAMESPACE_CHANGED = "AVR911", "namespace changed without an alias"
    AMBIGUOUS_ALIAS = "AVR912", "ambiguous field alias"
    SUBJECT_CHANGED = "AVR913", "subject of a topic changed"
    CLAIMED_TWICE = "AVR914", "two fields match one writer field"
    ALIAS_REMOVED = "AVR915", "alias removed"
    TYPE_ADDED = "AVR916", "type added to a topic"
    MESSAGES_CHANGED = "AVR917", "keys or tombstones of a topic changed"
    SYMBOLS_AS_DEFAULT = "AVR918", "new symbols decode to the enum default"
    SEMANTICS_CHANGED = "AVR920", "unknown logical type or connect.name changed"
    PYTHON_NAME_CHANGED = "AVR921", "Python name changed"

    def __init__(self, id_: str, title: str) -> None:
        self.id = id_
        self.title = title

    @property
    def severity(self) -> Severity:
        """Severity of the code: 0xx, 5xx and 9xx are warnings."""
        is_warning = self.id.startswith(("AVR0", "AVR5", "AVR9"))
        return Severity.WARNING if is_warning else Severity.ERROR

    @property
    def is_lint_rule(self) -> bool:
        """True of a rule of ``avrogen lint``."""
        return self.id.startswith("AVR0")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem at one place.

    Attributes:
        code: kind of problem.
        message: problem in one line.
        location: place in a file.
        hint: suggested fix, if one is known.
        notes: further facts, each in one line.
        is_raised: it is an error even if its code is that of a warning.
        tolerated: code of the error that it is in a schema that is written; only for AVR510.
    """

    code: Code
    message: str
    location: Location
    hint: str | None = None
    notes: tuple[str, ...] = ()
    is_raised: bool = False
    tolerated: Code | None = None

    @property
    def severity(self) -> Severity:
        """Severity of the code, or error if it was raised."""
        return Severity.ERROR if self.is_raised else self.code.severity

    def __str__(self) -> str:
        location = printable(str(self.location))
        text = f"{location}: {self.severity}[{self.code.id}] {self.message}"
        notes = [f"note: {note}" for note in self.notes]
        hint = [f"hint: {self.hint}"] if self.hint else []
        return "\n  ".join((text, *notes, *hint))


def diagnostic(
    code: Code,
    place: Origin | Location,
    message: str,
    hint: str | None = None,
    notes: Iterable[str] = (),
    *,
    key: bool = False,
) -> Diagnostic:
    """Return a diagnostic with texts that are safe to print.

    Args:
        code: kind of problem.
        place: a place in a file, or a JSON value.
        message: problem; the caller quotes texts from schemas in it.
        hint: suggested fix.
        notes: further facts.
        key: the problem is in the key of that value.
    """
    location = locate(place, key=key) if isinstance(place, Origin) else place
    return Diagnostic(
        code, printable(message), location, hint and printable(hint), tuple(map(printable, notes))
    )


IGNORE_DEFAULTS: Final = (
    'if the schema cannot be changed, set in avrogen.toml: [defaults] invalid = "ignore"'
)
"""Hint for a default that does not fit its type."""

_MOST_WORDS: Final = 20_000
"""Names that are compared with wrong ones in a run."""

_MOST_OF_A_FILE: Final = 1_000
"""Errors, and warnings, that are listed of one file."""

_LONGEST_WORD: Final = 200
"""Characters of names that are compared."""


class Diagnostics:
    """The problems found in a run, each once; of the errors of one file the first thousand.

    Likewise of its warnings, except those for what is tolerated. A megabyte can have hundreds of
    thousands.

    Args:
        tolerant: the schemas are only read: they were written or registered by others, and cannot
            be changed here. What has an unambiguous meaning is a warning then; see :meth:`refuse`.
        ignores_defaults: defaults that do not fit their types are warnings, and count as none.
    """

    def __init__(self, *, tolerant: bool = False, ignores_defaults: bool = False) -> None:
        self.tolerant: Final = tolerant
        self._ignores_defaults = ignores_defaults
        self._found: dict[Diagnostic, None] = {}
        self._words_left = _MOST_WORDS
        self._counts: dict[tuple[str, Severity], int] = {}

    def similar(self, name: str, known: Collection[str]) -> str | None:
        """Return the known name closest to a name, for a hint; see :func:`names.similar`.

        A run compares no more than some thousand names: later problems have no such hint.
        """
        self._words_left -= len(known)
        if self._words_left < 0 or len(name) > _LONGEST_WORD:
            return None
        return similar(name, [word for word in known if len(word) <= _LONGEST_WORD])

    def report(
        self,
        code: Code,
        place: Origin | Location,
        message: str,
        hint: str | None = None,
        *,
        key: bool = False,
    ) -> None:
        """Add a problem; for the arguments see :func:`diagnostic`."""
        count = self._count(code, place)
        if count > _MOST_OF_A_FILE:
            return
        if count == _MOST_OF_A_FILE:
            message += f" (of one file, {_MOST_OF_A_FILE:,} {code.severity}s are listed)"
        self._found[diagnostic(code, place, message, hint, key=key)] = None

    def _count(self, code: Code, place: Origin | Location) -> int:
        """Return the number of problems like this that the file had before."""
        path = place.path if isinstance(place, Location) else place.source.path
        kind = path, code.severity
        count = self._counts[kind] = self._counts.get(kind, -1) + 1
        return count

    def refuse(
        self,
        code: Code,
        place: Origin | Location,
        message: str,
        hint: str | None = None,
        *,
        read_as: str = "accepted",
    ) -> bool:
        """Report a violation of the specification that does not keep a schema from being read.

        Args:
            code: kind of problem, an error.
            place: a place in a file, or a JSON value.
            message: problem; the caller quotes texts from schemas in it.
            hint: suggested fix.
            read_as: what becomes of it in a run that is tolerant.

        Returns:
            True if it is an error; False if the run is tolerant, and it is a warning.
        """
        if not self.tolerant:
            self.report(code, place, message, hint)
            return True
        text = f"{message}; {read_as}, since the schema is only read ({code.id})"
        found = replace(diagnostic(Code.TOLERATED, place, text), tolerated=code)
        self._found[found] = None
        return False

    def refuse_default(
        self, code: Code, place: Origin | Location, message: str, hint: str | None = None
    ) -> bool:
        """Report a default that does not fit its type.

        Args:
            code: kind of problem, an error.
            place: the default.
            message: problem; the caller quotes texts from schemas in it.
            hint: suggested fix.

        Returns:
            True if it is an error; False if it is a warning, and counts as no default.
        """
        if not self._ignores_defaults:
            return self.refuse(code, place, message, hint, read_as="it counts as no default")
        text = f"{message}; it is ignored, and counts as no default ({code.id})"
        self.report(Code.IGNORED_DEFAULT, place, text)
        return False

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add problems that were found elsewhere."""
        self._found.update(dict.fromkeys(diagnostics))

    def discard(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Remove problems that the user accepts."""
        for accepted in diagnostics:
            self._found.pop(accepted, None)

    @property
    def has_errors(self) -> bool:
        """Tell if there is an error among the problems."""
        return any(d.severity is Severity.ERROR for d in self._found)

    def __iter__(self) -> Iterator[Diagnostic]:
        """Iterate in the order of places."""
        return iter(sorted(self._found, key=lambda d: (d.location, d.code.id, d.message)))

    def __len__(self) -> int:
        return len(self._found)

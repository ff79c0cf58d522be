"""Files as schemas: ``.avsc``, the JSON of a schema; ``.avdl``, Avro IDL; ``.avpr``, a protocol.

A protocol defines named types (Avro 1.12, "Protocol Declaration"). Its messages are for remote
calls, which avrogen has nothing to do with.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.json_reader import INVALID_JSON, read_json
from avrogen.avro.model import Json
from avrogen.avro.named_types import declared_names
from avrogen.avro.source import IDL_SUFFIX, Origin, Source, at_offset, find_places_by
from avrogen.avro.type_labels import json_label

__all__ = ["Document", "read_documents"]


_MOST_STRAY_DOCS = 20
"""Doc comments out of place that are reported for a file."""


class Document(NamedTuple):
    """The schemas in a file.

    Attributes:
        source: the file.
        schema: the schema at its top, if it has one, and its place.
        definitions: the named types that it defines beside that, and their places.
        namespace: namespace of the names in it.
    """

    source: Source
    schema: tuple[Json, Origin] | None
    definitions: tuple[tuple[Json, Origin], ...] = ()
    namespace: str = ""

    def declared_names(self, *, tolerant: bool = False) -> Iterator[str]:
        """Yield the full names of all types that the file defines, valid or not."""
        schemas = [*self.definitions, *([self.schema] if self.schema else [])]
        for schema, _ in schemas:
            yield from declared_names(schema, self.namespace, tolerant=tolerant)


def read_documents(sources: Iterable[Source], diagnostics: Diagnostics) -> list[Document]:
    """Return the files that can be read, in the order of their names.

    Args:
        sources: files; which language they are in is known by their suffix.
        diagnostics: receives the problems.
    """
    ordered = sorted(sources, key=lambda source: (source.name, source.path))
    paths = _Paths(ordered) if any(source.is_idl for source in ordered) else None
    documents: list[Document] = []
    for source in ordered:
        if paths and source.is_idl:
            document = _idl(source, paths, diagnostics)
        else:
            value = read_json(source, diagnostics)
            if value is INVALID_JSON:
                continue
            if source.is_protocol:
                document = _protocol(source, value, diagnostics)
            elif _is_protocol(value):
                document = None
                _report_suffix(source, "a protocol", ".avpr", diagnostics)
            else:
                document = Document(source, (value, Origin(source)))
        if document is not None:
            documents.append(document)
    return documents


def _idl(source: Source, paths: _Paths, diagnostics: Diagnostics) -> Document | None:
    from avrogen.avro.idl.idl_parser import parse_idl
    from avrogen.avro.idl.tokens import IdlSyntaxError

    try:
        file = parse_idl(source.text)
    except IdlSyntaxError as error:
        code = Code.IDL_SYNTAX
        if error.is_number or error.is_nested:
            code = Code.JSON_NUMBER if error.is_number else Code.NESTING
        diagnostics.report(code, at_offset(source, error.offset), error.message)
        return None
    find_places_by(IDL_SUFFIX, lambda text: parse_idl(text).root.place)
    for offset in file.stray_docs[:_MOST_STRAY_DOCS]:
        diagnostics.report(
            Code.DOC_OUT_OF_PLACE,
            at_offset(source, offset),
            "this doc comment stands before nothing that has docs: it is ignored",
            "move it before a declaration or the name of a field, or write /* ... */",
        )
    for each in file.imports:
        if not paths.has(each.path, source):
            diagnostics.report(
                Code.IMPORT,
                at_offset(source, each.offset),
                f"the imported file {json_label(each.path)} is not among the schemas",
                "give its folder to the command, too: avrogen build schemas/ ../other/schemas",
            )
    assert isinstance(file.root.value, dict)
    return _document(source, file.root.value, diagnostics)


def _protocol(source: Source, value: Json, diagnostics: Diagnostics) -> Document | None:
    if not isinstance(value, dict) or "protocol" not in value:
        _report_suffix(source, "a schema", ".avsc", diagnostics)
        return None
    return _document(source, value, diagnostics)


def _is_protocol(value: Json) -> bool:
    return isinstance(value, dict) and "protocol" in value and "type" not in value


def _report_suffix(source: Source, what: str, suffix: str, diagnostics: Diagnostics) -> None:
    diagnostics.report(
        Code.NOT_A_SCHEMA,
        Origin(source),
        f"this file is {what}, and has not the suffix of one",
        f"rename it to {posixpath.splitext(posixpath.basename(source.path))[0]}{suffix}",
    )


def _document(
    source: Source, protocol: dict[str, Json], diagnostics: Diagnostics
) -> Document | None:
    """Return the types of a protocol, or of a file in IDL."""
    origin = Origin(source)
    types, namespace = protocol.get("types", []), protocol.get("namespace", "")
    for key, value, kind in (("types", types, list), ("namespace", namespace, str)):
        if not isinstance(value, kind):
            what = "a list of definitions" if kind is list else "a string"
            message = f'"{key}" of a protocol must be {what}, not {json_label(value)}'
            diagnostics.report(Code.WRONG_ATTRIBUTE, origin / key, message)
            return None
    assert isinstance(types, list) and isinstance(namespace, str)
    _report_messages(source, protocol, diagnostics)
    definitions = tuple((each, origin.at("types", index)) for index, each in enumerate(types))
    schema = protocol.get("schema") if source.is_idl else None
    # A main schema that is just the name of a type adds nothing to that.
    is_name = isinstance(schema, str) or schema is None
    top = None if is_name else (schema, origin / "schema")
    return Document(source, top, definitions, namespace)


def _report_messages(source: Source, protocol: dict[str, Json], diagnostics: Diagnostics) -> None:
    messages = protocol.get("messages")
    if isinstance(messages, dict) and messages:
        count = f"{len(messages)} messages" if len(messages) > 1 else "1 message"
        diagnostics.report(
            Code.MESSAGES_IGNORED,
            Origin(source) / "messages",
            f"the {count} of the protocol: only its types are read",
            key=True,
        )


class _Paths:
    """The paths by which files in IDL may import those of a run.

    As in Avro Java, a path is relative to the importing file, or else to a folder of schemas.
    References are to any file of the run, so that imports have no other effect.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self._files: set[str] = set()
        self._below_folders: set[str] = set()
        for source in sources:
            self._files.add(posixpath.normpath(source.path))
            parts = posixpath.normpath(source.name).split("/")
            self._below_folders.update("/".join(parts[at:]) for at in range(len(parts)))

    def has(self, path: str, importing: Source) -> bool:
        """Tell if there is a file at a path in an import."""
        beside = posixpath.join(posixpath.dirname(importing.path), path)
        if posixpath.normpath(beside) in self._files:
            return True
        return posixpath.normpath(path).lstrip("/") in self._below_folders

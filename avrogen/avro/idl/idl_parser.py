"""Parser of Avro IDL: declarations to JSON (Avro 1.12, "IDL Language").

A recursive descent over the tokens of a file, with a method for each rule of the grammar that Avro
publishes (share/idl_grammar, Idl.g4). It knows the syntax: names, references and defaults are
checked after it, as those of schema files are.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Final, NamedTuple

from avrogen.avro.idl.syntax_tree import ArrayNode, ObjectNode, SyntaxNode, node
from avrogen.avro.idl.token_reader import TokenReader
from avrogen.avro.idl.tokens import IdlSyntaxError, Kind, Token, doc_text, string_value
from avrogen.avro.model import Json
from avrogen.avro.names import PRIMITIVES

__all__ = ["IdlFile", "IdlImport", "parse_idl"]

_LOGICAL_TYPES: Final[dict[str, dict[str, Json]]] = {
    "date": {"type": "int", "logicalType": "date"},
    "time_ms": {"type": "int", "logicalType": "time-millis"},
    "timestamp_ms": {"type": "long", "logicalType": "timestamp-millis"},
    "local_timestamp_ms": {"type": "long", "logicalType": "local-timestamp-millis"},
    "uuid": {"type": "string", "logicalType": "uuid"},
}
"""Types that IDL has words for (Avro 1.12, "IDL Language", "Logical Types")."""

_PARTS_OF_DEFINITIONS = frozenset(
    ["doc", "fields", "items", "name", "size", "symbols", "type", "values"]
)
_PARTS_OF_TYPES = _PARTS_OF_DEFINITIONS | {"aliases", "namespace"}
_PARTS_OF_FIELDS = frozenset(["default", "doc", "name", "type"])
"""Attributes that IDL has syntax for, so that annotations cannot set them."""

_MOST_NESTED_TYPES = 64
"""Maximum depth of types inside one another, as in schema files."""


class IdlImport(NamedTuple):
    """An import statement.

    Attributes:
        path: path of the imported file, as written.
        offset: place of it, in characters from 0.
    """

    path: str
    offset: int


class IdlFile(NamedTuple):
    """The content of a file: a protocol or types, as the JSON of a protocol.

    Attributes:
        root: the JSON: members protocol, namespace, doc, types, messages, and schema
            for the main schema.
        imports: its imports.
        stray_docs: places of the doc comments that belong to nothing.
    """

    root: SyntaxNode
    imports: tuple[IdlImport, ...]
    stray_docs: tuple[int, ...]


# Reading a file asks for it, and so does each diagnostic for a place.
@lru_cache(maxsize=8)
def parse_idl(text: str) -> IdlFile:
    """Return what a file has.

    Raises:
        IdlSyntaxError: it is no Avro IDL.
    """
    return _Parser(text).file()


class _Type(NamedTuple):
    """A type as written.

    Attributes:
        node: its JSON; of an optional type that of the type before the question mark.
        is_optional: it ends with a question mark.
    """

    node: SyntaxNode
    is_optional: bool = False

    def with_null(self, *, last: bool = False) -> SyntaxNode:
        """Return the JSON of the type; of an optional type the union with null.

        Args:
            last: null is the second branch, as there is a default of the other type.
        """
        if not self.is_optional:
            return self.node
        union = ArrayNode(self.node.place.value)
        null = node("null", self.node.place.value)
        for branch in (self.node, null) if last else (null, self.node):
            union.add(branch)
        return union.node()


class _Parser(TokenReader):
    """Parser of one file."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._used_docs: set[int] = set()
        self._imports: list[IdlImport] = []
        self._types = ArrayNode(0)

    def file(self) -> IdlFile:
        """Return what the file has (``idlFile``)."""
        root = ObjectNode(0)
        first, annotations = self._peek(), self._annotations()
        if self._is_word("protocol") and self._peek(1).kind is Kind.WORD:
            self._protocol(root, first, annotations)
        else:
            self._schema_file(root, first, annotations)
        if self._peek().kind is not Kind.END:
            raise self._unexpected("the end of the file")
        root.add("types", self._types.node())
        # One before everything else is usually a license.
        top = self._tokens[0].offset
        docs = enumerate(self._docs)
        stray = (at for index, (at, _) in docs if index not in self._used_docs and at > top)
        return IdlFile(root.node(), tuple(self._imports), tuple(stray))

    # --- files ------------------------------------------------------------------------------------

    def _protocol(self, root: ObjectNode, first: Token, annotations: ObjectNode) -> None:
        """Read a protocol after its annotations (``protocolDeclaration``)."""
        self._next()
        name = self._name("the name of the protocol")
        namespace, dot, _ = name.text.rpartition(".")
        root.update(annotations)
        if dot:
            root.add("namespace", node(namespace, name.offset))
        root.add("protocol", node(name.text, name.offset))
        self._add_doc(root, first)
        messages = ObjectNode(self._sign("{").offset)
        while not self._takes("}"):
            if not self._import():
                first, annotations = self._peek(), self._annotations()
                self._use_doc(first)
                if self._begins_definition():
                    self._types.add(self._definition(first, annotations))
                else:
                    name = self._message()
                    messages.add(name.text, node({}, name.offset))
        root.add("messages", messages.node())

    def _schema_file(self, root: ObjectNode, first: Token, annotations: ObjectNode) -> None:
        """Read a file without a protocol, after the annotations at its top, if any."""
        if not annotations:
            if self._is_word("namespace"):
                self._next()
                name = self._name("a namespace")
                root.add("namespace", node(name.text, name.offset))
                self._sign(";")
            if self._is_word("schema"):
                self._next()
                root.add("schema", self._full_type().with_null())
                self._sign(";")
        while annotations or self._peek().kind is not Kind.END:
            if annotations or not self._import():
                if not annotations:
                    first, annotations = self._peek(), self._annotations()
                if not self._begins_definition():
                    raise self._unexpected("record, error, enum, fixed or import")
                self._types.add(self._definition(first, annotations))
                annotations = ObjectNode(0)

    def _import(self) -> bool:
        """Read an import, if there is one (``importStatement``)."""
        kinds = ("schema", "protocol", "idl")
        if not (self._is_word("import") and self._peek(1).text in kinds):
            return False
        if self._peek(2).kind is not Kind.STRING:
            return False
        self._next()
        self._next()
        path = self._next()
        self._imports.append(IdlImport(string_value(path), path.offset))
        self._sign(";")
        return True

    # --- definitions ------------------------------------------------------------------------------

    def _begins_definition(self) -> bool:
        """Tell if a named type begins here, and no message whose result has such a name."""
        word, name, after = self._peek(), self._peek(1), self._peek(2)
        if word.kind is not Kind.WORD or word.is_quoted or name.kind is not Kind.WORD:
            return word.text in ("record", "error", "enum", "fixed") and not word.is_quoted
        if word.text == "fixed":
            return after.text == "(" and self._peek(3).kind is Kind.INTEGER
        return word.text in ("record", "error", "enum") and after.text == "{"

    def _definition(self, first: Token, annotations: ObjectNode) -> SyntaxNode:
        """Read a named type after its annotations (``namedSchemaDeclaration``)."""
        kind = self._next()
        name = self._name(f"the name of the {kind.text}")
        definition = ObjectNode(kind.offset)
        definition.add("type", node(kind.text, kind.offset))
        definition.add("name", node(name.text, name.offset))
        self._check_annotations(annotations, _PARTS_OF_DEFINITIONS)
        self._add_doc(definition, first)
        match kind.text:
            case "fixed":
                self._sign("(")
                definition.add("size", self._literal())
                self._sign(")")
                self._sign(";")
            case "enum":
                self._enum(definition)
            case _:
                self._fields(definition)
        definition.update(annotations)
        return definition.node()

    def _enum(self, definition: ObjectNode) -> None:
        symbols = ArrayNode(self._sign("{").offset)

        def read_symbol() -> None:
            self._use_doc(self._peek())
            self._annotations()
            name = self._name("an enum symbol")
            symbols.add(node(name.text, name.offset))

        if not self._takes("}"):
            self._several(read_symbol, "}")
        definition.add("symbols", symbols.node())
        if self._takes("="):
            name = self._name("an enum symbol")
            definition.add("default", node(name.text, name.offset))
            self._sign(";")

    def _fields(self, definition: ObjectNode) -> None:
        fields = ArrayNode(self._sign("{").offset)
        while not self._takes("}"):
            doc = self._doc(self._peek())
            read_field = partial(self._add_field, fields, self._full_type(), doc)
            self._several(read_field, ";")
        definition.add("fields", fields.node())

    def _add_field(self, fields: ArrayNode, type_: _Type, shared_doc: SyntaxNode | None) -> None:
        fields.add(self._field(type_, shared_doc))

    def _field(self, type_: _Type, shared_doc: SyntaxNode | None) -> SyntaxNode:
        """Read a field after its type (``variableDeclaration``).

        Args:
            type_: type of the field.
            shared_doc: doc comment before the type, for fields without one.
        """
        doc = self._doc(self._peek()) or shared_doc
        annotations = self._annotations()
        self._check_annotations(annotations, _PARTS_OF_FIELDS)
        name = self._name("the name of the field")
        default = self._json() if self._takes("=") else None
        is_null_last = default is not None and default.value is not None
        field = ObjectNode(name.offset)
        field.add("name", node(name.text, name.offset))
        field.add("type", type_.with_null(last=is_null_last))
        if doc is not None:
            field.add("doc", doc)
        if default is not None:
            field.add("default", default)
        field.update(annotations)
        return field.node()

    def _message(self) -> Token:
        """Read a message after its annotations, and return its name (``messageDeclaration``)."""
        start = self._at
        if self._is_word("void"):
            self._next()
        else:
            self._plain_type(ObjectNode(0))
        name = self._name("the name of a message")
        self._sign("(")
        if not self._takes(")"):
            self._several(lambda: self._field(self._full_type(), None), ")")
        if self._is_word("oneway"):
            self._next()
            self._sign(";")
        elif self._is_word("throws"):
            self._next()
            self._several(lambda: self._name("the name of an error"), ";")
        else:
            self._sign(";")
        for token in self._tokens[start : self._at]:
            self._use_doc(token)
        return name

    # --- types ------------------------------------------------------------------------------------

    def _full_type(self) -> _Type:
        """Read a type with annotations (``fullType``)."""
        first = self._peek()
        self._use_doc(first)
        annotations = self._annotations()
        self._check_annotations(annotations, _PARTS_OF_TYPES)
        with self._inside(_MOST_NESTED_TYPES, "types"):
            return self._plain_type(annotations)

    def _plain_type(self, annotations: ObjectNode) -> _Type:
        """Read a type after its annotations (``plainType``)."""
        word = self._name("a type")
        following = self._peek().text
        if not word.is_quoted:
            if word.text in ("array", "map") and following == "<":
                return _Type(self._container(word, annotations))
            if word.text == "union" and following == "{":
                return _Type(self._union(word, annotations))
            if word.text == "decimal" and following == "(":
                type_ = self._decimal(word)
            elif word.text in _LOGICAL_TYPES:
                type_ = ObjectNode(word.offset)
                for key, value in _LOGICAL_TYPES[word.text].items():
                    type_.add(key, node(value, word.offset))
            elif word.text in PRIMITIVES:
                type_ = ObjectNode(word.offset)
                type_.add("type", node(word.text, word.offset))
            else:
                return self._reference(word, annotations)
            type_.update(annotations)
            plain = type_.node() if len(type_) > 1 else node(word.text, word.offset)
            return _Type(plain, self._takes("?"))
        return self._reference(word, annotations)

    def _container(self, word: Token, annotations: ObjectNode) -> SyntaxNode:
        self._sign("<")
        container = ObjectNode(word.offset)
        container.add("type", node(word.text, word.offset))
        key = "items" if word.text == "array" else "values"
        container.add(key, self._full_type().with_null())
        self._sign(">")
        container.update(annotations)
        return container.node()

    def _union(self, word: Token, annotations: ObjectNode) -> SyntaxNode:
        if annotations:
            raise IdlSyntaxError(
                "a union has no attributes: move the annotation to one of its types or the field",
                annotations.offset,
            )
        self._sign("{")
        union = ArrayNode(word.offset)
        self._several(lambda: union.add(self._full_type().with_null()), "}")
        return union.node()

    def _decimal(self, word: Token) -> ObjectNode:
        decimal = ObjectNode(word.offset)
        decimal.add("type", node("bytes", word.offset))
        decimal.add("logicalType", node("decimal", word.offset))
        self._sign("(")
        decimal.add("precision", self._literal())
        scale = self._literal() if self._takes(",") else node(0, word.offset)
        decimal.add("scale", scale)
        self._sign(")")
        return decimal

    def _reference(self, word: Token, annotations: ObjectNode) -> _Type:
        if annotations:
            raise IdlSyntaxError(
                "the use of a named type has no attributes: move the annotation to the "
                f"definition of {word.text}, or behind the type to the field",
                annotations.offset,
            )
        # A leading dot keeps the name of a type from being read as that of a primitive type.
        name = f".{word.text}" if word.text in PRIMITIVES else word.text
        return _Type(node(name, word.offset), self._takes("?"))

    # --- annotations and docs ---------------------------------------------------------------------

    def _annotations(self) -> ObjectNode:
        """Read annotations, if there are any (``schemaProperty``)."""
        found = ObjectNode(self._peek().offset)
        while self._takes("@"):
            name = self._name("the name of the annotation")
            self._sign("(")
            if name.text in found:
                raise IdlSyntaxError(f"@{name.text} is given twice", name.offset)
            value = self._json()
            if name.text == "order" and isinstance(value.value, str):
                value = SyntaxNode(value.value.lower(), value.place)
            found.add(name.text, value, name.offset)
            self._sign(")")
        return found

    def _check_annotations(self, annotations: ObjectNode, reserved: frozenset[str]) -> None:
        for name in sorted(reserved):
            if name in annotations:
                fix = "write a doc comment, /** ... */" if name == "doc" else "leave it out"
                raise IdlSyntaxError(
                    f"@{name} cannot be set by an annotation here: {fix}", annotations.offset
                )

    def _add_doc(self, to: ObjectNode, first: Token) -> None:
        doc = self._doc(first)
        if doc is not None:
            to.add("doc", doc)

    def _doc(self, token: Token) -> SyntaxNode | None:
        """Return the doc comment before a token."""
        if token.doc is None:
            return None
        self._use_doc(token)
        offset, comment = self._docs[token.doc]
        return node(doc_text(comment), offset)

    def _use_doc(self, token: Token) -> None:
        if token.doc is not None:
            self._used_docs.add(token.doc)

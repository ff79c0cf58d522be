"""Reader of the tokens of Avro IDL, and of the JSON values among them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from avrogen.avro.idl.syntax_tree import ArrayNode, ObjectNode, SyntaxNode, node
from avrogen.avro.idl.tokens import (
    IdlSyntaxError,
    Kind,
    Token,
    integer_value,
    number_value,
    string_value,
    tokens,
)
from avrogen.avro.model import Json

__all__ = ["TokenReader"]

_MOST_NESTED_VALUES = 200
"""Maximum depth of JSON values, as in schema files."""

_CONSTANTS: Final[dict[str, Json]] = {"true": True, "false": False, "null": None}


class TokenReader:
    """Reader of the tokens of a text, one after the other.

    Args:
        text: the text.

    Raises:
        IdlSyntaxError: something in the text is no token.
    """

    def __init__(self, text: str) -> None:
        self._tokens, self._docs = tokens(text)
        self._at = 0
        self._depth = 0

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _is_word(self, text: str) -> bool:
        token = self._peek()
        return token.kind is Kind.WORD and token.text == text and not token.is_quoted

    def _name(self, what: str) -> Token:
        """Read a name, which may be any keyword (``identifier``)."""
        token = self._next()
        if token.kind is not Kind.WORD:
            raise self._unexpected(what, token)
        return token

    def _sign(self, text: str) -> Token:
        token = self._next()
        if token.kind is not Kind.SIGN or token.text != text:
            raise self._unexpected(f'"{text}"', token)
        return token

    def _takes(self, text: str) -> bool:
        """Read a sign if it is the next token, and tell if it was."""
        token = self._peek()
        if token.kind is not Kind.SIGN or token.text != text:
            return False
        self._at += 1
        return True

    def _several(self, read: Callable[[], object], end: str) -> None:
        """Read one or more things with commas between them, and the sign at their end."""
        read()
        while not self._takes(end):
            if not self._takes(","):
                raise self._unexpected(f'"," or "{end}"')
            read()

    @contextmanager
    def _inside(self, most: int, what: str) -> Generator[None]:
        self._depth += 1
        if self._depth > most:
            message = f"{what} nested more than {most} levels deep"
            raise IdlSyntaxError(message, self._peek().offset, is_nested=True)
        yield
        self._depth -= 1

    def _unexpected(self, expected: str, found: Token | None = None) -> IdlSyntaxError:
        token = found or self._peek()
        shown = f'"{token.text[:60]}"' if token.text else token.kind.value
        return IdlSyntaxError(f"expected {expected}, found {shown}", token.offset)

    # --- JSON -------------------------------------------------------------------------------------

    def _json(self) -> SyntaxNode:
        """Read a JSON value (``jsonValue``)."""
        with self._inside(_MOST_NESTED_VALUES, "values"):
            token = self._peek()
            if token.text == "{":
                return self._json_object()
            if token.text == "[":
                return self._json_array()
            return self._literal()

    def _json_object(self) -> SyntaxNode:
        found = ObjectNode(self._sign("{").offset)

        def read_member() -> None:
            key = self._next()
            if key.kind is not Kind.STRING:
                raise self._unexpected("a string", key)
            name = string_value(key)
            if name in found:
                raise IdlSyntaxError(f"duplicate key {key.text[:60]}", key.offset)
            self._sign(":")
            found.add(name, self._json(), key.offset)

        if not self._takes("}"):
            self._several(read_member, "}")
        return found.node()

    def _json_array(self) -> SyntaxNode:
        found = ArrayNode(self._sign("[").offset)
        if not self._takes("]"):
            self._several(lambda: found.add(self._json()), "]")
        return found.node()

    def _literal(self) -> SyntaxNode:
        """Read a string, a number, true, false or null (``jsonLiteral``)."""
        token = self._next()
        match token.kind:
            case Kind.STRING:
                return node(string_value(token), token.offset)
            case Kind.INTEGER:
                return node(integer_value(token), token.offset)
            case Kind.NUMBER:
                return node(number_value(token), token.offset)
            case Kind.WORD if token.text in _CONSTANTS and not token.is_quoted:
                return node(_CONSTANTS[token.text], token.offset)
            case _:
                raise self._unexpected("a JSON value", token)

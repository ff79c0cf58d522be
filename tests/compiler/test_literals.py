"""Text from schemas inside Python code is one literal with that text as its value."""

import ast
import inspect
import json
import tokenize
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avrogen.avro.schema_text import docstring_text
from avrogen.compiler import literals

HOSTILE = (
    st.text(alphabet=st.sampled_from("\"\\'\n\r{}NU#x0 \t%$\u2028\u202e\ud800"), max_size=12)
    | st.text(max_size=30)
    | st.text(st.characters(exclude_categories=()), max_size=30)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOSTILE, inner, max_size=4),
    max_leaves=12,
)


def only_value(source: str) -> object:
    """The value of source that must be a single string token."""
    tokens = tokenize.tokenize(BytesIO(source.encode("utf-8")).readline)
    kinds = [token.type for token in tokens if token.type not in (tokenize.NEWLINE, tokenize.NL)]
    assert kinds == [tokenize.ENCODING, tokenize.STRING, tokenize.ENDMARKER]
    return ast.literal_eval(source)


@given(HOSTILE)
@example('"""')
@example("\\")
@example("\\N{BULLET}")
def test_string_literal(text: str) -> None:
    assert only_value(literals.string_literal(text)) == text


@given(st.binary(max_size=40))
def test_bytes_literal(data: bytes) -> None:
    assert only_value(literals.bytes_literal(data)) == data


@given(HOSTILE.filter(str.strip))
@example('x"""\n__import__("os")\n"""')
@example('ends with "')
@example("ends with \\")
@example("first\n\n  indented\nlast")
def test_docstring_keeps_the_words(text: str) -> None:
    source = f"class C:\n    {literals.docstring(text, '    ')}\n"
    namespace: dict[str, type] = {}
    exec(source, namespace)
    (statement,) = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    assert isinstance(statement, ast.Expr)
    doc = inspect.getdoc(namespace["C"])
    assert doc is not None
    assert doc.split() == text.encode("utf-8", "replace").decode().split()


@given(HOSTILE)
def test_comment_stays_on_its_line(text: str) -> None:
    assert ast.parse(f"# {literals.comment(text)}\n").body == []


@given(st.dictionaries(HOSTILE, JSON, max_size=4) | st.lists(JSON, max_size=4))
def test_json_block_reads_as_the_same_json(value: object) -> None:
    source = literals.json_block(f"\n{docstring_text(value, '    ')}\n")  # type: ignore[arg-type]
    text = only_value(source)
    assert isinstance(text, str)
    assert json.loads(text) == value


@given(HOSTILE)
def test_json_block_of_a_name(text: str) -> None:
    name = json.dumps(text)
    assert only_value(literals.json_block(name)) == name


@pytest.mark.parametrize("text", ['"é"', "é", "1", '{"a": """}', ""])
def test_json_block_refuses_what_it_cannot_hold(text: str) -> None:
    with pytest.raises(ValueError, match="not a JSON object, array or name"):
        literals.json_block(text)

"""Writers' schemas come from the network: no text of a schema is in the source that is executed.

Every string of a schema says ``pwned`` here, with all that could end a literal or a comment where
Avro lets it. What is executed must be made of names and literals that the backend has itself.
"""

from __future__ import annotations

import io
import json
import keyword
import re
import tokenize
from collections.abc import Iterator
from typing import Any

import pytest

from avrogen import DecodeError, EncodeError, Schema, SchemaStore
from avrogen.codec.python_backend.source_builder import SourceBuilder
from tests.support.dynamic import Package

TEXTS = [
    'pwned"""; import os; os.environ["AVROGEN_PWNED"] = "1" #',
    "pwned'''\n\tpwned()\n",
    "pwned\\",
    "{pwned} {{pwned}} %(pwned)s",
    "\\N{pwned} \\x70wned",
    "pwned\u2028pwned\u2029pwned\r\nimport pwned",
    "pwned\x00\x1a\x0c",
    "__pwned__",
    "lambda: pwned",
]


def attributes(text: str) -> dict[str, Any]:
    """Custom attributes, hostile in key and value."""
    return {text: text, f"{text} more": [text, {text: text}]}


def schema(text: str, names: str, *, second: bool) -> dict[str, Any]:
    """A schema with a text in every place that takes any, and names that begin as ``names`` does.

    ``second``: the next version, where everything is read from an alias, promoted or new.
    """
    own = f"{names}two" if second else f"{names}one"
    other = f"{names}one"

    def field(name: str, type_: Any, **more: Any) -> dict[str, Any]:
        aliases = [text, f"{other}_{name}"] if second else [text]
        return {"name": f"{own}_{name}", "type": type_, "aliases": aliases, "doc": text} | (
            attributes(text) | more
        )

    def named(kind: str, name: str, **more: Any) -> dict[str, Any]:
        head = {"type": kind, "name": f"{own}_{name}", "namespace": f"{names}.space", "doc": text}
        aliases = [text, f"{other}_{name}"] if second else [text]
        return head | {"aliases": aliases} | attributes(text) | more

    symbols = [f"{names}_A", f"{names}_B", *(f"{names}_{n}" for n in range(70 if second else 3))]
    enum = named("enum", "E", symbols=symbols, default=f"{names}_A")
    inner = named("record", "I", fields=[field("x", "string", default=text)])
    fields = [
        field("s", {"type": "string", "logicalType": text} | attributes(text)),
        field("m", {"type": "map", "values": "long" if second else "int"} | attributes(text)),
        field("a", {"type": "array", "items": "string"} | attributes(text)),
        field("e", enum),
        field("f", named("fixed", "F", size=2)),
        field("u", ["null", inner, "string", "bytes"]),
        field("d", "double" if second else "long"),
        field("t", {"type": "long", "logicalType": "timestamp-millis"} | attributes(text)),
        field("n", ["null", f"{own}_R"], default=None),
    ]
    new = [
        field("new_s", "string", default=text),
        field("new_m", {"type": "map", "values": "string"}, default={text: text}),
        field("new_b", "bytes", default="".join(c for c in text if c < "\x80")),
        field("new_a", {"type": "array", "items": f"{own}_I"}, default=[{f"{own}_x": text}, {}]),
        field("new_e", f"{own}_E", default=f"{names}_B"),
        field("new_u", ["string", "null"], default=text),
    ]
    removed = [field("old", {"type": "array", "items": f"{own}_I"})]
    return named("record", "R", fields=[*fields, *(new if second else removed)])


def value(text: str, names: str) -> dict[str, Any]:
    own = f"{names}one"
    return {
        f"{own}_s": text,
        f"{own}_m": {text: 1},
        f"{own}_a": [text],
        f"{own}_e": f"{names}_B",
        f"{own}_f": b"ab",
        f"{own}_u": (f"{names}.space.{own}_I", {f"{own}_x": text}),
        f"{own}_d": 1,
        f"{own}_t": Schema.parse('{"type":"long","logicalType":"timestamp-millis"}').from_avro(
            b"\0"
        ),
        f"{own}_n": None,
        f"{own}_old": [{f"{own}_x": text}],
    }


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All source that is compiled."""
    texts: list[str] = []
    compile_ = SourceBuilder.compile

    def record(self: SourceBuilder, function: str) -> Any:
        texts.append(self.text)
        return compile_(self, function)

    monkeypatch.setattr(SourceBuilder, "compile", record)
    return texts


OWN_NAMES = re.compile(
    r"v\d+|t\d+|k\d+_[a-z0-9_]+|(read|write|skip)_v\d+|field_\d+|_"
    r"|data|p|size|left|value|out|add|writer|limits|to_avro|from_avro|max_depth|max_values"
    r"|named_branches|fill_defaults|allow_unknown_keys"
    # attributes and methods of Python's own types
    r"|__class__|_value_|append|extend|get|copy|decode|encode|items|join|replace|bytes"
    r"|hour|minute|second|microsecond|microseconds|days|seconds|tzinfo|toordinal"
    r"|signed|len"
)
OWN_LITERALS = {"'big'", '"f"', '"d"', "b'-'", 'b""'}
BYTES = re.compile(r"""b(['"])(\\x[0-9a-f]{2}|\\[0tnr\\'"]|[ -~])*\1""")


def tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(source).readline)


def foreign(source: str) -> list[str]:
    """Tokens that the backend has not made."""
    found: list[str] = []
    for token in tokens(source):
        match token.type:
            case tokenize.NAME:
                if not keyword.iskeyword(token.string) and not OWN_NAMES.fullmatch(token.string):
                    found.append(token.string)
            case tokenize.STRING:
                # Tags of union branches are one or two bytes.
                tag = BYTES.fullmatch(token.string) and len(eval(token.string)) <= 2
                if token.string not in OWN_LITERALS and not tag:
                    found.append(token.string)
            case tokenize.COMMENT:
                found.append(token.string)
            case _:
                pass
    return found


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_no_text_of_a_schema_is_executed(
    text: str, executed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AVROGEN_PWNED", raising=False)
    for names in ("pwned", "__import__pwned", "print", "k1_unfit", "data", "value"):
        writer = Schema.parse(json.dumps(schema(text, names, second=False)))
        reader = Schema.parse(json.dumps(schema(text, names, second=True)))
        data = writer.to_avro(value(text, names))
        plain = writer.from_avro(data)
        assert plain[f"{names}one_s"] == text
        evolved = reader.from_avro(data, writer=writer)
        assert evolved[f"{names}two_s"] == evolved[f"{names}two_new_s"] == text
        assert evolved[f"{names}two_new_m"] == {text: text}
        assert reader.from_avro(reader.to_avro(evolved)) == evolved
        package = Package(reader)
        instance = package.codec.from_avro(data, writer=writer)
        assert package.codec.to_avro(instance) == reader.to_avro(evolved)
        store = SchemaStore([writer])
        assert reader.from_single_object(writer.to_single_object(plain), store=store) == evolved
        for broken in (b"", data[:-1], data + b"\0"):
            for how in (None, writer):
                with pytest.raises(DecodeError):
                    reader.from_avro(broken, writer=how)
        with pytest.raises(EncodeError):
            writer.to_avro({})
        assert not reader.can_read(writer)
    assert len(executed) > 30
    for source in executed:
        assert "pwned" not in source.lower()
        assert foreign(source) == []


def test_the_inspection_finds_what_does_not_belong() -> None:
    assert foreign("v1 = k2_unfit(data, p)") == []
    assert foreign("pwned()") == ["pwned"]
    assert foreign("value['a b']") == ["'a b'"]
    assert foreign("p += 1  # text") == ["# text"]
    assert foreign('v1 = b"abc"') == ['b"abc"']


@pytest.mark.parametrize("name", ["a b", "a-b", "class", "a\nb", "e\u0301", "", "a.b", "1a"])
def test_attributes_are_identifiers(name: str) -> None:
    """Even if somebody makes classes by hand."""
    package = Package(
        Schema.parse('{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}')
    )
    class_ = package.classes["R"]
    class_.__dataclass_fields__["field_0"].name = name
    with pytest.raises(TypeError, match="not an identifier"):
        class_(1).to_avro()
    with pytest.raises(TypeError, match="not an identifier"):
        class_.from_avro(b"\x02")

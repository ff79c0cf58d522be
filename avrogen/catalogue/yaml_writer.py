"""JSON values as YAML 1.2, in block style with unambiguous scalars.

A YAML library would follow YAML 1.1, where ``1e3`` without quotes is text; readers of AsyncAPI
documents follow YAML 1.2, where it is a number. So every text that is no plain word is quoted.
"""

from __future__ import annotations

import json
import re
from typing import Final, TypeAlias

from avrogen.avro.model import Json

__all__ = ["yaml_text"]

_WORD: Final = re.compile(r"[A-Za-z$/_][A-Za-z0-9_./$+-]*(?: [A-Za-z][A-Za-z0-9_.-]*)*")
_NO_TEXT: Final = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that YAML 1.1 or 1.2 takes for other values, in any case."""

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]"
)
"""Characters that YAML does not allow, or that a reader would not see."""


_Part: TypeAlias = tuple[str, Json, str]
"""Beginning of a line, the value after it, and the indent of lines that may follow."""


def yaml_text(value: dict[str, Json]) -> str:
    """Return a YAML document that ends with a newline."""
    # What is left to write stands in a list: schemas may be nested deeper than calls can be.
    lines: list[str] = []
    left = _members(value, "", "")[::-1]
    while left:
        head, member, indent = left.pop()
        if isinstance(member, dict) and member:
            lines.append(head)
            left += _members(member, indent, indent)[::-1]
        elif isinstance(member, list) and member:
            lines.append(head)
            left += [part for item in member for part in _item(item, indent)][::-1]
        else:
            lines.append(f"{head} {_scalar(member)}")
    return "".join(f"{line}\n" for line in lines)


def _members(value: dict[str, Json], first: str, indent: str) -> list[_Part]:
    """Yield the members of a mapping; the first may have another prefix than an indent."""
    heads = (f"{first if not index else indent}{_scalar(key)}:" for index, key in enumerate(value))
    return [
        (head, member, f"{indent}  ") for head, member in zip(heads, value.values(), strict=True)
    ]


def _item(item: Json, indent: str) -> list[_Part]:
    if isinstance(item, dict) and item:
        return _members(item, f"{indent}- ", f"{indent}  ")
    return [(f"{indent}-", item, f"{indent}  ")]


def _scalar(value: Json) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _WORD.fullmatch(value) and value.lower() not in _NO_TEXT:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_UNSEEN.sub(_escape, escaped)}"'


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    wide = f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return known.get(match[0]) or (f"\\x{code:02x}" if code < 0x100 else wide)

"""Schemas whose every text would do something, were it taken for HTML or for a script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

__all__ = ["ATTACKS", "MARK", "TOPICS", "hostile_schemas"]

MARK = "pwned"
"""What an attack leaves in a page: an attribute of this name at its root."""

_DO = f"document.documentElement.setAttribute('data-{MARK}','1')"

ATTACKS = [
    f"<script>{_DO}</script>",
    f"</script><script>{_DO}</script>",
    f"</title><script>{_DO}</script>",
    f"</style><script>{_DO}</script>",
    f"--><script>{_DO}</script><!--",
    f"]]><script>{_DO}</script>",
    f'<img src=x onerror="{_DO}" class={MARK}>',
    f'"><img src=x onerror="{_DO}" class={MARK}>',
    f"' onmouseover='{_DO}' x='",
    f'<svg onload="{_DO}" class={MARK}>',
    f"javascript:{_DO}",
    f"[click](javascript:{_DO})",
    f'<a href="javascript:{_DO}" class={MARK}>click</a>',
    f'<iframe srcdoc="<script>parent.{_DO}</script>" class={MARK}></iframe>',
    '<base href="https://example.com/"><meta http-equiv=refresh content="0;url=about:blank">',
    f"{{{{ cycler.__init__.__globals__ }}}}{{% raw %}}{{# {MARK} #}}",
    f"`${{{_DO}}}`",
    f"\\u003cscript\\u003e{_DO}",
    "&lt;script&gt;&#60;b&#62;&quot;&amp;",
    "\u2028\u2029</pre></code></main></body></html>",
    "\u202egnihton\u202c \u2066x\u2069 \ufeff\u200b",
    "nul \x00 bell \x07 escape \x1b[31m delete \x7f next \x85",
    "half \ud800 a character",
    "]]>';\"\\\\`",
]
"""Texts; each stands in docs, defaults, aliases and custom attributes. What UTF-8 cannot write is
no default."""

TOPICS = """
[topics."t.v1"]
name = "T"
value = ["h.R0", "h.E0"]
key = "string"
dead-letter = "t.v1.dlq"
tombstones = true
"""


def hostile_schemas(texts: Sequence[str] = ATTACKS) -> dict[str, str]:
    """A record, an enum and a fixed with each text, and a map; by their paths.

    Paths of files are texts, too.
    """
    first = texts[0].replace("/", "")
    files = {
        f"{first} {index}.avsc": json.dumps(schemas(index, text))
        for index, text in enumerate(texts)
    }
    files[f"{first} map.avsc"] = json.dumps({"type": "map", "values": "h.R0"})
    return files


def schemas(index: int, attack: str) -> list[Any]:
    """A union of a record, an enum and a fixed that have a text wherever there can be one."""
    value = attack if attack.isprintable() else attack.replace("\ud800", "")
    common = {"namespace": "h", "doc": attack, "x": attack, attack: {attack: [attack]}}
    record = {
        "type": "record",
        "name": f"R{index}",
        **common,
        "fields": [
            {
                "name": "text",
                "type": {"type": "string", attack: attack},
                "doc": attack,
                "default": value,
                "aliases": [attack],
                attack: attack,
            },
            {
                "name": "map",
                "type": {"type": "map", "values": {"type": "array", "items": "string"}},
                "doc": f'e.g. "{value}"',
                "default": {value: [value]},
            },
            {"name": "said", "type": "string", "doc": f'such as "{value}"'},
        ],
    }
    enum = {"type": "enum", "name": f"E{index}", **common, "symbols": ["A"]}
    fixed = {"type": "fixed", "name": f"F{index}", **common, "size": 2}
    return [record, enum, fixed]

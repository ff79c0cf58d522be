"""Draw the picture of the README: the output of a build whose schemas have mistakes.

``python -m tests.docs.picture`` writes it; a test holds that it is current.
"""

from __future__ import annotations

import os
import re
import tempfile
from html import escape
from pathlib import Path

from tests.conftest import ROOT, write_schemas
from tests.docs.shell import Shell

__all__ = ["PICTURE", "draw", "session"]

PICTURE = ROOT / "docs/images/build.svg"

_ADDRESS = {
    "type": "record",
    "name": "Address",
    "namespace": "shop",
    "fields": [{"name": "city", "type": "string"}],
}
_ORDER = """\
{
  "type": "record",
  "name": "Order",
  "namespace": "shop",
  "fields": [
    {"name": "order_id", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "placed_at", "type": "long", "logicalType": "timestamp-millis"},
    {"name": "quantity", "type": "int", "default": 1},
    {"name": "shipping", "type": "Adress"}
  ]
}
"""
_MENDED = (
    (
        '"type": "long", "logicalType": "timestamp-millis"}',
        '"type": {"type": "long", "logicalType": "timestamp-millis"}}',
    ),
    ("Adress", "Address"),
)
_BUILD = "avrogen build schemas/ -o events"

_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_WIDTH, _HEIGHT, _MARGIN, _COLUMNS = 7.8, 19, 18, 122
_PROMPT = "#8fd18f"
_COLOURS = {"error": "#ff7b72", "warning": "#e3b341", "hint": "#79c0ff", "note": "#79c0ff"}
_DIAGNOSTIC = re.compile(
    r"(?P<place>\S+:\d+:\d+: |  )(?P<label>(?P<kind>error|warning|hint|note)(?:\[\w+\])?:?)"
)


def session() -> list[str]:
    """Return the lines of a real session; commands begin with ``$ ``."""
    with tempfile.TemporaryDirectory() as name:
        folder = write_schemas(
            Path(name), {"schemas/address.avsc": _ADDRESS, "schemas/order.avsc": _ORDER}
        )
        with Shell(folder, os.environ) as shell:
            before, _ = shell.run(_BUILD)
            order = _ORDER
            for mistake, right in _MENDED:
                order = order.replace(mistake, right)
            write_schemas(folder, {"schemas/order.avsc": order})
            after, _ = shell.run(_BUILD)
    lines = [f"$ {_BUILD}", *before.splitlines()]
    return [*lines, "", "$ $EDITOR schemas/order.avsc", f"$ {_BUILD}", *after.splitlines()]


def draw(lines: list[str]) -> str:
    """Return an SVG of the lines, wrapped at the width of the window."""
    shown = [
        line[at : at + _COLUMNS] for line in lines for at in range(0, len(line) or 1, _COLUMNS)
    ]
    width = round(_COLUMNS * _WIDTH + 2 * _MARGIN)
    height = len(shown) * _HEIGHT + 2 * _MARGIN
    rows = "\n".join(_row(number, line) for number, line in enumerate(shown, 1) if line)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">
<title>A build that reports all mistakes with places and hints, and the build after it</title>
<rect width="100%" height="100%" rx="8" fill="#1b1f27"/>
<g font-family="{_FONT}" font-size="13" fill="#d5dae3">
{rows}
</g>
</svg>
"""


def _row(number: int, line: str) -> str:
    colour = f' fill="{_PROMPT}"' if line.startswith("$ ") else ""
    place = f'x="{_MARGIN}" y="{_MARGIN + number * _HEIGHT - 5}"'
    length = f'textLength="{len(line) * _WIDTH:.1f}"'
    return f"<text {place} {length}{colour}>{_highlighted(line)}</text>"


def _highlighted(line: str) -> str:
    """Return the markup of a line, in which the label of a diagnostic has a colour."""
    label = _DIAGNOSTIC.match(line)
    if label is None:
        return _text(line)
    colour = _COLOURS[label["kind"]]
    shown = f'<tspan fill="{colour}" font-weight="bold">{_text(label["label"])}</tspan>'
    return f"{_text(label['place'])}{shown}{_text(line[label.end() :])}"


def _text(text: str) -> str:
    # Plain spaces are dropped where a text begins.
    return escape(text).replace(" ", "\N{NO-BREAK SPACE}")


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(session()), "utf-8")

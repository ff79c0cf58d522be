"""Text of strangers as pages may show it: without characters that nobody sees."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["visible"]

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters that would not be seen, or would turn the text around them: controls, marks of
direction, separators, surrogates, tags. Those that join letters (Persian, emoji) stay."""


def visible(text: str) -> str:
    """Return a text with a JSON escape for every invisible character."""
    return _UNSEEN.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))

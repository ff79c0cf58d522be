"""The files that ``avrogen init`` writes: an event, its topic, and a hook for pre-commit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from avrogen.compiler.keys import REGISTRY_KEYS, TOP_KEYS, TOPIC_KEYS, Key

__all__ = ["HOOK", "HOOK_FILE", "PACKAGE", "SCHEMAS", "hook_text", "schema_files"]

SCHEMAS = "schemas"
"""The schema folder."""

PACKAGE = "events"
"""The package that the hook compares with the schemas."""

HOOK_FILE = ".pre-commit-config.yaml"
"""Where pre-commit looks, at the top of a repository."""

HOOK = f"""\
  - repo: local
    hooks:
      - id: avrogen-drift
        name: avrogen build --check
        entry: avrogen build {SCHEMAS} -o {PACKAGE} --check
        language: system  # avrogen is in the environment of whoever commits
        files: \\.avsc$|(^|/)avrogen\\.toml$|^{PACKAGE}/
        pass_filenames: false
"""
"""An entry of ``repos`` in that file."""

_EVENT = """\
{
  "type": "record",
  "name": "OrderPlaced",
  "namespace": "shop",
  "doc": "A customer confirmed an order.",
  "fields": [
    {"name": "order_id", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "placed_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {
      "name": "total",
      "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
      "doc": "What the customer pays, in euros."
    },
    {"name": "note", "type": ["null", "string"], "default": null}
  ]
}
"""

_TOPIC = {
    "value": '"shop.OrderPlaced"',
    "name": '"Orders"',
    "key": '"string"',
    "key-field": '"order_id"',
}
"""What is said of the topic; other keys are shown in comments."""


def schema_files() -> Mapping[str, str]:
    """Texts by path in the schema folder."""
    return {"avrogen.toml": _config(), "shop/order_placed.avsc": _EVENT}


def hook_text() -> str:
    """A configuration of pre-commit with our hook alone."""
    return f"# Move this to the top of the repository, if it is not there.\nrepos:\n{HOOK}"


def _config() -> str:
    return "\n".join(
        (
            "# Settings for the schemas in this folder: topics, and where the registry is.",
            "",
            *_lines(TOP_KEYS["strict"]),
            "",
            '[topics."shop.orders"]',
            *(line for key in TOPIC_KEYS.values() for line in _lines(key)),
            "",
            *_comment(TOP_KEYS["registry"].meaning),
            "# [registry]",
            *(line for key in REGISTRY_KEYS.values() for line in _lines(key)),
            "",
        )
    )


def _lines(key: Key) -> Iterator[str]:
    """What a key means, and the key with a value, in a comment if it need not be there."""
    yield from _comment(key.meaning)
    yield f"{key.name} = {_TOPIC[key.name]}" if key.name in _TOPIC else f"# {key.example}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text.replace("`", ""),
        100,
        initial_indent="# ",
        subsequent_indent="# ",
        break_on_hyphens=False,
    )

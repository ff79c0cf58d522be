"""The JSON Schema of ``avrogen.toml``, for editors: made of the keys that the code reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from avrogen.config.keys import (
    BUILD_KEYS,
    CATALOGUE_KEYS,
    DEFAULTS_KEYS,
    LINT_KEYS,
    NAMES_KEYS,
    REGISTRY_KEYS,
    TIMES_KEYS,
    TOP_KEYS,
    TOPIC_KEYS,
    TYPE_KEYS,
    TYPES_KEYS,
    ConfigKey,
)
from tests.conftest import ROOT

__all__ = ["FILE", "config_schema"]

FILE: Final = ROOT / "docs/avrogen.schema.json"

_STRING: Final = {"type": "string"}
_STRINGS: Final = {"type": "array", "items": _STRING}
_KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "true or false": {"type": "boolean"},
    "a string": _STRING,
    "a number of seconds": {"type": "number", "exclusiveMinimum": 0},
    "a list of names": _STRINGS,
    "a list of codes": _STRINGS,
    "a list of strings": _STRINGS,
    "the full name of a type, or a list of them": {"anyOf": [_STRING, _STRINGS]},
    "a table": {"type": "object"},
    "a path, or a list of them": {"anyOf": [_STRING, _STRINGS]},
    "the path of a package": _STRING,
}


def config_schema() -> str:
    """Return the text of the schema."""
    one_type = {"anyOf": [_STRING, _table(TYPE_KEYS)]}
    types = _table(TYPES_KEYS)
    for name in ("logical", "connect", "fields"):
        types["properties"][name]["additionalProperties"] = one_type
    top = _table({**TOP_KEYS, **BUILD_KEYS})
    del top["required"]  # Only build backends require paths.
    inner = {
        "registry": _table(REGISTRY_KEYS),
        "times": _table(TIMES_KEYS),
        "names": _table(NAMES_KEYS),
        "defaults": _table(DEFAULTS_KEYS),
        "lint": _table(LINT_KEYS),
        "catalogue": _table(CATALOGUE_KEYS),
        "types": types,
        "topics": {"type": "object", "additionalProperties": _table(TOPIC_KEYS)},
    }
    for name, schema in inner.items():
        top["properties"][name] |= schema
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "avrogen.toml",
        "description": "Configuration of avrogen: topics, names, types, registry, lint, catalogue.",
    }
    return json.dumps(head | top, indent=2, ensure_ascii=False) + "\n"


def _table(keys: Mapping[str, ConfigKey]) -> dict[str, Any]:
    """Return the schema of a table."""
    properties = {
        name: {**_KINDS[key.kind], "description": key.meaning.replace("`", "")}
        for name, key in keys.items()
    }
    required = [name for name, key in keys.items() if key.default is None]
    table = {"type": "object", "properties": properties, "additionalProperties": False}
    return table | ({"required": required} if required else {})

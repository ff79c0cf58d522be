"""Ownership and life of types, fields and topics: owner, tags, status, deprecation.

Schemas have them as attributes: ``owner``, ``tags`` (``confluent:tags`` as well, which Confluent's
stream governance reads), ``status`` and ``deprecated``, which is true or the reason. Attributes of
these names with other values are shown as any other attribute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from avrogen.avro.model import Attributes, Json

__all__ = ["Ownership", "ownership_of"]

_OWNER: Final = "owner"
_STATUS: Final = "status"
_DEPRECATED: Final = "deprecated"
_TAGS: Final = ("tags", "confluent:tags")


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who answers for something, and where it is in its life.

    Attributes:
        owner: the team; or "".
        tags: tags, each once.
        status: stage of its life; or "".
        is_deprecated: it should not be used any more.
        reason: why, and what to use instead; or "".
    """

    owner: str = ""
    tags: tuple[str, ...] = ()
    status: str = ""
    is_deprecated: bool = False
    reason: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Everything in it, for searches."""
        found = (self.owner, *self.tags, self.status, self.reason)
        return (*filter(None, found), *(["deprecated"] if self.is_deprecated else []))


def ownership_of(attributes: Attributes) -> tuple[Ownership, dict[str, Json]]:
    """Return what attributes of a schema say about it, and the other attributes."""
    owner = attributes.get(_OWNER)
    status = attributes.get(_STATUS)
    deprecated = attributes.get(_DEPRECATED)
    tags = tuple(dict.fromkeys(tag for name in _TAGS for tag in _texts(attributes.get(name))))
    taken = {
        _OWNER: isinstance(owner, str),
        _STATUS: isinstance(status, str),
        _DEPRECATED: isinstance(deprecated, bool | str),
        **{name: bool(list(_texts(attributes.get(name)))) for name in _TAGS},
    }
    found = Ownership(
        owner if isinstance(owner, str) else "",
        tags,
        status if isinstance(status, str) else "",
        bool(deprecated) if isinstance(deprecated, bool | str) else status == _DEPRECATED,
        deprecated if isinstance(deprecated, str) else "",
    )
    return found, {name: value for name, value in attributes.items() if not taken.get(name)}


def _texts(value: Json) -> Iterator[str]:
    """Yield the tags of a value: a string, or a list of nothing else."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        yield from (each for each in value if isinstance(each, str))

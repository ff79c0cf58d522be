"""Changes of the fields of records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from avrogen.avro import model
from avrogen.testing.strategies.drafts import Change, Draft

__all__ = ["field_changes"]


def field_changes(draft: Draft) -> Iterator[Change]:
    """All changes of fields that there are for a schema."""
    settled = draft.settled()
    for named in draft.types.values():
        if isinstance(named, model.Record):
            yield from _harmless(draft, named)
            if named.name not in settled:
                yield _added(draft, named, model.NO_DEFAULT)
                for index in range(len(named.fields)):
                    yield from _removed_or_renamed(draft, named, index)


def _harmless(draft: Draft, record: model.Record) -> Iterator[Change]:
    yield _added(draft, record, "")
    yield Change(
        f"the fields of {record.name} stand in another order",
        True,
        True,
        lambda: draft.with_type(replace(record, fields=record.fields[::-1])),
    )


def _added(draft: Draft, record: model.Record, default: model.Json | model.NoDefault) -> Change:
    name = _free_field_name(record, "added")
    has_default = default is not model.NO_DEFAULT
    field = model.Field(name, model.Primitive("string"), default)
    return Change(
        f"{record.name} has a new field {name}, {'with' if has_default else 'without'} default",
        has_default,
        True,
        lambda: draft.with_type(replace(record, fields=(*record.fields, field))),
    )


def _removed_or_renamed(draft: Draft, record: model.Record, index: int) -> Iterator[Change]:
    field = record.fields[index]
    name = f"{record.name}.{field.name}"
    has_default = field.default is not model.NO_DEFAULT

    def put(*fields: model.Field) -> Draft:
        before, after = record.fields[:index], record.fields[index + 1 :]
        return draft.with_type(replace(record, fields=(*before, *fields, *after)))

    renamed = replace(field, name=_free_field_name(record, f"{field.name}_renamed"))
    known = replace(renamed, aliases=(*field.aliases, field.name))
    yield Change(f"{name} is gone", True, has_default, put)
    yield Change(
        f"{name} is renamed, without an alias", has_default, has_default, lambda: put(renamed)
    )
    yield Change(f"{name} is renamed, with an alias", True, has_default, lambda: put(known))


def _free_field_name(record: model.Record, name: str) -> str:
    taken = {name for field in record.fields for name in (field.name, *field.aliases)}
    while name in taken:
        name += "_"
    return name

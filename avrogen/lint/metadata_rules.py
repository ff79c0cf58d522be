"""Rules for docs and tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.avro.names import short_name
from avrogen.avro.source import Origin
from avrogen.lint.name_words import Words, name_words, word_set
from avrogen.lint.schema_view import FieldView, RuleFinding, SchemaView

__all__ = ["TAG_ATTRIBUTES", "empty_docs", "fields_without_doc", "types_without_doc", "untagged"]


def types_without_doc(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield types without a doc."""
    for name, named in view.types.items():
        if named.doc is None:
            assert named.origin is not None, "parsed types have an origin"
            yield RuleFinding(
                Code.TYPE_WITHOUT_DOC,
                named.origin,
                f"the type {name} has no doc",
                'add "doc": what happened, or what it is',
            )


def fields_without_doc(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if a field has no doc."""
    if view.field.doc is None:
        yield RuleFinding(
            Code.FIELD_WITHOUT_DOC,
            view.origin,
            f"the field {view.label} has no doc",
            'add "doc": meaning, unit, and what a missing value means',
        )


def empty_docs(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield docs that are empty, repeat the name, or are to be written."""
    for name, named in view.types.items():
        assert named.origin is not None, "parsed types have an origin"
        yield from _empty(named.doc, short_name(name), short_name(name), named.origin)
    for each in view.fields:
        yield from _empty(each.field.doc, each.field.name, each.label, each.origin)


_TO_DO = re.compile(r"\W*(?:todo|tbd|fixme|xxx|n/?a|doc|documentation|description)\b\W*\Z", re.I)


def _empty(doc: str | None, name: str, label: str, origin: Origin) -> Iterator[RuleFinding]:
    if doc is None:
        return
    if not doc.strip():
        problem = "is empty"
    elif _TO_DO.match(doc) or doc.lstrip().upper().startswith(("TODO", "FIXME")):
        problem = "is still to be written"
    elif _doc_words(doc) in (
        name_words(name),
        ("the", *name_words(name)),
    ):
        problem = "repeats the name"
    else:
        return
    yield RuleFinding(
        Code.EMPTY_DOC,
        origin / "doc",
        f"the doc of {label} {problem}",
        "write what the name does not say, or remove it",
    )


def _doc_words(doc: str) -> Words:
    return name_words("_".join(re.findall(r"\w+", doc)))


TAG_ATTRIBUTES: Final = word_set(
    "confluent:tags tags tag pii personal personal_data sensitive sensitivity classification "
    "data_classification privacy gdpr confidential avrogen.tags encrypted"
)
"""Attributes that say how data are to be treated; catalogues and encryption rules read them."""

_PERSONAL: Final[frozenset[Words]] = frozenset(
    tuple(name.split())
    for name in (
        "email", "e mail", "mail address", "email address", "phone", "phone number", "telephone",
        "mobile number", "first name", "last name", "full name", "surname", "given name",
        "family name", "firstname", "lastname", "fullname", "birthday", "birthdate", "birth date",
        "date of birth", "dob", "ssn", "social security number", "passport number", "passport",
        "national id", "tax id", "iban", "credit card", "card number", "credit card number",
        "cvv", "street", "street address", "postal address", "home address", "shipping address",
        "billing address", "ip address", "ip addr", "client ip", "gender", "nationality",
        "license plate", "driver license", "driving license", "password",
    )
)  # fmt: skip
"""Endings of names of data about a person."""

_LONGEST: Final = max(map(len, _PERSONAL))


def untagged(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if a name is that of personal data, and no attribute says so."""
    words = view.words
    personal = next((words[-n:] for n in range(1, _LONGEST + 1) if words[-n:] in _PERSONAL), None)
    if personal is None or isinstance(view.type, model.Map | model.Union):
        return
    if isinstance(view.type, model.Primitive) and view.type.name == "boolean":
        return
    attributes = {*view.field.attributes, *view.record.attributes}
    if isinstance(view.type, model.Primitive | model.Array):
        attributes |= {*view.type.attributes}
    if not attributes & TAG_ATTRIBUTES:
        yield RuleFinding(
            Code.UNTAGGED_PERSONAL_DATA,
            view.origin / "name",
            f"{view.label} looks like personal data, and has no tag",
            'add "confluent:tags": ["PII"], or another tag, also one for "not personal"',
        )

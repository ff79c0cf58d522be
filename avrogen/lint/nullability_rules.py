"""Rules for optional fields and unions."""

from __future__ import annotations

from collections.abc import Iterator

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.avro.source import Origin, span_of
from avrogen.lint.schema_view import FieldView, RuleFinding, SchemaView, is_null
from avrogen.lint.text_edits import AddMember, Edit, MoveFirst, UnwrapValue

__all__ = ["null_not_first", "optional_without_default", "redundant_objects", "single_branches"]


def optional_without_default(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if a field may be null, first, and has no default."""
    field = view.field
    if (
        view.is_nullable
        and field.default is model.NO_DEFAULT
        and isinstance(field.type, model.Union)
    ):
        branches = field.type.branches
        if len(branches) > 1 and is_null(branches[0]):
            yield RuleFinding(
                Code.OPTIONAL_WITHOUT_DEFAULT,
                view.origin,
                f"field {view.label} may be null and has no default: it cannot be left out, added "
                "or removed",
                'add "default": null',
                (AddMember(view.origin, "default", None),),
            )


def null_not_first(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if null is not the first branch, and no default of another is."""
    field = view.field
    if not view.is_nullable or field.default not in (model.NO_DEFAULT, None):
        return
    assert isinstance(field.type, model.Union), "only unions are nullable"
    index = next(i for i, branch in enumerate(field.type.branches) if is_null(branch))
    if index == 0:
        return
    at = view.origin / "type"
    edits: list[Edit] = [MoveFirst(at, index)]
    if field.default is model.NO_DEFAULT:
        edits.append(AddMember(view.origin, "default", None))
    yield RuleFinding(
        Code.NULL_NOT_FIRST,
        at,
        f"null is not the first branch of {view.label}: a null default does not fit the union",
        'write null first, and "default": null',
        tuple(edits),
    )


def single_branches(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield unions with one branch. At the top of a file, an array is a list of definitions."""
    for use in view.uses:
        if isinstance(use.type, model.Union) and len(use.type.branches) == 1 and not use.is_root:
            yield RuleFinding(
                Code.SINGLE_BRANCH,
                use.origin,
                f"the union in {use.place} has one branch, which takes a byte in each message",
                "write the type without the brackets",
                (UnwrapValue(use.origin, use.origin / 0),),
            )


def redundant_objects(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield primitive types that are objects with "type" alone."""
    for use in view.uses:
        if not isinstance(use.type, model.Primitive) or use.type.attributes:
            continue
        if _is_object(use.origin):
            yield RuleFinding(
                Code.REDUNDANT_OBJECT,
                use.origin,
                f'the object around "{use.type.name}" in {use.place} has no attributes',
                f'write "{use.type.name}"',
                (UnwrapValue(use.origin, use.origin / "type"),),
            )


def _is_object(origin: Origin) -> bool:
    span = span_of(origin)
    return span is not None and origin.source.text[span.start] == "{"

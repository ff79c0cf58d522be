"""Imports follow from the symbols that are used, and never hide or get hidden."""

from avrogen.compiler.expressions import (
    Expression,
    Import,
    ImportStatement,
    Scope,
    Symbol,
    builtin,
    grouped,
    relative,
)
from avrogen.compiler.naming import ModuleName

DATE = Symbol("datetime", "date")
CARD = Symbol(".com.acme", "Card")


def test_a_symbol_keeps_its_name_where_it_is_free() -> None:
    scope = Scope("._order", [DATE, CARD, *builtin("str").symbols()], taken={"Order"})
    assert scope.text(Expression.of(builtin("str"), " | ", DATE)) == "str | date"
    assert scope.imports == (Import(".com.acme", "Card"), Import("datetime", "date"))


def test_a_field_of_the_same_name_makes_an_alias() -> None:
    scope = Scope("._order", [DATE, *builtin("str").symbols()], taken={"date", "_date", "str"})
    assert scope.text(Expression.of(builtin("str"), " | ", DATE)) == "_str | _date_"
    assert scope.imports == (
        Import("builtins", "str", "_str"),
        Import("datetime", "date", "_date_"),
    )


def test_symbols_of_the_module_itself_are_not_imported() -> None:
    scope = Scope("._order", [Symbol("._order", "Order")], taken={"Order"})
    assert scope.name(Symbol("._order", "Order")) == "Order"
    assert scope.imports == ()


def test_statements_are_grouped_and_sorted() -> None:
    imports = [
        Import(".com.acme._card", "Card"),
        Import(".org.money", "Money"),
        Import(".", "Event"),
        Import("avrogen.runtime.v1", "Schema"),
        Import("datetime", "date"),
        Import("datetime", "UTC"),
        Import("datetime", "Zone", "_Zone"),
    ]
    assert grouped(imports, (ModuleName("com"), ModuleName("acme"))) == [
        [ImportStatement("datetime", ("UTC", "Zone as _Zone", "date"))],
        [ImportStatement("avrogen.runtime.v1", ("Schema",))],
        [
            ImportStatement("...", ("Event",)),
            ImportStatement("...org.money", ("Money",)),
            ImportStatement("._card", ("Card",)),
        ],
    ]


def test_relative_modules() -> None:
    package = (ModuleName("com"), ModuleName("acme"))
    assert relative(".com.acme._card", package) == "._card"
    assert relative(".com.other", package) == "..other"
    assert relative(".com.acme", package) == "."
    assert relative("._event", ()) == "._event"
    assert relative("datetime", package) == "datetime"

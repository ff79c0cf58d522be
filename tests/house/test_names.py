"""One word, one thing: names of modules and classes exist once, and modules are nouns."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable

from tests.house.modules import FACE, MODULES, Module

SHARED_MODULE_NAMES = {
    "registry": "avrogen.kafka.registry is a client's, avrogen.testing.registry is a public path",
}
"""Names that two modules have. A package may have that of its main module besides."""

NOUNS_IN_ING = {
    "caching",
    "encoding",
    "formatting",
    "lowering",
    "mapping",
    "matching",
    "naming",
    "rendering",
    "retrying",
    "testing",
}
"""What compilers and clients call a thing. Other words in -ing say what somebody is doing."""

NO_NOUNS = {
    # verbs
    "connect",
    "describe",
    "generate",
    "resolve",
    "send",
    "shorten",
    # participles without an ending
    "done",
    "drawn",
    "given",
    "known",
    "made",
    "taken",
    "unknown",
    "written",
    # adjectives
    "alike",
    "apart",
    "asynchronous",
    "brief",
    "canonical",
    "complete",
    "endless",
    "outgoing",
    "own",
    "pending",
    "silent",
    "recursive",
    # adverbs, pronouns, question words
    "about",
    "more",
    "others",
    "how",
    "what",
    "where",
    "which",
}

METAPHORS = {
    "channel",
    "handover",
    "intake",
    "landscape",
    "lane",
    "letter",
    "letters",
    "mailroom",
    "outbox",
    "standing",
    "trouble",
    "words",
}
"""Names of earlier modules. The field has words for these: docs/glossary.md."""

NO_NOUN_ENDINGS = ("ing", "ed", "ly", "able", "ible")


def duplicates(named: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Names with more than one home, of pairs of name and home."""
    homes: dict[str, list[str]] = defaultdict(list)
    for name, home in named:
        homes[name].append(home)
    return {name: found for name, found in homes.items() if len(found) > 1}


def is_main_module(module: Module) -> bool:
    """True if it has the name of its package, whose main concept it is."""
    return not module.is_package and module.path.stem == module.path.parent.name


def test_a_module_name_exists_once() -> None:
    named = [
        (module.name.rpartition(".")[2], module.path.as_posix())
        for module in MODULES.values()
        if not is_main_module(module)
    ]
    assert duplicates(named).keys() == SHARED_MODULE_NAMES.keys()


def test_a_public_class_name_exists_once() -> None:
    named = [
        (node.name, module.path.as_posix())
        for module in MODULES.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    found = duplicates(named)
    assert not found, found


def test_module_names_are_nouns() -> None:
    """What counts is the last word: ``resolving_planner`` is a planner."""
    wrong: list[str] = []
    for name in MODULES.keys() - {FACE, "avrogen.__main__"}:
        short = name.rpartition(".")[2]
        last = short.rpartition("_")[2]
        if (
            short in METAPHORS
            or last in NO_NOUNS
            or (last.endswith(NO_NOUN_ENDINGS) and last not in NOUNS_IN_ING)
        ):
            wrong.append(name)
    assert not wrong, "\n".join(sorted(wrong))


def test_no_list_of_names_is_stale() -> None:
    last_words = {name.rpartition(".")[2].rpartition("_")[2] for name in MODULES}
    assert NOUNS_IN_ING - last_words == set()

"""Types share a module if, and only if, each needs the other."""

from hypothesis import given
from hypothesis import strategies as st

from avrogen.avro.model import Field, NamedType, RecordType, Reference
from avrogen.compiler.package_layout import strongly_connected

GRAPHS = st.integers(1, 8).flatmap(
    lambda size: st.fixed_dictionaries(
        {str(node): st.sets(st.integers(0, size - 1).map(str)) for node in range(size)}
    )
)


def records(graph: dict[str, set[str]]) -> dict[str, NamedType]:
    return {
        name: RecordType(
            name, tuple(Field(f"f{other}", Reference(other)) for other in sorted(others))
        )
        for name, others in graph.items()
    }


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(graph[name])
    return seen


@given(GRAPHS)
def test_circles_are_what_reaches_each_other(graph: dict[str, set[str]]) -> None:
    reach = {name: reachable(graph, name) for name in graph}
    expected = {
        tuple(sorted(other for other in graph if other in reach[name] and name in reach[other]))
        for name in graph
    }
    groups = strongly_connected(records(graph))
    assert groups == sorted(expected)


def test_a_chain_longer_than_pythons_stack() -> None:
    chain = {str(i): {str(i + 1)} for i in range(5000)} | {"5000": {"0"}}
    assert len(strongly_connected(records(chain))) == 1

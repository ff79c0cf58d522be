"""The plugin for pytest, in runs of pytest of their own."""

from __future__ import annotations

import json

import pytest

import avrogen
from tests.conftest import ROOT, run_python

pytest_plugins = ["pytester"]

QUIET = ("-q", "-W", "error", "--strict-config", "--strict-markers", "-p", "no:cacheprovider")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with tests to be, which can import the example."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the tests in the folder, warnings being errors."""
    return project.runpytest_subprocess(*QUIET, *options)


def run_here(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    """The same in this process, which is quicker."""
    return project.runpytest_inprocess(*QUIET, *options)


# --- what it costs --------------------------------------------------------------------------------


def test_the_plugin_imports_next_to_nothing() -> None:
    code = (
        "import sys, json, pytest; before = set(sys.modules)\n"
        "import avrogen.testing.pytest_plugin\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    result = run_python("-c", code, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == [
        "avrogen",
        "avrogen.exports",
        "avrogen.testing",
        "avrogen.testing.pytest_plugin",
        "avrogen.version",
    ]


def test_who_does_not_use_it_does_not_notice(project: pytest.Pytester) -> None:
    """Nothing is imported, nothing warns."""
    project.makepyfile("""
        import sys


        def test_nothing_is_there(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("avrogen")
            heavy = {"avrogen.kafka", "avrogen.codec", "confluent_kafka", "fastavro", "hypothesis"}
            assert not heavy & set(sys.modules)
        """)
    run(project).assert_outcomes(passed=1)


def test_pytest_may_be_run_by_a_program_that_uses_avrogen() -> None:
    """It wants to rewrite assertions of packages with plugins, and warns if it is too late."""
    assert "PYTEST_DONT_REWRITE" in (avrogen.__doc__ or "")


# --- fixtures -------------------------------------------------------------------------------------

ISOLATED = """
import pytest

from avrogen.testing import EmbeddedKafka
from generated_example.topics import ORDERS, OrdersConsumer, OrdersProducer
from tests.support.events import cancelled


@pytest.mark.parametrize("number", range(3))
def test_each_has_topics_and_groups_of_its_own(avrogen_kafka: EmbeddedKafka, number: int) -> None:
    with avrogen_kafka.producer(OrdersProducer) as orders:
        orders.send(cancelled(number))
    with avrogen_kafka.consumer(OrdersConsumer, group_id="billing") as orders:
        assert [message.value for message in orders] == [cancelled(number)]


def test_faults_of_another_test_are_over(avrogen_broker, avrogen_registry):
    avrogen_broker.take_down()
    avrogen_registry.hang()
"""


def test_tests_are_isolated_and_run_in_parallel(project: pytest.Pytester) -> None:
    project.makepyfile(ISOLATED)
    run(project, "-n", "2").assert_outcomes(passed=4)


def test_a_fixture_can_be_overridden(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import pytest

        from avrogen.testing.broker import EmbeddedBroker


        @pytest.fixture
        def avrogen_broker():
            with EmbeddedBroker(brokers=3) as broker:
                yield broker


        def test_it(avrogen_kafka):
            assert avrogen_kafka.config["bootstrap.servers"].count(",") == 2
        """)
    run(project).assert_outcomes(passed=1)


def test_what_is_not_installed_is_named(project: pytest.Pytester) -> None:
    project.makeconftest("""
        import sys

        for name in ("confluent_kafka", "confluent_kafka.cimpl", "fastavro"):
            sys.modules[name] = None
        """)
    project.makepyfile("""
        from avrogen.testing import assert_round_trip
        from generated_example import Currency


        def test_broker(avrogen_kafka):
            pass


        def test_assertion():
            assert_round_trip(Currency.EUR)
        """)
    result = run(project)
    result.assert_outcomes(errors=1, failed=1)
    result.stdout.fnmatch_lines(
        ["E * pip install 'avrogen?kafka?'", "E * pip install 'avrogen?testing?'"]
    )


# --- what failures say ----------------------------------------------------------------------------


def test_the_log_says_why_a_handler_failed(project: pytest.Pytester) -> None:
    project.makepyfile("""
        from avrogen.testing import handling
        from generated_example.topics import OrdersConsumer
        from tests.support.events import cancelled


        def handle(message):
            raise ValueError("no such order")


        def test_it():
            outcome = handling(OrdersConsumer).deliver(handle, cancelled(1))
            assert outcome.handled == [cancelled(1)]
        """)
    result = run_here(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*consumer.dead_letter topic=shop.orders.v1*",
            "*raise ValueError*",
            "ValueError: no such order",
        ]
    )


def test_golden_files(project: pytest.Pytester) -> None:
    path = project.makepyfile("""
        from tests.support.events import event


        def test_it(avrogen_golden):
            avrogen_golden(event(7), "event")
        """)
    result = run_here(project)
    result.assert_outcomes(failed=1)
    file = path.parent / "golden" / "event.hex"
    result.stdout.fnmatch_lines(
        [f"E *there is no {file} yet: pytest --avrogen-update-golden writes it"]
    )
    run_here(project, "--avrogen-update-golden").assert_outcomes(passed=1)
    assert file.exists()
    run_here(project).assert_outcomes(passed=1)
    path.write_text(path.read_text("utf-8").replace("event(7)", "event(8)"), "utf-8")
    result = run_here(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *the bytes are not those of *event.hex",
            "E *$.timestamp: was 7, is 8",
            "E *if that is meant: pytest --avrogen-update-golden writes the file anew",
        ]
    )

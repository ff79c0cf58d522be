"""For the tests of those who use avrogen: what they would otherwise have to run, in the process.

:mod:`avrogen.testing.broker` is a Kafka cluster, :mod:`avrogen.testing.registry` a schema registry.
"""

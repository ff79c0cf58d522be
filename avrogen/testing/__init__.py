"""For the tests of those who use avrogen: what they would otherwise have to run, in the process.

:mod:`avrogen.testing.registry` is a schema registry.
"""

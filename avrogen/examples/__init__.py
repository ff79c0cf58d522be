"""Believable values, the same in every run: for documentation, snapshots and tests.

A value is made from a schema alone, by what fields are called, what their docs say and what their
defaults are; generated classes are not needed, and nothing but the standard library.
"""

from avrogen.examples.factory import Factory, example, example_value

__all__ = ["Factory", "example", "example_value"]

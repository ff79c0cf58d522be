"""Realistic, deterministic example values: for documentation, snapshots and tests.

A value is derived from the schema alone: names, docs and defaults of fields. It needs no generated
classes, and the standard library only.

    factory         example, example_value and Factory
    example_values  values of schemas
    hints           names and documentation of fields, as hints for values
    texts           strings and bytes
    numbers         numbers, decimals, dates and times
"""

from avrogen.examples.factory import Factory, example, example_value

__all__ = ["Factory", "example", "example_value"]

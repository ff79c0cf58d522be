"""Hypothesis strategies: values, schemas, encodings and evolved schemas.

Everything drawn is valid by construction. The names are in :mod:`avrogen.testing`.

    generated_classes  objects of generated classes, values of codecs and schemas
    value_strategies   composition for the types of a schema
    leaves             values without inner values
    schemas            schemas
    encodings          encodings of a schema's values
    evolved_schemas    successors of a schema
    hypothesis_plugin  st.from_type and st.builds for generated classes
"""

try:
    import hypothesis as _hypothesis  # first: its import loads the plugin below by its entry point
except ImportError as error:
    from avrogen.errors import MissingExtraError

    raise MissingExtraError("testing") from error

from avrogen.testing.strategies.hypothesis_plugin import register

del _hypothesis

register()  # hypothesis did so at its import, unless its plugins are disabled

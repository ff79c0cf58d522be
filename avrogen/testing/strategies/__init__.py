"""Strategies for hypothesis: values of schemas, schemas, their encodings and their successors.

Whatever is drawn is valid by construction. The names are in :mod:`avrogen.testing`.
"""

try:
    import hypothesis as _hypothesis
except ImportError as error:
    from avrogen.errors import MissingExtraError

    raise MissingExtraError("testing") from error

del _hypothesis

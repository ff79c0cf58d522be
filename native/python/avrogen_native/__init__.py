"""Native codec of avrogen: see https://pypi.org/project/avrogen.

avrogen imports this package itself, if it is installed. It has no use without avrogen.
"""

from avrogen_native._codec import PLAN_FORMAT, MessageReader, __version__, decoder, encoder

__all__ = ["PLAN_FORMAT", "MessageReader", "__version__", "decoder", "encoder"]

"""Python values to Avro binary and back (specification, "Binary Encoding").

    schema ──planning──▶ plan ──python_backend──▶ encode, decode
                           │                        │ anything out of the ordinary
                           └──────checked───────────┘

A *plan* says what is written and read, in which order, as which Python values. Two things run it:
``checked`` walks it step by step, looks at everything, and knows where it is when something is
wrong; ``python_backend`` compiles it to Python source that handles ordinary values fast and hands
everything else to ``checked``.
"""

"""How fast the codec is, and what it costs: the parts of ``benchmarks/codec.py``.

    packages ──▶ workloads, real ──▶ contenders ──▶ agreement ──▶ rounds ──▶ tables
                     ▲
      values, evolution, conversion

``costs`` measures what is paid once: imports, first use, memory; ``child`` is the process it does
that in.
"""

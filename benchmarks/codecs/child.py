"""A process in which something is used for the first time: ``python -m
benchmarks.codecs.child MODE OWNER...``.

Every owner is ``MODULE:NAME:DATA``: a class or codec, and what it is to read, in hexadecimal. They
are used one after the other; a JSON object is printed about the last one. Its keys are the steps;
its values are the seconds that each computed or, where ``MODE`` is ``memory``, the bytes that each
has left in use.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from typing import Any


def main() -> None:
    """Do what the arguments say."""
    mode, *owners = sys.argv[1:]
    for owner in owners[:-1]:
        _use(owner, _seconds)
    if mode == "memory":
        tracemalloc.start()
    print(json.dumps(_use(owners[-1], _memory if mode == "memory" else _seconds)))


def _use(owner: str, measure: Callable[[Callable[[], object]], float]) -> dict[str, float]:
    module, name, data = owner.split(":")
    encoded = bytes.fromhex(data)
    owners: list[Any] = []
    values: list[Any] = []
    steps: dict[str, Callable[[], object]] = {
        "import": lambda: owners.append(getattr(import_module(module), name)),
        "parse": lambda: owners[0].__avro_schema__.types,
        "decode": lambda: values.append(owners[0].from_avro(encoded)),
        "encode": lambda: owners[0].to_avro(values[0]),
    }
    return {step: measure(run) for step, run in steps.items()}


def _seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def _memory(run: Callable[[], object]) -> float:
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    run()
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before


if __name__ == "__main__":
    main()

"""How fast typed clients are: ``make bench``, or ``python benchmarks/topics.py [--rounds N]``.

Everybody sends the same events to the same embedded broker, or receives them from it, in one
process, in turns; ``README.md`` beside this file explains the tables.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import timeit
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from avrogen.codec.compilation import decoder_of, encoder_of  # noqa: E402 - needs the path above
from benchmarks.clients.racing import Race, race  # noqa: E402 - as above
from benchmarks.clients.receiving import (  # noqa: E402 - as above
    RAW_RECEIVER,
    TRACED,
    decoded_receiver,
    deliver,
    receivers,
)
from benchmarks.clients.sending import RAW, senders  # noqa: E402 - as above
from benchmarks.clients.setting import Setting, on_embedded_broker  # noqa: E402 - as above
from benchmarks.codecs.packages import Packages  # noqa: E402 - as above
from benchmarks.codecs.workloads import workloads  # noqa: E402 - as above

WORKLOADS = ("W1", "W2")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure typed clients and others beside them.")
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (15)")
    parser.add_argument("--messages", type=int, default=20_000, help="each time (20,000)")
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores; "
        f"confluent-kafka {version('confluent-kafka')}\n"
    )
    with tempfile.TemporaryDirectory(prefix="avrogen-bench-") as folder:
        chosen = {w.name: w for w in workloads(Packages(Path(folder))) if w.name in WORKLOADS}
        for name in WORKLOADS:
            with on_embedded_broker(chosen[name]) as setting:
                for line in _sending(name, setting, options.rounds, options.messages):
                    print(line, flush=True)
            # The embedded broker keeps 5 MB of a partition: with many, none is dropped.
            for headers in (None, TRACED) if name == "W1" else (None,):
                with on_embedded_broker(chosen[name], partitions=24) as setting:
                    for line in _receiving(
                        name, setting, options.rounds, options.messages, headers
                    ):
                        print(line, flush=True)


def _sending(name: str, setting: Setting, rounds: int, messages: int) -> Iterator[str]:
    with senders(setting) as everybody:
        result = race(everybody, rounds=rounds, messages=messages, progress=_progress)
    yield f"Producing {name} ({len(setting.encoded)} bytes):\n"
    yield from _table(result, list(everybody), RAW, "confluent")
    encode = encoder_of(setting.owner)
    seconds = min(timeit.repeat(lambda: encode(setting.value), number=10_000, repeat=5)) / 10_000
    yield f"\nOf that, encoding takes {seconds * 1e6:.1f} µs.\n"


def _receiving(
    name: str,
    setting: Setting,
    rounds: int,
    messages: int,
    headers: list[tuple[str, bytes]] | None,
) -> Iterator[str]:
    with receivers(setting) as everybody:
        result = race(
            everybody,
            rounds=rounds,
            messages=messages,
            progress=_progress,
            prepare=lambda number: deliver(setting, number, headers),
        )
    traced = ", each with a trace header" if headers else ""
    yield f"Consuming {name} ({len(setting.encoded)} bytes){traced}:\n"
    yield from _table(result, list(everybody), RAW_RECEIVER, decoded_receiver())
    decode, data = decoder_of(setting.owner), setting.encoded[5:]
    seconds = min(timeit.repeat(lambda: decode(data), number=10_000, repeat=5)) / 10_000
    yield f"\nOf that, decoding takes {seconds * 1e6:.1f} µs.\n"


def _table(result: Race, names: list[str], *bases: str) -> Iterator[str]:
    ratios = [f"{how}x {base}" for base in bases for how in ("", "CPU ")]
    titles = ["messages/s", "µs CPU", *ratios]
    yield f"| {'':16} | " + " | ".join(f"{title:>16}" for title in titles) + " |"
    yield f"|{'-' * 18}|" + "|".join(f"{'-' * 17}:" for _ in titles) + "|"
    for name in names:
        cells = [
            f"{result.per_second(name):,.0f}",
            f"{result.cpu(name) * 1e6:.2f}",
            *(
                f"{ratio(name, base):.2f}"
                for base in bases
                for ratio in (result.ratio, result.cpu_ratio)
            ),
        ]
        yield f"| {name:16} | " + " | ".join(f"{cell:>16}" for cell in cells) + " |"


def _progress(rounds: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{rounds} rounds", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

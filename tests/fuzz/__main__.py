"""Fuzzing on and on, in a process with a limit for its memory.

    python -m tests.fuzz --seconds 600          # with a seed that is printed
    python -m tests.fuzz --seed 7 --rounds 10   # the same again, and the same each time

What is found is printed as a command that does it again, with what is wrong below.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time

from tests.fuzz.fuzzing import Tally, fuzz, reproduce
from tests.fuzz.schema_texts import examine_text
from tests.fuzz.subjects import subjects

MEMORY = 2 << 30
"""Bytes of address space. A message that takes more than these fails to."""


def main() -> int:
    """Fuzz as the arguments say. 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, help="times that every schema has its turn")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--part", default="1/1", help="2/3: the second third of the schemas")
    parser.add_argument("--reproduce", nargs=2, metavar=("NAME", "HEX"))
    parser.add_argument("--schema", metavar="TEXT", help="the text of a schema")
    parser.add_argument("--evolved", metavar="SEED", help="of the versions that read and write")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if arguments.schema is not None:
        print(examine_text(arguments.schema))
        return 0
    if arguments.reproduce:
        name, data = arguments.reproduce
        subject = next(each for each in subjects() if each.name == name)
        print(reproduce(subject, arguments.evolved, bytes.fromhex(data)))
        return 0
    seed = random.randrange(10**9) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    return run(seed, arguments.rounds, arguments.seconds, *map(int, arguments.part.split("/")))


def run(seed: int, rounds: int | None, seconds: float, part: int, parts: int) -> int:
    """Give every schema its turn, again and again."""
    chosen, tally = subjects(part, parts), Tally()
    began, number = time.monotonic(), 0
    end = float("inf") if rounds is not None else began + seconds
    while number != rounds and time.monotonic() < end:
        for subject in chosen:
            for find in fuzz(subject, f"{seed} {number} {subject.name}", tally):
                print(f"python -m tests.fuzz {find}", flush=True)
            if time.monotonic() > end:
                break
        number += 1
    rate = tally.messages / (time.monotonic() - began)
    print(
        f"{tally.messages} messages and texts of {len(chosen)} schemas, {tally.values} valid, "
        f"{rate:.0f} a second, {tally.finds} finds"
    )
    return 1 if tally.finds else 0


if __name__ == "__main__":
    sys.exit(main())

"""Write down the public surface as it is today, after an intended change."""

from __future__ import annotations

import logging

from tests.frozen.public.records import RECORDS, write

if __name__ == "__main__":
    logging.disable()  # what a consumer logs of the message that is dead-lettered
    changed = [name for name in RECORDS if write(name)]
    for name in changed:
        print(f"tests/frozen/public/{name}.json")
    print(f"{len(changed)} of {len(RECORDS)} records changed")

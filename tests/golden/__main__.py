"""Write ``expected/`` of all golden cases, after an intended change of the output."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.golden.cases import CASES, rewrite

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        changed = [case.name for case in CASES if rewrite(case, Path(folder, case.name))]
    for name in changed:
        print(f"tests/golden/{name}/expected")
    print(f"{len(changed)} of {len(CASES)} golden cases changed")

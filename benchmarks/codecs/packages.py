"""Packages that avrogen builds for a run, as its users build them."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from avrogen.avro.model import Reference

__all__ = ["ROOT", "Packages"]

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""


class Packages:
    """Builds packages into a scratch folder, from which they can be imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        sys.path.insert(0, str(folder))

    def build(self, package: str, *schemas: Path) -> None:
        """Build and warn of nothing; existing packages stay as they are."""
        if (self.folder / package).exists():
            return
        command = [sys.executable, "-m", "avrogen", "build", *map(str, schemas)]
        subprocess.run(
            [*command, "-o", str(self.folder / package)],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "XDG_CACHE_HOME": str(self.folder / "cache"),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        invalidate_caches()

    def place(self, package: str, type_name: str) -> tuple[str, str]:
        """Module and name of the class for a named type, by its full name in Avro."""
        namespace = type_name.rpartition(".")[0]
        module = import_module(f"{package}.{namespace}" if namespace else package)
        for name in dir(module):
            owner: Any = getattr(module, name)
            schema = getattr(owner, "__avro_schema__", None)
            if schema is not None and schema.type == Reference(type_name):
                return module.__name__, name
        raise LookupError(f"{module.__name__} has no class for {type_name}")

"""Download what real services need, ahead of the tests, so that the wait can be seen."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.services.apicurio import apicurio
from tests.services.avro_java import avro_idl_program, avro_java_program
from tests.services.cache import say
from tests.services.java import REQUIRED, missing_tools, services_required
from tests.services.kafka import kafka_cluster
from tests.services.maven import MavenFailed


def main() -> None:
    """Fill the cache, or say why it stays as it is; exit with 1 where services are required."""
    missing = missing_tools()
    if missing:
        _go_without(missing)
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            apicurio(Path(folder))
            kafka_cluster(Path(folder))
            avro_java_program()
            avro_idl_program()
    except MavenFailed as error:
        _go_without(f"Maven failed: {error}")


def _go_without(reason: str) -> None:
    if services_required():
        sys.exit(f"{REQUIRED} is set, and real services cannot be run: {reason}")
    say(f"tests on a real broker and registry are skipped: {reason}")


if __name__ == "__main__":
    main()

"""Download what real services need, ahead of the tests, so that the wait can be seen."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.services.apicurio import apicurio
from tests.services.avro_java import avro_java_program
from tests.services.cache import say
from tests.services.java import missing_tools
from tests.services.kafka import kafka_cluster
from tests.services.maven import MavenFailed


def main() -> None:
    """Fill the cache, or say why it stays as it is."""
    missing = missing_tools()
    if missing:
        say(f"tests on a real broker and registry will be skipped: {missing}")
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            apicurio(Path(folder))
            kafka_cluster(Path(folder))
            avro_java_program()
    except MavenFailed as error:
        say(f"tests on a real broker and registry will be skipped: Maven failed: {error}")


if __name__ == "__main__":
    main()

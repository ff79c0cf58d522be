"""Avro Java, for what it makes of schemas."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.services.cache import cached_folder
from tests.services.java import FLAGS, java_version
from tests.services.maven import copy_dependencies

__all__ = ["AvroIdl", "AvroJava", "avro_idl_program", "avro_java_program"]

_VERSION = "1.12.0"
_IDL_VERSION = "1.12.1"
"""The first one whose IDL has empty objects."""
_SOURCE = Path(__file__).parent / "AvroJava.java"
_IDL_SOURCE = Path(__file__).parent / "AvroIdl.java"


class AvroJava:
    """The program beside this file, compiled."""

    def __init__(self, folder: Path) -> None:
        """Not to be called: see :func:`avro_java_program`."""
        self._command = ["java", *FLAGS, "-cp", f"{folder}:{folder}/*", "AvroJava"]

    def print(self, texts: Iterable[str]) -> list[str | None]:
        """Schemas as it prints them; None for what it takes for none."""
        return [line or None for line in self._run((text,) for text in texts)]

    def compare(self, pairs: Iterable[tuple[str, str]]) -> list[list[tuple[str, str, str]] | None]:
        """What keeps readers' schemas from reading what writers' have written.

        Args:
            pairs: readers' and writers' schemas.

        Returns:
            Type, path and message of each thing; None for pairs that Java does not compare.
        """
        found: list[list[tuple[str, str, str]] | None] = []
        for answer in self._run(pairs, "compare"):
            rows = [line.split("\t", 2) for line in answer.split("\n")[1:]]
            reasons = [(kind, path, message) for kind, path, message in rows]
            found.append(reasons if answer else None)
        return found

    def json(self, rows: Iterable[tuple[str, bytes]]) -> list[str | None]:
        """The JSON encoding of data, each behind its schema; None: it refuses them."""
        answers = self._run(((schema, data.hex()) for schema, data in rows), "json")
        return [answer or None for answer in answers]

    def binary(self, rows: Iterable[tuple[str, str]]) -> list[bytes | None]:
        """The data of texts in the JSON encoding, each behind its schema; None: it refuses them.

        Data without any bytes come as None, too.
        """
        return [bytes.fromhex(answer) or None for answer in self._run(rows, "binary")]

    def register(self, url: str, subject: str, text: str) -> str:
        """The answer of a registry to the registration of a schema by a Java client."""
        (answer,) = self._run([(text,)], url, subject)
        return answer

    def _run(self, rows: Iterable[tuple[str, ...]], *arguments: str) -> list[str]:
        lines = [b" ".join(map(_encoded, row)) for row in rows]
        run = subprocess.run(
            [*self._command, *arguments],
            input=b"\n".join(lines) + b"\n",
            capture_output=True,
            check=True,
            timeout=300,
        )
        return [base64.b64decode(line).decode() for line in run.stdout.split(b"\n")[:-1]]


def _encoded(text: str) -> bytes:
    return base64.b64encode(text.encode("utf-8", "replace"))


class AvroIdl:
    """The program beside this file that reads IDL, compiled."""

    def __init__(self, folder: Path) -> None:
        """Not to be called: see :func:`avro_idl_program`."""
        self._command = ["java", *FLAGS, "-cp", f"{folder}:{folder}/*", "AvroIdl"]

    def types(self, files: Iterable[Path]) -> list[list[str]]:
        """The named types of each file as it prints them; none of what it takes for no IDL.

        A main schema comes before them.
        """
        run = subprocess.run(
            self._command,
            input="".join(f"{file}\n" for file in files).encode(),
            capture_output=True,
            check=True,
            timeout=300,
        )
        answers = run.stdout.split(b"\n")[:-1]
        return [base64.b64decode(line).decode().splitlines() for line in answers]


def avro_java_program() -> AvroJava:
    """Avro Java, with a compiled program around it."""
    return AvroJava(_compiled("avro", _VERSION, _SOURCE))


def avro_idl_program() -> AvroIdl:
    """Avro Java's reader of IDL, with a compiled program around it."""
    return AvroIdl(_compiled("avro-idl", _IDL_VERSION, _IDL_SOURCE))


def _compiled(artifact: str, version: str, source: Path) -> Path:
    """A folder with a program, compiled, and what it needs."""

    def make(folder: Path) -> None:
        jar = f"org.apache.avro:{artifact}:{version}"
        copy_dependencies([jar, "org.slf4j:slf4j-nop:2.0.13"], folder)
        command = ["javac", "-cp", f"{folder}/*", "-d", str(folder), str(source)]
        subprocess.run(command, capture_output=True, check=True)

    # The program is a part of the name, so that it is compiled again when it changes.
    program = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
    name = f"{artifact}-java-{version}-{program}-java-{java_version()}"
    return cached_folder(name, f"preparing {artifact} {version}", make)

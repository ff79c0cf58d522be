"""The table ``[registry]`` of a configuration: where the schema registry is, and how it is used.

Secrets do not belong there, as the file is under version control; they come from the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Code
from avrogen.avro.source import Pointer
from avrogen.compiler.keys import REGISTRY_KEYS
from avrogen.compiler.toml_tables import TableReader, Toml

__all__ = ["RegistryConfig", "read_registry"]


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """What is said of the registry; None where nothing is said.

    Attributes:
        url: where it is; several, separated by commas, are the same registry.
        user: who asks, where it wants a name and a password.
        timeout: seconds to wait for an answer.
        ca_file: certificates of those who may vouch for it, in PEM.
        certificate_file: the certificate of who asks, in PEM.
        key_file: the key to it, in PEM.
        logical_cluster: which registry behind the URL is meant, where it is asked with a token.
        references: whether types are registered under names of their own and referred to.
    """

    url: str | None = None
    user: str | None = None
    timeout: float | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    logical_cluster: str | None = None
    references: bool = False


def read_registry(value: Toml, at: Pointer, reader: TableReader, folder: Path) -> RegistryConfig:
    """Read the table.

    Args:
        value: what stands in its place.
        at: where that is.
        reader: of the document.
        folder: which paths in it are relative to: that of the document.
    """

    def path(key: str) -> str | None:
        text = reader.text(table, key, at)
        return None if text is None else str(folder / text)

    table = reader.described(value, at, REGISTRY_KEYS)
    return RegistryConfig(
        url=_url(table, at, reader),
        user=reader.text(table, "user", at),
        timeout=reader.seconds(table, "timeout", at),
        ca_file=path("ca-file"),
        certificate_file=path("certificate-file"),
        key_file=path("key-file"),
        logical_cluster=reader.text(table, "logical-cluster", at),
        references=reader.flag(table, "references", at),
    )


def _url(table: dict[str, Toml], at: Pointer, reader: TableReader) -> str | None:
    url = reader.text(table, "url", at)
    if url is None or "@" not in url:
        return url
    reader.diagnostics.report(
        Code.WRONG_VALUE,
        reader.positions.value((*at, "url")),
        '"url" holds credentials, and files with configuration are read by many',
        hint='write user = "..." and set AVROGEN_REGISTRY_PASSWORD',
    )
    return None

"""A registry behind TLS, with certificates that are trusted, or not."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from avrogen import RegistryError
from avrogen.kafka.registry.client import ConfluentRegistry
from tests.support.http_server import Server, as_json, serving

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="certificates are made with openssl"
)


@dataclass(frozen=True)
class Certificate:
    """A certificate that nobody else has signed, and its key."""

    certificate: Path
    key: Path


def certificate(folder: Path, name: str, address: str = "IP:127.0.0.1") -> Certificate:
    """Make a certificate of a server at an address."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    of_whom = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={address}", "-days", "2"]
    files = ["-out", str(made.certificate), "-keyout", str(made.key)]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *of_whom, *files], check=True, capture_output=True
    )
    return made


@contextmanager
def behind_tls(own: Certificate, clients: Certificate | None = None) -> Generator[Server]:
    """Serve subjects behind TLS.

    Args:
        own: certificate of the server.
        clients: certificate that clients must have; None: they need none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        # In TLS 1.3, the refusal crosses the request, and may be lost.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(clients.certificate)
    with serving(as_json(["orders-value"]), tls=context) as server:
        yield server


def subjects(url: str, **paths: Path) -> object:
    """What a client sees whose properties have these paths."""
    config = {name.replace("_", "."): str(path) for name, path in paths.items()}
    with closing(ConfluentRegistry({"url": url, "max.retries": 0, **config})) as registry:
        return registry.subjects()


def test_a_certificate_of_ones_own_authority(tmp_path: Path) -> None:
    own, other = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    with behind_tls(own) as server:
        assert subjects(server.url, ssl_ca_location=own.certificate) == ("orders-value",)
        without: dict[str, Path] = {}
        for properties in (without, {"ssl_ca_location": other.certificate}):
            with pytest.raises(RegistryError, match="TLS connection to the registry") as caught:
                subjects(server.url, **properties)
            assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value)
            assert "check the ssl properties" in str(caught.value)
            assert not caught.value.transient
        assert len(server.calls) == 1


def test_a_certificate_of_another_host(tmp_path: Path) -> None:
    own = certificate(tmp_path, "own", "DNS:registry.example")
    with behind_tls(own) as server:
        with pytest.raises(RegistryError, match=r"registry failed: .*127\.0\.0\.1") as caught:
            subjects(server.url, ssl_ca_location=own.certificate)
        assert not caught.value.transient
        assert not server.calls


def test_a_certificate_of_the_client(tmp_path: Path) -> None:
    own, mine, other = (certificate(tmp_path, name) for name in ("own", "mine", "other"))
    trusting: dict[str, Path] = {"ssl_ca_location": own.certificate}

    def with_certificate(of: Certificate) -> dict[str, Path]:
        named = {"ssl_certificate_location": of.certificate, "ssl_key_location": of.key}
        return {**trusting, **named}

    with behind_tls(own, clients=mine) as server:
        assert subjects(server.url, **with_certificate(mine)) == ("orders-value",)
        for properties in (trusting, with_certificate(other)):
            with pytest.raises(RegistryError, match="TLS connection to the registry") as caught:
                subjects(server.url, **properties)
            assert "check the ssl properties" in str(caught.value)
            assert not caught.value.transient
        assert len(server.calls) == 1


def test_a_url_without_the_s_of_https(tmp_path: Path) -> None:
    with behind_tls(certificate(tmp_path, "own")) as server:
        with pytest.raises(RegistryError, match="no response from the registry") as caught:
            subjects(server.url.replace("https:", "http:"))
        assert "check its URL" in str(caught.value)
        assert not server.calls

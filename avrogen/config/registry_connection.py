"""The connection to a schema registry: its URL, credentials and client configuration.

The command line takes precedence over the environment, and the environment over the configuration
file. Secrets come from the environment alone. They go to a registry that the command line or the
environment names, never to a URL of the file: a merge request may change the file. No message and
no ``repr`` shows them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from avrogen.config.config import RegistrySection
from avrogen.errors import AvrogenError
from avrogen.registry_url import InvalidRegistryUrl, RegistryUrl, parse_registry_urls

__all__ = [
    "KEY_PASSWORD",
    "PASSWORD",
    "TOKEN",
    "URL",
    "USER",
    "CommandError",
    "RegistryConnection",
    "registry_connection",
]

URL = "AVROGEN_REGISTRY_URL"
USER = "AVROGEN_REGISTRY_USER"
PASSWORD = "AVROGEN_REGISTRY_PASSWORD"
TOKEN = "AVROGEN_REGISTRY_TOKEN"
KEY_PASSWORD = "AVROGEN_REGISTRY_KEY_PASSWORD"


class CommandError(AvrogenError):
    """A mistake of the user that keeps a command from running, other than in schemas.

    Attributes:
        message: the mistake.
        hint: its fix.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}"


@dataclass(frozen=True, slots=True)
class RegistryConnection:
    """A schema registry and the configuration of its client.

    Attributes:
        url: URL without credentials: the one to show, and the identity of the registry.
        references: register each named type as a subject of its own.
        settings: configuration of confluent-kafka's client; contains secrets.
    """

    url: str
    references: bool
    settings: Mapping[str, object]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"


def registry_connection(
    option: str | None, environment: Mapping[str, str], config: RegistrySection | None
) -> RegistryConnection:
    """Return the connection that command line, environment and configuration file define.

    Args:
        option: ``--url`` of the command line.
        environment: environment variables.
        config: table ``[registry]`` of the configuration file.

    Raises:
        CommandError: no URL is configured, or the configuration is contradictory.
    """
    config = config or RegistrySection()
    trusted = option or environment.get(URL)
    given = trusted or config.url
    if not given:
        raise CommandError(
            "no schema registry configured",
            f'use --url, set {URL}, or write url = "..." under [registry] in avrogen.toml',
        )
    urls = _parsed(given)
    secrets = [name for name in (PASSWORD, TOKEN) if environment.get(name)]
    if secrets and not trusted:
        # Whoever can change the file, as in a merge request, would get them.
        raise CommandError(
            f"{secrets[0]} is not sent to the URL of the configuration file",
            f"set {URL} or use --url to name the registry that gets it",
        )
    address = ",".join(each.address for each in urls)
    credentials = _credentials(environment, config)
    for path in (config.ca_file, config.certificate_file, config.key_file):
        _require_no_device(path)
    settings: dict[str, object] = {
        # Credentials in the URL apply where there are no others.
        "url": address if credentials else given,
        "timeout": config.timeout,
        "ssl.ca.location": config.ca_file,
        "ssl.certificate.location": config.certificate_file,
        "ssl.key.location": config.key_file,
        "ssl.key.password": environment.get(KEY_PASSWORD),
        **credentials,
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    return RegistryConnection(address, config.references, settings)


def _parsed(urls: str) -> tuple[RegistryUrl, ...]:
    try:
        return parse_registry_urls(urls)
    except InvalidRegistryUrl as error:
        raise CommandError(error.message, error.hint) from None


def _credentials(environment: Mapping[str, str], config: RegistrySection) -> Mapping[str, str]:
    user, password = environment.get(USER) or config.user, environment.get(PASSWORD)
    token = environment.get(TOKEN)
    if token and password:
        raise CommandError(f"{TOKEN} and {PASSWORD} are both set", "unset one of the two")
    if token:
        return {
            "bearer.auth.credentials.source": "STATIC_TOKEN",
            "bearer.auth.token": token,
            # Confluent's client requires the cluster; other registries ignore it.
            "bearer.auth.logical.cluster": config.logical_cluster or "",
        }
    if password and not user:
        raise CommandError(
            f"{PASSWORD} is set but no user name",
            f'set {USER}, or write user = "..." under [registry] in avrogen.toml',
        )
    if user and not password:
        raise CommandError(f"user name {user} is set but no password", f"set {PASSWORD}")
    return {"basic.auth.user.info": f"{user}:{password}"} if user else {}


def _require_no_device(path: str | None) -> None:
    """Require that a path of a configuration file is not one whose reading might never end.

    Raises:
        CommandError: it is a pipe or a device.
    """
    if path and os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise CommandError(
            f"{path} is not a regular file", "name another file under [registry] in avrogen.toml"
        )

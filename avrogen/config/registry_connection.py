"""Where the registry is, and with which credentials it is asked.

The command line wins over the environment, and that over the configuration file. Secrets come from
the environment alone, and leave it only for the registry: nothing here shows them.

What keeps a command from doing its work, other than schemas and the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from avrogen.config.config import RegistrySection
from avrogen.errors import AvrogenError

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


@dataclass(frozen=True, slots=True)
class RegistryConnection:
    """How the registry is reached.

    Attributes:
        url: where it is, without credentials; to be shown, and to tell registries apart.
        references: whether types are registered under names of their own and referred to.
        settings: the configuration of confluent-kafka's client, which holds secrets.
    """

    url: str
    references: bool
    settings: Mapping[str, object]

    def __repr__(self) -> str:
        return f"Connection({self.url!r})"


def registry_connection(
    option: str | None, environment: Mapping[str, str], config: RegistrySection | None
) -> RegistryConnection:
    """How the registry is reached.

    Args:
        option: the URL that the command line gives.
        environment: the variables.
        config: what the configuration file says.

    Raises:
        Problem: nothing says where it is, or what is said does not go together.
    """
    config = config or RegistrySection()
    given = option or environment.get(URL) or config.url
    if not given:
        raise CommandError(
            "nothing says where the schema registry is",
            f'give --url, set {URL}, or write url = "..." under [registry] in avrogen.toml',
        )
    urls = [each.strip().rstrip("/") for each in given.split(",")]
    plain = list(map(_plain, urls))
    credentials = _credentials(environment, config)
    settings: dict[str, object] = {
        # Those in the URL count where there are no others.
        "url": ",".join(plain if credentials else urls),
        "timeout": config.timeout,
        "ssl.ca.location": config.ca_file,
        "ssl.certificate.location": config.certificate_file,
        "ssl.key.location": config.key_file,
        "ssl.key.password": environment.get(KEY_PASSWORD),
        **credentials,
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    return RegistryConnection(",".join(plain), config.references, settings)


def _credentials(environment: Mapping[str, str], config: RegistrySection) -> Mapping[str, str]:
    user, password = environment.get(USER) or config.user, environment.get(PASSWORD)
    token = environment.get(TOKEN)
    if token and password:
        raise CommandError(
            f"{TOKEN} and {PASSWORD} are both set", "unset the one that is not meant"
        )
    if token:
        return {
            "bearer.auth.credentials.source": "STATIC_TOKEN",
            "bearer.auth.token": token,
            # Confluent's client wants to name the cluster; other registries do not look.
            "bearer.auth.logical.cluster": config.logical_cluster or "",
        }
    if password and not user:
        raise CommandError(
            f"{PASSWORD} is set, and nothing says whose it is",
            f'set {USER}, or write user = "..." under [registry] in avrogen.toml',
        )
    if user and not password:
        raise CommandError(
            f"the registry is to be asked as {user}, without a password", f"set {PASSWORD}"
        )
    return {"basic.auth.user.info": f"{user}:{password}"} if user else {}


def _plain(url: str) -> str:
    """A URL without credentials.

    Raises:
        Problem: it is none. What might be a password is not shown even then.
    """
    scheme, separator, rest = url.rpartition("://")
    credentials, _, place = rest.rpartition("@")
    if scheme not in ("http", "https") or not place:
        shown = f"{scheme}{separator}{place}"
        raise CommandError(
            f"{shown!r} is no URL of a registry", "it begins with http:// or https://"
        )
    if set(credentials) & set("/?#"):
        raise CommandError(
            f"the credentials in the URL of {place} have characters in them that end it",
            f"set {USER} and {PASSWORD}, or write / as %2F, ? as %3F and # as %23",
        )
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.lower()}{slash}{path}"


class CommandError(AvrogenError):
    """Something that the user can mend.

    Attributes:
        message: what it is.
        hint: what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}"

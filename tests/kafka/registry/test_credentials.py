"""Credentials of a registry's URL: they reach the registry, and no log, error or repr."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from contextlib import closing
from typing import Any

import pytest

from avrogen import RegistryError
from avrogen.config.registry_connection import registry_connection
from avrogen.kafka.client_config import split
from avrogen.kafka.registry.client import ConfluentRegistry
from avrogen.registry_url import Credentials, parse_registry_url
from tests.support.http_server import Call, Reply, as_json, serving

SECRET = "s3cr3tpw"

WRONG = [
    *("http://user:{}/x@host:1", "http://user:{}#@host:1", "http://user:{}?@host:1"),
    *("http://user:{} @host:1", "http://user:{}\t@host", "http://user:{}\\@host", "user:{}@host"),
    *("http:/user:{}@host", "http:user:{}@host", "http//user:{}@host", "http:///user:{}@host"),
    *("htp://user:{}@host", "ftp://user:{}@host", "HTTP://user:{}@host", "://user:{}@host"),
    *(
        "http://user:{}",
        "https://user:{}@",
        "http://user:{}@host:port",
        "http://user:{}@host:99999",
    ),
    *("http://user:{}@/path", "http://user:{}@host?a=@", "http://user:1?{}@host"),
    *("http://host#{}", "http://user:{}@ho st", "http://user:{}%40host", "http://{}@[::1"),
    *("mock://user:{}@host", "http://user:{}@host#fragment", "http://user:{};@host,"),
    *("http://user:{}@@@", "http://user:{}\n@host", "http://us/er:{}@host", "//user:{}@host"),
]

WRONG_FOR_REGISTRIES = [
    *("http://user:{}@host?a=b", "http://host?password={}"),
    *("https://host,user:{}@host", "http://user:1,{}@host"),
]
"""Registries have no queries, and several URLs are separated by commas."""


def everything(error: BaseException) -> str:
    """Text in which an error may be shown, logged or stored."""
    stored = pickle.dumps(error).decode("latin-1")
    shown = "".join(traceback.format_exception(error))
    return "\n".join([str(error), repr(error), repr(vars(error)), repr(error.args), stored, shown])


@pytest.mark.parametrize(
    ("name", "url"),
    [
        *(("url", url) for url in [*WRONG, *WRONG_FOR_REGISTRIES]),
        *(("proxy", url) for url in WRONG),
        *(("bearer.auth.issuer.endpoint.url", url) for url in WRONG),
    ],
)
def test_a_url_that_is_wrong_is_refused_without_its_password(name: str, url: str) -> None:
    config: dict[str, Any] = {"url": "http://host", name: url.format(SECRET)}
    with pytest.raises(RegistryError) as caught:
        ConfluentRegistry(config)
    assert SECRET not in everything(caught.value)
    assert not caught.value.transient
    assert caught.value.hint


@pytest.mark.parametrize("url", [*WRONG, *WRONG_FOR_REGISTRIES])
def test_commands_refuse_it_as_well(url: str) -> None:
    with pytest.raises(Exception, match=r"registry|credentials|URL") as caught:
        registry_connection(url.format(SECRET), {}, None)
    assert SECRET not in everything(caught.value)


def test_nothing_is_logged_when_it_is_right(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(as_json([]), as_json([])) as first, serving(as_json([])) as second:
        url = first.url.replace("//", f"//user:{SECRET}@")
        with closing(ConfluentRegistry({"url": f"{url},{second.url}"})) as registry:
            registry.subjects()
            rest: Any = vars(registry)["_rest"]
            assert SECRET not in f"{vars(registry)} {vars(rest)['_urls']}"
        assert first.calls[0].headers["Authorization"] == "Basic dXNlcjpzM2NyM3Rwdw=="
    assert "HTTP Request: GET http://127.0.0.1" in caplog.text
    assert SECRET not in caplog.text
    assert "dXNlcjpzM2NyM3Rwdw" not in caplog.text


def test_each_node_gets_the_credentials_of_its_own_url() -> None:
    with serving(Reply(die=True)) as first, serving(as_json([])) as second:
        urls = [first.url.replace("//", "//a:b@"), second.url.replace("//", "//c:d@")]
        with closing(ConfluentRegistry({"url": ",".join(urls)})) as registry:
            registry.subjects()
        sent = [server.calls[0].headers["Authorization"] for server in (first, second)]
    assert sent == ["Basic YTpi", "Basic Yzpk"]


def test_credentials_are_not_configured_twice() -> None:
    with pytest.raises(RegistryError, match="configured twice") as caught:
        ConfluentRegistry({"url": f"http://a:{SECRET}@host", "basic.auth.user.info": f"a:{SECRET}"})
    assert SECRET not in everything(caught.value)


def test_a_registry_that_returns_the_credentials() -> None:
    """Its text is quoted in the error, without them."""

    def echo(call: Call) -> Reply:
        sent = f"{SECRET} {call.headers['Authorization']}"
        return as_json({"error_code": 500, "message": sent}, 400, Location=f"/{SECRET}")

    with serving(answer=echo) as server:
        url = server.url.replace("//", f"//user:{SECRET}@")
        with (
            closing(ConfluentRegistry({"url": url})) as registry,
            pytest.raises(RegistryError) as caught,
        ):
            registry.subjects()
    assert "[secret] Basic [secret]" in str(caught.value)
    assert SECRET not in everything(caught.value)


@pytest.mark.parametrize("token", [f"{SECRET}\n", f"{SECRET}é", f"{SECRET}\0x"])
def test_a_token_that_is_no_header(token: str) -> None:
    def provide(config: dict[str, Any]) -> dict[str, str]:
        return {"bearer.auth.token": token, "bearer.auth.logical.cluster": "lsrc-1"}

    config: dict[str, Any] = {
        "url": "http://127.0.0.1:9",
        "bearer.auth.credentials.source": "CUSTOM",
        "bearer.auth.custom.provider.function": provide,
        "bearer.auth.custom.provider.config": {},
    }
    with closing(ConfluentRegistry(config)) as registry, pytest.raises(RegistryError) as caught:
        registry.subjects()
    assert SECRET not in everything(caught.value)


def test_values_with_credentials_do_not_print_them() -> None:
    url = parse_registry_url(f"https://user:{SECRET}@host/path/")
    assert url.address == "https://host/path"
    assert url.credentials == Credentials("user", SECRET)
    config = {"bootstrap.servers": "a", "sasl.password": SECRET, "schema.registry.url": SECRET}
    connection = registry_connection(f"https://user:{SECRET}@host", {}, None)
    for value in (url, url.credentials, copy.copy(url), split(config), connection):
        assert SECRET not in f"{value!r} {value!s}"

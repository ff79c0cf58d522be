"""Where the registry is, and that no secret is ever shown."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path

import certifi
import pytest

from avrogen.testing.registry import EmbeddedRegistry, Request
from tests.conftest import run_avrogen, write_schemas
from tests.registry_sync.conftest import FILES, TOPICS

SECRET = "s3cr/et@x"


def authorization(registry: EmbeddedRegistry) -> set[str | None]:
    return {request.headers.get("authorization") for request in registry.requests}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def configured(schemas: Path, *lines: str) -> None:
    write_schemas(schemas, {"avrogen.toml": "\n".join(["[registry]", *lines, TOPICS])})


@pytest.fixture
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("URL", "USER", "PASSWORD", "TOKEN", "KEY_PASSWORD"):
        monkeypatch.delenv(f"AVROGEN_REGISTRY_{name}", raising=False)
    return write_schemas(tmp_path / "schemas", FILES)


def test_the_command_line_wins_then_the_environment(
    registry: EmbeddedRegistry, schemas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedRegistry() as second, EmbeddedRegistry() as third:
        configured(schemas, f'url = "{third.url}"')
        assert run_avrogen("registry", "status", schemas).exit_code == 0
        asked = len(third.requests)
        monkeypatch.setenv("AVROGEN_REGISTRY_URL", second.url)
        assert run_avrogen("registry", "status", schemas).exit_code == 0
        assert len(third.requests) == asked
        assert second.requests
        asked = len(second.requests)
        assert run_avrogen("registry", "status", schemas, "--url", registry.url).exit_code == 0
        assert len(second.requests) == asked
        assert registry.requests


def test_credentials_of_the_environment(
    registry: EmbeddedRegistry, schemas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(schemas, 'user = "me"')
    monkeypatch.setenv("AVROGEN_REGISTRY_URL", registry.url)
    monkeypatch.setenv("AVROGEN_REGISTRY_PASSWORD", SECRET)
    assert run_avrogen("registry", "status", schemas).exit_code == 0
    assert authorization(registry) == {basic("me", SECRET)}
    monkeypatch.setenv("AVROGEN_REGISTRY_USER", "you")
    run_avrogen("registry", "status", schemas)
    assert authorization(registry) == {basic("me", SECRET), basic("you", SECRET)}


def test_a_token(
    registry: EmbeddedRegistry, schemas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(schemas, 'logical-cluster = "lsrc-1"')
    monkeypatch.setenv("AVROGEN_REGISTRY_URL", registry.url)
    monkeypatch.setenv("AVROGEN_REGISTRY_TOKEN", SECRET)
    assert run_avrogen("registry", "status", schemas).exit_code == 0
    assert authorization(registry) == {f"Bearer {SECRET}"}
    assert {r.headers.get("target-sr-cluster") for r in registry.requests} == {"lsrc-1"}


@pytest.mark.parametrize("variables", [("USER", "PASSWORD"), ("PASSWORD",), ("TOKEN",)])
@pytest.mark.parametrize("command", ["status", "register", "pull"])
def test_credentials_of_the_environment_do_not_go_to_a_url_of_the_file(
    registry: EmbeddedRegistry,
    schemas: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: tuple[str, ...],
    command: str,
) -> None:
    configured(schemas, f'url = "{registry.url}"', 'user = "me"')
    for name in variables:
        monkeypatch.setenv(f"AVROGEN_REGISTRY_{name}", SECRET)
    arguments = ["*", "-o", schemas] if command == "pull" else [schemas]
    result = run_avrogen("registry", command, *arguments)
    assert result.exit_code == 2
    assert f"AVROGEN_REGISTRY_{variables[-1]} is not sent to the URL" in result.stderr
    assert "set AVROGEN_REGISTRY_URL or use --url" in result.stderr
    assert SECRET not in result.output
    assert registry.requests == ()
    run_avrogen("registry", command, *arguments, "--url", registry.url)
    assert registry.requests


@pytest.mark.parametrize("url", ["http:/me:{}@host", "me:{}@host", "https//me:{}@host"])
def test_a_misspelled_baseline_shows_no_password(schemas: Path, url: str) -> None:
    result = run_avrogen("check", schemas, "--against", url.format(SECRET))
    assert result.exit_code == 2
    assert SECRET not in result.output


def test_credentials_in_the_url(registry: EmbeddedRegistry, schemas: Path) -> None:
    url = registry.url.replace("://", "://me:s3cr%2Fet%40x@")
    result = run_avrogen("registry", "status", schemas, "--url", url, "--format", "json")
    assert result.exit_code == 0
    assert authorization(registry) == {basic("me", SECRET)}
    assert f'"registry": "{registry.url}"' in result.stdout


def test_those_of_the_environment_win_over_the_url(
    registry: EmbeddedRegistry, schemas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVROGEN_REGISTRY_USER", "you")
    monkeypatch.setenv("AVROGEN_REGISTRY_PASSWORD", SECRET)
    url = registry.url.replace("://", "://me:other@")
    assert run_avrogen("registry", "status", schemas, "--url", url).exit_code == 0
    assert authorization(registry) == {basic("you", SECRET)}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PASSWORD": SECRET}, "AVROGEN_REGISTRY_PASSWORD is set but no user name"),
        ({"USER": "me"}, "user name me is set but no password"),
        ({"USER": "me", "PASSWORD": SECRET, "TOKEN": SECRET}, "are both set"),
        ({"URL": f"me:{SECRET}@registry"}, "invalid registry URL 'registry'"),
        ({"URL": f"http://me:{SECRET}@registry"}, "contain reserved characters"),
        ({"URL": "registry:8081"}, "invalid registry URL 'registry:8081'"),
        ({"URL": "ftp://registry"}, "invalid registry URL 'ftp://registry'"),
    ],
)
def test_what_does_not_go_together(
    registry: EmbeddedRegistry,
    schemas: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    message: str,
) -> None:
    for name, value in {"URL": registry.url, **variables}.items():
        monkeypatch.setenv(f"AVROGEN_REGISTRY_{name}", value)
    result = run_avrogen("registry", "status", schemas)
    assert result.exit_code == 2
    assert message in result.stderr
    assert SECRET not in result.output
    assert registry.requests == ()


def test_a_password_in_the_configuration_is_refused(schemas: Path) -> None:
    configured(schemas, f'url = "http://me:{SECRET}@localhost:8081"')
    result = run_avrogen("registry", "status", schemas)
    assert result.exit_code == 1
    assert "avrogen.toml:2:7: error[AVR603]" in result.stderr
    assert "AVROGEN_REGISTRY_PASSWORD" in result.stderr
    assert SECRET not in result.output


def test_unknown_settings_are_errors(schemas: Path) -> None:
    configured(schemas, 'ulr = "http://localhost"', "timeout = -1", "references = 1")
    result = run_avrogen("registry", "status", schemas)
    assert result.exit_code == 1
    assert 'unknown key "ulr"' in result.stderr
    assert 'did you mean "url"?' in result.stderr
    assert '"timeout" must be a number of seconds' in result.stderr
    assert '"references" must be true or false' in result.stderr


@pytest.mark.parametrize("status", [401, 403, 404, 301, 418])
@pytest.mark.parametrize("command", ["status", "register", "pull"])
def test_errors_of_the_registry_show_no_secrets(
    registry: EmbeddedRegistry,
    schemas: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    command: str,
) -> None:
    monkeypatch.setenv("AVROGEN_REGISTRY_USER", "me")
    monkeypatch.setenv("AVROGEN_REGISTRY_PASSWORD", SECRET)
    monkeypatch.setenv("AVROGEN_REGISTRY_URL", registry.url.replace("://", "://me:hidden@"))
    registry.fail(status, "<html>", headers={"Location": "http://a:b@c/"}, times=None)
    arguments = ["*", "-o", schemas] if command == "pull" else [schemas]
    result = run_avrogen("registry", command, *arguments)
    assert result.exit_code == 2
    assert f"HTTP {status}" in result.output
    assert registry.url in result.output
    assert not any(secret in result.output for secret in (SECRET, "hidden", "a:b"))


def test_nobody_is_there(registry: EmbeddedRegistry, schemas: Path) -> None:
    registry.stop()
    result = run_avrogen("registry", "status", schemas, "--url", registry.url)
    assert result.exit_code == 2
    assert "no response from the registry" in result.stderr
    assert "check its URL" in result.stderr


def test_nobody_answers(registry: EmbeddedRegistry, schemas: Path) -> None:
    configured(schemas, f'url = "{registry.url}"', "timeout = 0.05")
    registry.hang()
    result = run_avrogen("registry", "status", schemas)
    assert result.exit_code == 2
    assert "no response from the registry" in result.stderr


def test_a_wrong_path(registry: EmbeddedRegistry, schemas: Path) -> None:
    def is_elsewhere(request: Request) -> bool:
        return request.path[0] == "elsewhere"

    registry.fail(404, "not found", times=None, where=is_elsewhere)
    result = run_avrogen("registry", "status", schemas, "--url", f"{registry.url}/elsewhere")
    assert result.exit_code == 2
    assert "no schema registry at this URL" in result.stderr


def test_nothing_says_where_it_is(schemas: Path) -> None:
    result = run_avrogen("registry", "status", schemas)
    assert result.exit_code == 2
    assert "use --url, set AVROGEN_REGISTRY_URL" in result.stderr


def test_files_for_tls_are_beside_the_configuration(
    registry: EmbeddedRegistry, schemas: Path
) -> None:
    configured(schemas, f'url = "{registry.url}"', 'ca-file = "ca.pem"')
    missing = run_avrogen("registry", "status", schemas)
    assert missing.exit_code == 2
    assert "invalid configuration of the registry" in missing.stderr
    shutil.copy(certifi.where(), schemas / "ca.pem")
    assert run_avrogen("registry", "status", schemas).exit_code == 0


def test_configuration_in_pyproject(registry: EmbeddedRegistry, schemas: Path) -> None:
    (schemas / "avrogen.toml").unlink()
    topic = '[tool.avrogen.topics.t]\nvalue = "acme.Key"\n'
    table = f'[tool.avrogen.registry]\nurl = "{registry.url}"\n'
    write_schemas(schemas.parent, {"pyproject.toml": table + topic})
    result = run_avrogen("registry", "status", schemas)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "1 subject: 1 new"


@pytest.mark.parametrize("key", ["ca-file", "certificate-file", "key-file"])
def test_files_of_a_configuration_are_no_devices(key: str, tmp_path: Path) -> None:
    text = f'[registry]\nurl = "https://127.0.0.1:1"\n{key} = "pipe"\n'
    schemas = write_schemas(tmp_path / "in", {"i.avsc": '"int"', "avrogen.toml": text})
    os.mkfifo(schemas / "pipe")
    result = run_avrogen("registry", "status", schemas)
    assert result.exit_code == 2
    assert f"{schemas / 'pipe'} is not a regular file" in result.stderr

"""The environment as settings: each variable by its name, empty ones not at all."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from netraven.errors import SettingsInvalid
from netraven.settings import Settings, load_settings

GIVEN = {
    "NETRAVEN_HOME": "/srv/netraven",
    "NETRAVEN_DATABASE_URL": "postgresql://ana@db/netraven",
    "NETRAVEN_KEYRING": "v1 active AAAA",
    "NETRAVEN_LOG_FORMAT": "json",
    "NETRAVEN_LOG_LEVEL": "info",
    "NETRAVEN_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1,2001:db8::/32",
    "NETRAVEN_TLS_CERTIFICATE": "/etc/netraven/tls.pem",
    "NETRAVEN_TLS_KEY": "/etc/netraven/tls.key",
    "NETRAVEN_REQUEST_TIMEOUT_S": "12.5",
    "NETRAVEN_MAX_BODY_MIB": "8",
    "NETRAVEN_REQUESTS_PER_MINUTE": "600",
    "NETRAVEN_SERVER": "https://netraven.example.com",
    "NETRAVEN_TOKEN": "nrv_secret",
    "NETRAVEN_SERVER_CA": "/etc/netraven/ca.pem",
    "NETRAVEN_SERVER_PLAIN_HTTP": "true",
}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what was set where the tests run."""
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)


def set_variables(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_every_variable_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, GIVEN)

    settings = load_settings()

    assert {f"NETRAVEN_{name.upper()}" for name in Settings.model_fields} == GIVEN.keys()
    assert settings == load_settings(GIVEN) != load_settings({})
    assert settings.home == Path("/srv/netraven")
    assert settings.url == "postgresql://ana@db/netraven"
    assert settings.request_timeout_s == 12.5
    assert settings.server_plain_http
    proxies = ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"]
    assert settings.trusted_proxies == tuple(map(ip_network, proxies))


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, dict.fromkeys(GIVEN, ""))

    assert load_settings() == load_settings({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NETRAVEN_TRUSTED_PROXIES", "proxy.example.com"),
        ("NETRAVEN_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("NETRAVEN_MAX_BODY_MIB", "257"),
        ("NETRAVEN_LOG_LEVEL", "loud"),
        ("NETRAVEN_PORT", "80"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsInvalid, match=f"^{name}"):
        load_settings()


def test_secrets_are_in_no_repr() -> None:
    shown = repr(load_settings(GIVEN))

    assert "nrv_secret" not in shown
    assert "AAAA" not in shown
    assert "ana@db" not in shown

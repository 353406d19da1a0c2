"""The settings of single sign-on: what they take, and how they are read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from netraven import clock
from netraven.admin.builtin_settings import check_value
from netraven.admin.declared_settings import BY_KEY
from netraven.admin.settings import (
    get_admin_settings_by_category,
    get_setting_value,
    initialize_default_settings,
    initialize_sso_settings,
)
from netraven.admin.sso_settings import SSO_SETTINGS
from netraven.admin.sso_setups import (
    get_ldap_setup,
    get_oidc_setup,
    is_ldap_enabled,
    is_oidc_enabled,
)
from netraven.db.enums import Role
from netraven.db.types import JsonValue
from netraven.errors import Conflict, Invalid
from netraven.schemas.sso import CALLBACK_PATH, plain_dn, why_unsafe
from tests.admin.conftest import Office

HERE = f"https://netraven.example.com{CALLBACK_PATH}"


@pytest.fixture
def sso_office(bare_office: Office) -> Office:
    """Return a database with the settings of single sign-on."""
    bare_office.database.run(initialize_sso_settings)
    return bare_office


def test_all_of_it_is_off_in_the_beginning(bare_office: Office) -> None:
    made = bare_office.database.run(initialize_sso_settings)

    assert [row.key for row in made] == [one.key for one in SSO_SETTINGS]
    assert bare_office.database.run(initialize_sso_settings) == []
    assert not bare_office.database.run(is_oidc_enabled)
    assert not bare_office.database.run(is_ldap_enabled)


def test_they_stand_in_a_category_of_their_own(sso_office: Office) -> None:
    sso_office.database.run(initialize_default_settings)

    by_category = sso_office.database.run(get_admin_settings_by_category)

    assert list(by_category) == ["security", "system", "notification", "sso"]
    assert [row.key for row in by_category["sso"]] == [one.key for one in SSO_SETTINGS]


def test_every_default_is_one_that_may_be_set(sso_office: Office) -> None:
    for one in SSO_SETTINGS:
        one.check(one.default)
        assert sso_office.effective(one.key) == one.default


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("oidc.issuer", "http://id.example.com"),
        ("oidc.issuer", "id.example.com"),
        ("oidc.issuer", "https://user:secret@id.example.com"),
        ("oidc.issuer", "https://id.example.com/#x"),
        ("oidc.issuer", "https://id.example.com:99999"),
        ("oidc.issuer", "https://id example.com"),
        ("oidc.redirect_uri", "https://netraven.example.com/elsewhere"),
        ("oidc.redirect_uri", f"http://netraven.example.com{CALLBACK_PATH}"),
        ("oidc.scopes", "profile email"),
        ("oidc.scopes", "openid  email"),
        ("oidc.scopes", ""),
        ("oidc.roles", {"netops": "root"}),
        ("oidc.roles", {"netops": None}),
        ("oidc.roles", {" ": "viewer"}),
        ("oidc.roles", ["netops"]),
        ("oidc.ca_certificates", "nonsense"),
        ("oidc.enabled", "yes"),
        ("oidc.client_id", "x" * 256),
        ("ldap.urls", "ldap.example.com"),
        ("ldap.urls", "https://ldap.example.com"),
        ("ldap.urls", "ldaps://ldap.example.com:99999"),
        ("ldap.urls", "ldaps://a ldaps://b,ldaps://c"),
        ("ldap.user_filter", "objectClass=person"),
        ("ldap.user_filter", ""),
        ("ldap.username_attribute", "uid=*"),
        ("ldap.member_attribute", "member)("),
    ],
)
def test_what_cannot_work_is_refused(key: str, value: JsonValue) -> None:
    setting = BY_KEY[f"sso.{key}"]

    def check() -> None:
        check_value(value, setting.value_type)
        setting.check(value)

    with pytest.raises(Invalid) as caught:
        check()

    assert caught.value.field == "value"


def test_a_refused_value_leaves_the_stored_one(sso_office: Office) -> None:
    with pytest.raises(Invalid, match="must begin with https"):
        sso_office.set("sso.oidc.issuer", "http://id.example.com")

    assert sso_office.effective("sso.oidc.issuer") == ""


def test_an_oidc_setup_is_read_as_it_was_set(sso_office: Office) -> None:
    wanted: dict[str, JsonValue] = {
        "issuer": "https://id.example.com/realms/main",
        "client_id": "netraven",
        "client_secret": "Canary-secret ",
        "redirect_uri": HERE,
        "roles": {"netops": "operator", "boss": "admin"},
        "acr_values": "mfa phr",
        "ca_certificates": certificate(),
    }
    for key, value in wanted.items():
        sso_office.set(f"sso.oidc.{key}", value)

    setup = sso_office.database.run(get_oidc_setup)

    assert setup.issuer == wanted["issuer"]
    assert setup.client_secret is not None
    assert setup.client_secret.get_secret_value() == "Canary-secret "
    assert setup.roles == {"netops": Role.OPERATOR, "boss": Role.ADMIN}
    assert setup.acr_values == ("mfa", "phr")
    assert "Canary" not in repr(setup)
    assert sso_office.read("sso.oidc.client_secret").value == "********"
    assert not any("Canary" in repr(vars(event)) for event in sso_office.events())


def test_an_ldap_setup_is_read_as_it_was_set(sso_office: Office) -> None:
    sso_office.set("sso.ldap.urls", "ldaps://one.example.com  ldap://[::1]:1389")
    sso_office.set("sso.ldap.user_base", "dc=example")
    sso_office.set("sso.ldap.bind_password", "Canary-secret")

    setup = sso_office.database.run(get_ldap_setup)

    assert setup.urls == ("ldaps://one.example.com", "ldap://[::1]:1389")
    assert not setup.allows_cleartext
    assert setup.username_attribute == "uid"
    assert "Canary" not in repr(setup)


def test_a_setting_that_is_missing_is_named(sso_office: Office) -> None:
    with pytest.raises(Conflict, match=r"sso\.oidc\.issuer is empty"):
        sso_office.database.run(get_oidc_setup)
    with pytest.raises(Conflict, match=r"sso\.ldap\.urls is empty"):
        sso_office.database.run(get_ldap_setup)


def test_defaults_hold_before_they_are_stored(bare_office: Office) -> None:
    assert bare_office.database.run(get_setting_value, "sso.oidc.enabled") is False


@pytest.mark.parametrize(
    "address", [HERE, "http://127.0.0.1:8480/x", "http://localhost", "http://[::1]/"]
)
def test_secrets_may_go_by_https_and_to_this_machine(address: str) -> None:
    assert why_unsafe(address) is None


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("CN=Net Ops, OU = Groups ,DC=example", "cn=net ops,ou=groups,dc=example"),
        ("cn=a\\,b,dc=x", "cn=a\\,b,dc=x"),
        ("", ""),
    ],
)
def test_names_of_entries_are_compared_in_one_form(name: str, plain: str) -> None:
    assert plain_dn(name) == plain
    assert plain_dn(plain) == plain


def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(clock.now())
        .not_valid_after(clock.now() + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()

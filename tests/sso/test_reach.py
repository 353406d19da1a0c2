"""Provider and directory lead the server to no service that trusts whoever reaches it."""

from __future__ import annotations

import pytest

from netraven.errors import SignOnUnavailable
from netraven.sso.ldap import check_directory
from netraven.sso.oidc import discover, prove
from netraven.sso.reach import resolved, why_guarded
from tests.sso.directory import Directory
from tests.sso.provider import RunningProvider
from tests.sso.test_oidc import FLOW

METADATA = "169.254.169.254"


@pytest.mark.parametrize(
    "address",
    [
        METADATA,
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
    ],
)
def test_link_local_and_metadata_addresses_are_guarded(address: str) -> None:
    assert why_guarded("id.example.com", ["192.0.2.1", address]) is not None


@pytest.mark.parametrize("name", ["metadata.google.internal", "Metadata.Google.Internal."])
def test_names_of_metadata_are_guarded_wherever_they_lead(name: str) -> None:
    assert why_guarded(name, []) is not None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.0.2.1", "fd00::1"])
def test_ones_own_network_is_called(address: str) -> None:
    assert why_guarded("ldap.example.com", [address]) is None


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376"])
def test_another_spelling_of_an_address_leads_to_no_other(host: str) -> None:
    assert why_guarded(host, resolved(host, 443)) is not None


async def test_a_provider_there_is_not_asked(provider: RunningProvider) -> None:
    for host in (METADATA, "2852039166", "metadata.google.internal"):
        with pytest.raises(SignOnUnavailable, match=r"metadata; sso\.allow_link_local on would"):
            await discover(provider.setup(issuer=f"https://{host}"))


async def test_a_provider_does_not_send_the_server_there(provider: RunningProvider) -> None:
    provider.described = {"token_endpoint": f"https://{METADATA}/latest"}
    setup = provider.setup()
    described = await discover(setup)

    with pytest.raises(SignOnUnavailable, match="is link-local"):
        await prove(described, setup, "code", FLOW)


def test_a_directory_there_is_not_asked(directory: Directory) -> None:
    for url in (f"ldap://{METADATA}", "ldaps://[fe80::1]:6360"):
        with pytest.raises(SignOnUnavailable, match=r"is not called: .* is link-local"):
            check_directory(directory.setup(urls=(url,)))


async def test_an_administrator_may_allow_it(
    provider: RunningProvider, directory: Directory
) -> None:
    allowed = {"allows_link_local": True}

    with pytest.raises(SignOnUnavailable) as asked:
        await discover(provider.setup(issuer="https://[fe80::1]:1", **allowed))
    with pytest.raises(SignOnUnavailable, match="cannot be connected to"):
        check_directory(directory.setup(urls=("ldaps://[fe80::1]:1",), **allowed))

    assert "link-local" not in str(asked.value)

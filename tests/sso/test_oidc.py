"""Asking a real provider: what it says of itself, and what it proves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from netraven import clock
from netraven.db.enums import Role
from netraven.errors import NotAuthenticated, SignOnUnavailable
from netraven.schemas.sso import Person
from netraven.sso.authorities import trusting
from netraven.sso.oidc import Flow, Providers, address_to_log_in, discover, prove
from tests.sso.provider import CLIENT_ID, REDIRECT_URI, Lie, RunningProvider

FLOW = Flow(state="s" * 64, nonce="n" * 64, verifier="v" * 64)


@dataclass
class Journey:
    """A person's way through the provider, up to the code that it sends back."""

    provider: RunningProvider

    async def code(self, **changed: object) -> str:
        setup = self.provider.setup(**changed)
        address = address_to_log_in(await discover(setup), setup, FLOW)
        context = trusting(self.provider.authority.pem)
        async with httpx.AsyncClient(verify=context) as browser:
            reply = await browser.get(address)
        answer = parse_qs(urlsplit(reply.headers["location"]).query)
        assert answer["state"] == [FLOW.state]
        return answer["code"][0]

    async def person(self, flow: Flow = FLOW, **changed: object) -> Person:
        setup = self.provider.setup(**changed)
        return await prove(await discover(setup), setup, await self.code(**changed), flow)


@pytest.fixture
def journey(provider: RunningProvider) -> Journey:
    return Journey(provider)


async def test_a_code_proves_a_person_with_their_groups(journey: Journey) -> None:
    person = await journey.person()

    assert person.issuer == journey.provider.issuer
    assert (person.username, person.email) == ("ana", "ana@example.com")
    assert person.full_name == "Ana Gómez"
    assert person.groups == ("netops", "cooks")
    assert person.role is Role.OPERATOR


async def test_the_address_asks_for_a_code_with_pkce_state_and_nonce(journey: Journey) -> None:
    setup = journey.provider.setup(acr_values=("mfa", "phr"))

    address = address_to_log_in(await discover(setup), setup, FLOW)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid profile email",
        "state": FLOW.state,
        "nonce": FLOW.nonce,
        # RFC 7636: BASE64URL(SHA256(verifier))
        "code_challenge": "w1TpKUdYE9hUAcNSeeSRFioHDxfUxuHho_JHAfZ_vDM",
        "code_challenge_method": "S256",
        "acr_values": "mfa phr",
    }
    assert FLOW.verifier not in address


async def test_groups_may_stand_deep_in_a_claim(journey: Journey) -> None:
    person = await journey.person(groups_claim="realm_access.roles")

    assert person.role is Role.ADMIN


async def test_what_the_token_lacks_is_asked_for_besides(journey: Journey) -> None:
    journey.provider.hides_claims = True

    person = await journey.person()

    assert (person.username, person.role) == ("ana", Role.OPERATOR)
    assert "/userinfo" in journey.provider.asked


async def test_a_doubtful_address_is_not_taken(journey: Journey) -> None:
    journey.provider.people["ana"]["email_verified"] = False

    assert (await journey.person()).email is None


async def test_who_is_in_no_named_group_has_no_role(journey: Journey) -> None:
    journey.provider.who = "otto"

    assert (await journey.person()).role is None


async def test_the_secret_goes_where_the_provider_takes_it(journey: Journey) -> None:
    journey.provider.expect_secret_in_body()

    assert (await journey.person()).username == "ana"


@pytest.mark.parametrize(
    ("path", "told"), [("moved", "it answered 302"), ("long", "its answer is too long")]
)
async def test_a_redirect_is_not_followed_and_an_endless_answer_not_read(
    journey: Journey, path: str, told: str
) -> None:
    journey.provider.described = {"jwks_uri": f"{journey.provider.issuer}/{path}"}

    with pytest.raises(SignOnUnavailable, match=told):
        await journey.person()


async def test_another_verifier_gets_nothing_for_the_code(journey: Journey) -> None:
    other = Flow(state=FLOW.state, nonce=FLOW.nonce, verifier="w" * 64)

    with pytest.raises(SignOnUnavailable, match="invalid_request"):
        await journey.person(other)


async def test_a_code_works_once(journey: Journey) -> None:
    setup = journey.provider.setup()
    provider, code = await discover(setup), await journey.code()
    await prove(provider, setup, code, FLOW)

    with pytest.raises(NotAuthenticated, match="does not stand by this login"):
        await prove(provider, setup, code, FLOW)


async def test_a_wrong_secret_is_named_and_not_shown(journey: Journey) -> None:
    with pytest.raises(SignOnUnavailable, match=r"invalid_client|invalid_request") as caught:
        await journey.person(client_secret=SecretStr("wrong-secret"))

    assert "wrong-secret" not in str(caught.value)


def says(**claims: object) -> Lie:
    def lie(told: dict[str, Any]) -> None:
        told.update(claims)

    return lie


def lacks(*names: str) -> Lie:
    def lie(told: dict[str, Any]) -> None:
        for name in names:
            del told[name]

    return lie


def signed_by_another(told: dict[str, Any]) -> str:
    key = RSAKey.generate_key(2048, {"kid": "one"})
    return jwt.encode({"alg": "RS256", "kid": "one"}, told, key)


def shared_secret_signed(told: dict[str, Any]) -> str:
    """Return the token signed with what everybody knows, a public key, as a shared secret."""
    body = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{_part(told)}"
    return f"{body}.{_text(hmac.new(b'public key', body.encode(), hashlib.sha256).digest())}"


def unsigned(told: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none'})}.{_part(told)}."


def _part(told: dict[str, Any]) -> str:
    return _text(json.dumps(told).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    "lie",
    [
        says(nonce="another"),
        says(nonce=["n" * 64]),
        lacks("nonce"),
        says(aud="another"),
        says(aud=[]),
        says(aud=[CLIENT_ID, "another"]),
        says(azp="another"),
        says(iss="https://evil.example.com"),
        says(exp=clock.now().timestamp() - 3600),
        says(exp="tomorrow"),
        lacks("exp"),
        lacks("iat"),
        says(iat=clock.now().timestamp() + 3600),
        lacks("sub"),
        says(sub=""),
        says(sub="x" * 256),
        says(at_hash="another"),
        signed_by_another,
        shared_secret_signed,
        unsigned,
        lambda _: "no token",
        lambda _: "",
        lambda _: "e30.e30.",
    ],
)
async def test_a_token_that_does_not_say_what_it_must_is_not_believed(
    journey: Journey, lie: Lie
) -> None:
    journey.provider.lie = lie

    with pytest.raises(NotAuthenticated, match="is not believed"):
        await journey.person()


async def test_a_token_for_several_clients_names_this_one(journey: Journey) -> None:
    journey.provider.lie = says(aud=[CLIENT_ID, "another"], azp=CLIENT_ID)

    assert (await journey.person()).username == "ana"


async def test_a_way_of_proof_that_is_asked_for_must_have_been_used(journey: Journey) -> None:
    with pytest.raises(NotAuthenticated, match="acr"):
        await journey.person(acr_values=("mfa",))

    journey.provider.lie = says(acr="mfa")
    assert (await journey.person(acr_values=("phr", "mfa"))).username == "ana"


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ({"issuer": "https://evil.example.com"}, "calls itself by another address"),
        ({"token_endpoint": None}, "names no token_endpoint"),
        ({"token_endpoint": "http://evil.example.com/t"}, "token_endpoint must begin with https"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri is no web address"),
        ({"authorization_endpoint": ["x"]}, "names no authorization_endpoint"),
        ({"userinfo_endpoint": "ftp://example.com/"}, "userinfo_endpoint must begin with https"),
    ],
)
async def test_a_description_that_cannot_be_used_is_refused(
    provider: RunningProvider, described: dict[str, Any], told: str
) -> None:
    provider.described = described

    with pytest.raises(SignOnUnavailable, match=told):
        await discover(provider.setup())


async def test_a_certificate_of_somebody_else_is_not_believed(provider: RunningProvider) -> None:
    with pytest.raises(SignOnUnavailable, match=r"(?i)certificate verify failed"):
        await discover(provider.setup(ca_certificates=""))


async def test_who_is_no_provider_or_is_away_is_named(provider: RunningProvider) -> None:
    with pytest.raises(SignOnUnavailable, match="it answered 404"):
        await discover(provider.setup(issuer=f"{provider.issuer}/elsewhere"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"https://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(SignOnUnavailable, match=away):
            await discover(provider.setup(issuer=away))


async def test_a_provider_that_failed_is_left_alone_for_some_seconds(
    provider: RunningProvider,
) -> None:
    providers, wrong = Providers(), provider.setup(issuer=f"{provider.issuer}/elsewhere")

    for _ in range(2):
        with pytest.raises(SignOnUnavailable, match="it answered 404"):
            await providers.get(wrong)

    assert len(provider.asked) == 1
    assert (await providers.get(provider.setup())).issuer == provider.issuer


async def test_a_provider_is_asked_once_for_some_minutes(provider: RunningProvider) -> None:
    providers = Providers()

    first = await providers.get(provider.setup())
    again = await providers.get(provider.setup(roles={}))

    assert first is again
    assert provider.asked == ["/.well-known/openid-configuration"]

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netraven.archive.redact import NOTHING_SHOWN, redact, token
from netraven.errors import KeyUnavailable
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS, get_platform
from netraven.platforms.secrets import FreeText, HiddenValue, hidden

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
MARKED = re.compile("«(.*?)»")
TOKEN = re.compile("‹secret:[0-9a-f]{12}›")

# Configurations with each secret between « and »; lines without these marks hold none.
SAMPLES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (Path(__file__).parent / "secret_lines").glob("*.txt")
}


def platform(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found


def without_marks(marked: str) -> str:
    return marked.replace("«", "").replace("»", "")


def with_tokens(marked: str) -> str:
    return MARKED.sub(lambda match: token(match[1], KEY), marked)


class TestSecretsOfEveryPlatform:
    def test_there_are_samples_of_all_platforms(self) -> None:
        assert set(SAMPLES) == {platform.name for platform in PLATFORMS}

    @pytest.mark.parametrize("name", sorted(SAMPLES))
    def test_each_secret_is_a_token_and_all_else_is_as_it_was(self, name: str) -> None:
        marked = SAMPLES[name]

        view = redact(without_marks(marked), platform(name), KEY)

        assert view.split("\n") == with_tokens(marked).split("\n")

    @pytest.mark.parametrize("name", sorted(SAMPLES))
    def test_they_are_found_behind_carriage_returns_too(self, name: str) -> None:
        marked = SAMPLES[name].replace("\n", "\r\n")

        view = redact(without_marks(marked), platform(name), KEY)

        assert view.split("\r\n") == with_tokens(marked).split("\r\n")

    @pytest.mark.parametrize("name", sorted(SAMPLES))
    def test_they_are_found_in_upper_case_too(self, name: str) -> None:
        kept_and_secret = re.split("(«.*?»)", SAMPLES[name])
        marked = "".join(text if text.startswith("«") else text.upper() for text in kept_and_secret)

        view = redact(without_marks(marked), platform(name), KEY)

        assert view.split("\n") == with_tokens(marked).split("\n")


class TestTokens:
    def test_the_same_secret_is_the_same_token_wherever_it_stands(self) -> None:
        ios = redact("snmp-server community tr0ub4dor RO\n", platform("cisco_ios"), KEY)
        junos = redact('set snmp community "tr0ub4dor"\n', platform("juniper_junos"), KEY)

        assert TOKEN.findall(ios) == TOKEN.findall(junos) == [token("tr0ub4dor", KEY)]

    def test_it_is_another_token_in_another_installation(self) -> None:
        assert token("tr0ub4dor", KEY) != token("tr0ub4dor", OTHER_KEY)

    def test_it_is_48_bits_in_brackets(self) -> None:
        assert TOKEN.fullmatch(token("", KEY))

    def test_without_a_key_there_is_no_view(self) -> None:
        with pytest.raises(KeyUnavailable):
            redact("hostname r1\n", platform("cisco_ios"), b"")

    def test_text_of_the_device_cannot_pass_for_a_token(self) -> None:
        real = token("tr0ub4dor", KEY)
        forged = f" description {real}\nbanner motd ^C\n{real}\n^C\nsnmp-server community x{real}\n"

        view = redact(forged, platform("cisco_ios"), KEY)

        assert real not in view
        assert len(TOKEN.findall(view)) == 3

    def test_a_view_of_a_view_hides_the_same_places(self) -> None:
        text = without_marks(SAMPLES["cisco_ios"])

        once = redact(text, platform("cisco_ios"), KEY)
        twice = redact(once, platform("cisco_ios"), KEY)

        assert TOKEN.sub("", twice) == TOKEN.sub("", once)

    def test_what_the_device_itself_has_masked_is_no_secret(self) -> None:
        text = " key *****\n ikev1 pre-shared-key *****\nsnmp-server community *****\n"

        assert redact(text, platform("cisco_asa"), KEY) == text


class TestClosedOnDoubt:
    def test_an_unknown_platform_shows_nothing(self) -> None:
        view = redact("hostname r1\n\n  password x\n", None, KEY)

        assert view == f"{NOTHING_SHOWN}\n\n{NOTHING_SHOWN}\n"

    def test_a_platform_without_rules_shows_nothing(self) -> None:
        bare = replace(platform("cisco_ios"), secrets=())

        assert redact("hostname r1\n", bare, KEY) == f"{NOTHING_SHOWN}\n"

    def test_text_that_no_bytes_decode_to_shows_nothing(self) -> None:
        assert redact("a \ud800\n", platform("cisco_ios"), KEY) == f"{NOTHING_SHOWN}\n"

    def test_bytes_that_are_no_utf_8_are_hidden_and_kept_like_others(self) -> None:
        text = b"snmp-server community \xff\xfe RO\n description caf\xe9\n".decode(
            "utf-8", "surrogateescape"
        )

        view = redact(text, platform("cisco_ios"), KEY)

        assert view == text.replace("\udcff\udcfe", token("\udcff\udcfe", KEY))

    def test_a_rule_that_cannot_run_shows_nothing(self) -> None:
        broken = replace(platform("cisco_ios"), secrets=(hidden("broken", r"^(?<=x)(y)"),))

        with pytest.raises(Exception, match="invalid"):
            redact("hostname r1\n", broken, KEY)

    def test_a_banner_that_never_ends_hides_nothing_from_the_rules(self) -> None:
        view = redact("banner motd ^C\nhello\nenable password open\n", platform("cisco_ios"), KEY)

        assert "open" not in view

    def test_a_carriage_return_does_not_hide_a_command(self) -> None:
        view = redact("hostname r1\rsnmp-server community open RO\n", platform("cisco_ios"), KEY)

        assert "open" not in view

    def test_a_very_long_line_with_a_secret_is_one(self) -> None:
        line = "snmp-server community open " + "x" * 200_000

        assert redact(f"{line}\nend\n", platform("cisco_ios"), KEY) == f"{token(line, KEY)}\nend\n"

    def test_a_line_of_very_many_secrets_is_one(self) -> None:
        line = " ".join(f"$9$abcdefgh{number}" for number in range(50))

        assert redact(line, platform("cisco_ios"), KEY) == token(line, KEY)

    def test_quotes_within_a_password_give_no_part_of_it_away(self) -> None:
        text = 'enable password "12"34\nenable password "56 78\n'

        view = redact(text, platform("cisco_ios"), KEY)

        assert not re.search("[0-9]", TOKEN.sub("", view))


PEM = """ private-key
    -----BEGIN RSA PRIVATE KEY-----
    MIIEpAIBAAKCAQEA0123
    abcdefghijklmnopqrst==
    -----END RSA PRIVATE KEY-----
 certificate
    -----BEGIN CERTIFICATE-----
    MIIDXTCCAkWgAwIBAgIJ
    -----END CERTIFICATE-----
"""


@pytest.mark.parametrize("name", sorted(SAMPLES))
class TestPrivateKeys:
    def test_each_line_of_one_is_the_token_of_all_and_certificates_stay(self, name: str) -> None:
        whole = token("MIIEpAIBAAKCAQEA0123abcdefghijklmnopqrst==", KEY)

        view = redact(PEM, platform(name), KEY)

        lines = PEM.split("\n")
        lines[2:4] = [f"    {whole}"] * 2
        assert view.split("\n") == lines

    def test_one_that_never_ends_hides_all_that_follows(self, name: str) -> None:
        view = redact(PEM.partition("-----END")[0] + "rest\n\nof it", platform(name), KEY)

        assert [bool(TOKEN.search(line)) for line in view.split("\n")[2:]] == [
            True, True, True, False, True,
        ]  # fmt: skip
        assert "rest" not in view

    def test_one_on_a_single_line_is_hidden(self, name: str) -> None:
        line = r'key "-----BEGIN PRIVATE KEY-----\nMIIE\nabc=\n-----END PRIVATE KEY-----\n";'

        view = redact(line, platform(name), KEY)

        assert "MIIE" not in view
        assert view.endswith(r'-----END PRIVATE KEY-----\n";')


WORDS = sorted(
    {word for text in SAMPLES.values() for word in without_marks(text).split()}
    | {
        "^C",
        "{",
        "}",
        ";",
        '"',
        "‹secret:0123456789ab›",
        "-----BEGIN PRIVATE KEY-----",
        "\r",
        "\x0b",
    }
)
LINES = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
TEXTS = st.lists(LINES, max_size=12).map("\n".join)
NAMES = st.sampled_from(sorted(SAMPLES))
SECRETS = st.from_regex(r"[A-Za-z0-9!#$%&(+./:<=>?@^_`|~-][!#-)+-~¡-ɏ]{5,30}", fullmatch=True).map(
    lambda text: re.sub(r"[^\S ]|[',;\\«»\x7f-\xa0\xad]", "_", text)
)


class TestProperties:
    @given(NAMES, TEXTS)
    def test_one_line_in_one_line_out(self, name: str, text: str) -> None:
        assert redact(text, platform(name), KEY).count("\n") == text.count("\n")

    @given(NAMES, TEXTS)
    def test_only_what_is_hidden_differs(self, name: str, text: str) -> None:
        pieces = TOKEN.split(redact(text, platform(name), KEY))

        shown = ".*".join(re.escape(piece) for piece in pieces)
        assert re.fullmatch(shown, text, re.DOTALL)

    @given(NAMES, st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_text_without_keywords_stays(self, name: str, text: str) -> None:
        plain = re.sub(r"[a-z$:=‹{?&-]", "", text, flags=re.IGNORECASE)

        assert redact(plain, platform(name), KEY) == plain

    @given(NAMES, SECRETS, st.data())
    def test_no_secret_survives(self, name: str, secret: str, data: st.DataObject) -> None:
        lines = SAMPLES[name].split("\n")
        single = [number for number, line in enumerate(lines) if takes_any_secret(line)]
        assume(single)
        number = data.draw(st.sampled_from(single))
        marked = MARKED.sub(lambda _: f"«{secret}»", lines[number])
        lines[number] = marked

        view = redact(without_marks("\n".join(lines)), platform(name), KEY)

        assert view.split("\n")[number] == with_tokens(marked)


def takes_any_secret(line: str) -> bool:
    """Of other lines only the value's shape says that it is a secret."""
    return line.count("«") == 1 and not re.search(
        r"«\$|://|«[0-9a-f]{8,}»|auth=key|SSHA|«a[A-Za-z]b9|token=|Bearer|<|«\*@&", line
    )


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_rules_have_groups_for_what_they_hide(name: str) -> None:
    for rule in platform(name).secrets:
        if isinstance(rule, HiddenValue):
            assert re.compile(rule.pattern).groups, rule.name
        elif isinstance(rule, FreeText):
            assert re.compile(rule.pattern).groups <= 1, rule.name

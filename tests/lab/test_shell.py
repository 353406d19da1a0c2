from __future__ import annotations

import pytest

from netraven.lab import Fault, SimulatedDevice
from tests.lab.memory import ENABLE, PLATFORMS, Client, client, spec

_PROMPTS = {
    "cisco_ios": "cisco-ios-01#",
    "cisco_asa": "\rcisco-asa-01# ",
    "arista_eos": "arista-eos-01#",
    "juniper_junos": "netraven@juniper-junos-01> ",
    "aruba_aoscx": "aruba-aoscx-01# ",
    "frr": "frr-01# ",
    "linux": "netraven@linux-01:~$ ",
}
_REFUSALS = {
    "cisco_ios": "% Invalid input detected at '^' marker.",
    "cisco_asa": "ERROR: % Invalid input detected at '^' marker.",
    "arista_eos": "% Invalid input",
    "juniper_junos": "unknown command.",
    "aruba_aoscx": "Invalid input: reload-everything",
    "frr": "% Unknown command: reload-everything",
    "linux": "-bash: reload-everything: command not found",
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_session_begins_with_the_prompt_of_its_platform(platform: str) -> None:
    session = client(spec(platform))

    assert session.seen().endswith(_PROMPTS[platform])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_unknown_command_is_echoed_and_refused_in_the_words_of_its_platform(
    platform: str,
) -> None:
    session = client(spec(platform))
    session.seen()

    answer = session.type("reload-everything\r")

    assert answer.startswith("reload-everything\r\n")
    assert _REFUSALS[platform] in answer
    assert answer.endswith(_PROMPTS[platform])


def test_the_caret_stands_under_the_word_that_is_wrong() -> None:
    session = client(spec())
    session.seen()

    lines = session.type("show nonsense\r").split("\r\n")

    assert lines[1] == " " * len("cisco-ios-01#show ") + "^"


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        ("sh ver", "Cisco IOS"),
        ("SHOW VERSION", "Cisco IOS"),
        ("show", "% Incomplete command."),
        ("t", "% Incomplete command."),
        ("e", "% Ambiguous command"),
        ("ter len 0", "cisco-ios-01#"),
    ],
)
def test_commands_may_be_shortened_while_they_are_clear(typed: str, verdict: str) -> None:
    session = client(spec())
    session.type("terminal length 0\r")

    assert verdict in session.type(f"{typed}\r")


def test_keys_edit_the_line_as_on_a_terminal() -> None:
    session = client(spec())
    session.type("terminal length 0\r")

    by_letter = session.type("show versionn\x7f\r")
    by_word = session.type("show nonsense\x17version\r")
    by_line = session.type("nonsense\x15show version\r")
    given_up = session.type("show nonsense\x03")

    assert "versionn\b \b\r\n" in by_letter
    assert all("uptime is" in answer for answer in (by_letter, by_word, by_line))
    assert given_up.endswith("^C\r\ncisco-ios-01#")


@pytest.mark.parametrize("enter", ["\r", "\n", "\r\n", "\r\x00"])
def test_each_way_to_press_enter_ends_one_line(enter: str) -> None:
    session = client(spec())
    session.seen()

    assert session.type(enter).count("cisco-ios-01#") == 1


@pytest.mark.parametrize("platform", ["cisco_ios", "cisco_asa", "arista_eos"])
def test_the_configuration_needs_the_enable_password(platform: str) -> None:
    session = client(spec(platform, enable=True))
    assert session.seen().rstrip().endswith(">")

    refused = session.type("show running-config\r")
    question = session.type("enable\r")
    granted = session.type(f"{ENABLE}\r")

    assert "nvalid input" in refused
    assert question.endswith("Password: ")
    assert ENABLE not in granted
    assert granted.rstrip().endswith("#")
    assert "hostname" in session.type("show running-config\r") + session.type("   ")


def test_an_asa_shows_a_star_for_each_letter_of_a_password() -> None:
    session = client(spec("cisco_asa", enable=True))

    session.type("enable\r")

    assert session.type("abc") == "***"


def test_a_wrong_enable_password_is_refused_after_three_tries() -> None:
    session = client(spec(enable=True))
    session.type("enable\r")

    answers = [session.type("wrong\r") for _ in range(3)]

    assert answers[0].endswith("Password: ")
    assert "% Bad secrets" in answers[2]
    assert answers[2].endswith("cisco-ios-01>")


@pytest.mark.parametrize(
    ("platform", "command", "more", "paging_off"),
    [
        ("cisco_ios", "show running-config", " --More-- ", "terminal length 0"),
        ("cisco_asa", "show running-config", "<--- More --->", "terminal pager 0"),
        ("arista_eos", "show running-config", " --More-- ", "terminal length 0"),
        ("juniper_junos", "show configuration", "---(more)---", "set cli screen-length 0"),
        ("aruba_aoscx", "show running-config", "-- MORE --, next page", "no page"),
        ("frr", "show running-config", "--More--", "terminal length 0"),
    ],
)
def test_long_answers_are_paged_until_the_platform_is_told_not_to(
    platform: str, command: str, more: str, paging_off: str
) -> None:
    session = client(spec(platform))
    session.seen()

    first = session.type(f"{command}\r")
    second = session.type(" ")
    one_line = session.type("\r")
    stopped = session.type("q")
    session.type(f"{paging_off}\r")
    whole = session.type(f"{command}\r")

    assert more in first
    assert first.count("\r\n") == 24
    assert second.count("\r\n") == 23
    assert one_line.count("\r\n") == 1
    assert stopped.endswith(_PROMPTS[platform])
    assert more not in whole
    assert whole.endswith(_PROMPTS[platform])


def test_turning_pages_to_the_end_shows_the_same_text() -> None:
    device = SimulatedDevice(spec("aruba_aoscx"))
    session = Client(device)
    session.seen()

    shown = session.type("show running-config\r")
    while "-- MORE --" in shown.rpartition("\r\n")[2]:
        shown += session.type(" ")

    erased = shown.replace("-- MORE --, next page: Space, next line: Enter, quit: q\r\x1b[K", "")
    expected = device.running_config().replace("\n", "\r\n")
    assert erased == f"show running-config\r\n{expected}aruba-aoscx-01# "


def test_what_is_typed_ahead_is_taken_after_the_answer() -> None:
    session = client(spec(latency_s=0.5))
    session.type("terminal length 0\rshow clock\r")

    session.pass_time()
    between = session.seen()
    session.pass_time()

    assert between == "cisco-ios-01#show clock\r\n"
    assert "UTC" in session.seen()


def test_filters_choose_lines() -> None:
    session = client(spec("arista_eos"))
    session.seen()

    without_time = session.type("show running-config | no-more | exclude ! Time:\r")
    only_name = session.type("show running-config | include ^hostname\r")

    assert "! Time:" not in without_time.partition("\r\n")[2]
    assert without_time.endswith("\r\nend\r\narista-eos-01#")
    assert only_name.split("\r\n")[1:] == ["hostname arista-eos-01", "arista-eos-01#"]


def test_junos_counts_the_lines_that_it_shows() -> None:
    device = SimulatedDevice(spec("juniper_junos"))
    session = Client(device)

    answer = session.type("show configuration | display omit | count\r")

    assert f"Count: {device.running_config().count(chr(10))} lines" in answer


def test_a_linux_shell_proves_the_size_of_a_file() -> None:
    device = SimulatedDevice(spec("linux"))
    session = Client(device)
    path = "/etc/network/interfaces"

    answer = session.type(f"cat {path} && printf '\\n:size %s:\\n' $(wc -c < {path})\r")
    missing = session.type("cat /etc/nothing && printf 'seen' || uname -sn; whoami\r")

    text = device.running_config()
    shown = f"{text}\n:size {len(text.encode())}:\n".replace("\n", "\r\n")
    assert shown in answer
    assert "cat: /etc/nothing: No such file or directory\r\nLinux linux-01\r\nnetraven" in missing
    assert "seen" not in missing.partition("\r\n")[2]


def test_an_asa_masks_keys_except_where_it_reads_them_out() -> None:
    device = SimulatedDevice(spec("cisco_asa"))
    session = Client(device)
    session.type("terminal pager 0\r")

    masked = session.type("show running-config\r")
    plain = session.type("more system:running-config\r")

    assert " key *****\r\n" in masked
    assert all(secret in plain for secret in device.secrets)


def test_leaving_closes_the_session() -> None:
    session = client(spec("frr"))

    session.type("exit\r")

    assert session.is_closed


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.DROP, Fault.ENDLESS, Fault.SLOW])
def test_these_faults_leave_the_client_without_a_prompt(fault: Fault) -> None:
    session = client(spec(fault=fault))
    session.type("terminal length 0\r")

    answer = session.type("show running-config\r")
    session.pass_time()

    assert "cisco-ios-01#" not in answer + session.seen()
    assert session.is_reset is (fault is Fault.DROP)


def test_a_slow_device_says_everything_in_the_end() -> None:
    device = SimulatedDevice(spec("linux", fault=Fault.SLOW))
    session = Client(device)

    shown = session.type("cat /etc/network/interfaces\r")
    while not shown.endswith("$ "):
        session.pass_time()
        shown += session.seen()

    assert device.running_config().replace("\n", "\r\n") in shown

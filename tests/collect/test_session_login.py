from __future__ import annotations

from dataclasses import replace

import pytest

from netraven.errors import (
    DeviceTimeout,
    DialogueFailed,
    EnableRefused,
    LoginRefused,
)
from netraven.platforms.cisco_asyncos import CISCO_ASYNCOS
from netraven.platforms.frr import FRR
from netraven.platforms.linux import linux_reading
from tests.collect.talk import CONFIG, Said, Talk, ios, said


def _with_prompt(answer: Said) -> Said:
    """Return an answer with a prompt that no IOS has by itself."""
    return answer.replace(b"R1#", b"R&D lab#") if isinstance(answer, bytes) else answer


class TestReachingThePrompt:
    def test_a_banner_line_that_looks_like_a_prompt_is_not_learned(self) -> None:
        greeting = b"\r\nwelcome#"
        late = (b" to the network\r\n\r\nR1#", said("terminal length 0\nR1#"))
        talk = Talk(ios(**{"terminal length 0": late}), greeting=greeting)

        assert talk.running().text == CONFIG
        assert talk.session.prompt == "R1#"

    def test_a_question_before_the_prompt_is_answered(self) -> None:
        talk = Talk(ios(**{"": b"\r\nR1#"}), greeting=b"Press RETURN to get started!\r\n")

        assert talk.running().text == CONFIG

    def test_a_declared_question_is_answered_at_once(self) -> None:
        talk = Talk(ios(**{"": b"\r\nR1#"}), greeting=b"Press any key to continue")

        assert talk.running().text == CONFIG
        assert talk.took_s < 3

    def test_a_log_message_behind_the_prompt_is_got_over_with_enter(self) -> None:
        greeting = b"\r\nR1#\r\n*Mar  3 06:11:09: %SYS-5-CONFIG_I: Configured\r\n"
        talk = Talk(ios(**{"": b"\r\nR1#"}), greeting=greeting)

        assert talk.running().text == CONFIG

    def test_a_prompt_of_an_unknown_form_is_known_by_being_shown_again(self) -> None:
        script = {typed: _with_prompt(answer) for typed, answer in ios().items()}
        talk = Talk({**script, "": b"\r\nR&D lab#"}, greeting=b"\r\nwelcome#\r\nR&D lab#")

        assert talk.running().text == CONFIG
        assert talk.session.prompt == "R&D lab#"
        assert talk.session.hostname == "lab"

    def test_a_question_that_a_command_asks_is_answered_and_no_part_of_its_answer(self) -> None:
        config = "<config>\n  <hostname>mail</hostname>\n</config>\n"
        options = "Choose the password option:\n1. Mask passwords\n2. Encrypt passwords\n"
        ask = f"showconfig\n{options}[1]> "
        script = {
            "": said("\nmail> "),
            "showconfig": said(ask),
            "2": said(f"2\n\n{config}\nmail> "),
        }
        talk = Talk(
            script, greeting=b"AsyncOS 14.0 for Cisco C190\r\nmail> ", platform=CISCO_ASYNCOS
        )

        assert talk.running().text == config

    def test_a_demand_for_a_new_password_is_not_met(self) -> None:
        greeting = b"\r\nYour password has expired.\r\nEnter new password: "
        talk = Talk(ios(), greeting=greeting, password="backup-pw")

        error = talk.error()

        assert isinstance(error, LoginRefused)
        assert "demands a new password" in str(error)
        assert talk.device.typed == []

    def test_a_paged_banner_is_paged_through(self) -> None:
        greeting = b"line 1\r\nline 2\r\n --More-- "
        talk = Talk(ios(**{" ": b"\r          \rline 3\r\nR1#"}), greeting=greeting)

        assert talk.running().text == CONFIG

    def test_a_coloured_prompt_is_known_by_what_is_seen(self) -> None:
        prompt = "\x1b[4m\rR1#\x1b[m "
        script = {
            name: text.replace(b"R1#", prompt.encode())
            for name, text in ios().items()
            if isinstance(text, bytes)
        }
        talk = Talk({**ios(), **script}, greeting=prompt.encode())

        assert talk.running().text == CONFIG

    def test_a_prompt_that_counts_is_followed(self) -> None:
        script: dict[str, Said] = {
            "true": [b"true\r\nuser@h1 [2]$ ", b"true\r\nuser@h1 [3]$ "],
            "cat /x && printf '\\n:size %s:\\n' $(wc -c < /x)": said(
                "cat /x && printf '\\n:size %s:\\n' $(wc -c < /x)\na\n\n:size 2:\nuser@h1 [4]$ "
            ),
        }
        platform = linux_reading("/x")
        assert platform is not None
        platform = replace(platform, paging_off=("true", "true"))

        running = Talk(script, greeting=b"user@h1 [1]$ ", platform=platform).running()

        assert (running.text, running.confirmed, running.hostname) == ("a\n", True, "h1")

    def test_a_device_that_never_shows_one_times_out_and_says_so(self) -> None:
        talk = Talk({}, greeting=b"hello\r\n")

        error = talk.error()

        assert isinstance(error, DeviceTimeout)
        assert (error.step, error.awaited) == ("waiting for the first prompt", "a prompt")
        assert str(error) == "the device was silent for 30 s while waiting for the first prompt"
        assert talk.session.dialogue.last() == "hello\\r\\n"

    def test_a_device_that_asks_for_ever_is_given_up(self) -> None:
        talk = Talk({"": b"Press any key"}, greeting=b"Press any key")

        assert isinstance(talk.error(), DialogueFailed)

    def test_a_login_shell_is_left_for_the_platforms_own(self) -> None:
        end = "hostname r1\n!\nend\nr1# "
        script = {
            "vtysh || sudo -n vtysh": said("vtysh || sudo -n vtysh\nr1# "),
            "terminal length 0": said("terminal length 0\nr1# "),
            "no terminal paging": said("no terminal paging\n% Unknown command\nr1# "),
            "show running-config": said(f"show running-config\nBuilding configuration...\n{end}"),
            "exit": b"",
        }
        talk = Talk(script, greeting=b"Linux\r\nadmin@r1:~$ ", platform=FRR)

        assert talk.running().text == "hostname r1\n!\nend\n"
        assert talk.session.refused == ("no terminal paging",)
        assert talk.device.typed[-2:] == ["exit\r", "exit\r"]


class TestEnable:
    def test_the_secret_is_typed_at_its_question_and_stays_out_of_the_record(self) -> None:
        script = ios(enable=b"enable\r\nPassword: ", s3cret=b"\r\nR1#")
        talk = Talk(script, greeting=b"R1>", enable_secret="s3cret")

        assert talk.running().text == CONFIG
        assert "s3cret" not in talk.session.dialogue.text()

    def test_a_secret_that_the_device_echoes_is_masked_in_the_record(self) -> None:
        script = ios(enable=b"enable\r\nPassword: ", s3cret=b"s3cret\r\nR1#")
        talk = Talk(script, greeting=b"R1>", enable_secret="s3cret")

        talk.running()

        assert "s3cret" not in talk.session.dialogue.text()
        assert "‹typed secret›" in talk.session.dialogue.text()

    def test_a_device_that_wants_no_secret_gets_none(self) -> None:
        talk = Talk(ios(enable=b"enable\r\nR1#"), greeting=b"R1>", enable_secret="s3cret")

        assert talk.running().text == CONFIG
        assert "s3cret\r" not in talk.device.typed

    @pytest.mark.parametrize(
        "answer",
        [
            b"\r\n% Access denied\r\n\r\nR1>",
            b"\r\nPassword: ",
            b"\r\n% Bad secrets\r\n\r\nR1>",
        ],
    )
    def test_a_refused_secret_is_tried_once_only(self, answer: bytes) -> None:
        script = ios(enable=b"enable\r\nPassword: ", wrong=answer)
        talk = Talk(script, greeting=b"R1>", enable_secret="wrong")

        error = talk.error()

        assert isinstance(error, EnableRefused)
        assert str(error) == "the device refused the enable secret"
        assert talk.device.typed.count("wrong\r") == 1

    def test_a_missing_secret_is_named_as_the_reason(self) -> None:
        script = ios(enable=b"enable\r\nPassword: ", **{"": b"\r\n% Access denied\r\nR1>"})

        error = Talk(script, greeting=b"R1>").error()

        assert isinstance(error, EnableRefused)
        assert "the credential holds none" in str(error)

    def test_a_user_name_is_given_where_enable_asks_for_it_first(self) -> None:
        script = ios(
            enable=b"enable\r\nUsername: ",
            backup=b"backup\r\nPassword: ",
            s3cret=b"\r\nR1#",
        )
        talk = Talk(script, greeting=b"R1>", enable_secret="s3cret")

        assert talk.running().text == CONFIG

    def test_a_user_name_that_is_asked_for_again_is_refused(self) -> None:
        again = b"\r\n% Authentication failed\r\nR1>"
        script = ios(enable=b"enable\r\nUsername: ", backup=b"backup\r\nPassword: ", wrong=again)
        talk = Talk(script, greeting=b"R1>", enable_secret="wrong")

        error = talk.error()

        assert isinstance(error, EnableRefused)
        assert str(error) == "the device refused the enable secret"
        assert talk.device.typed.count("wrong\r") == 1

    def test_a_device_without_an_enable_password_refuses_too(self) -> None:
        script = ios(enable=b"enable\r\n% No password set\r\nR1>")

        assert isinstance(Talk(script, greeting=b"R1>").error(), EnableRefused)

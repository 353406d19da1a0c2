from __future__ import annotations

import pytest

from netraven.collect.limits import Limits
from netraven.collect.session import Session
from netraven.errors import (
    DeviceTimeout,
    DialogueFailed,
    OutputTooLarge,
    SessionLost,
)
from netraven.platforms.arista_eos import ARISTA_EOS
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.juniper_junos import JUNIPER_JUNOS
from netraven.platforms.linux import LINUX, linux_reading
from netraven.platforms.observation import Observation, Oddity, Yields
from tests.collect.clock import run_virtual
from tests.collect.scripted import HANG_UP, ScriptedDevice
from tests.collect.talk import CONFIG, LIMITS, Said, Talk, ios, said


def test_a_configuration_comes_without_echo_chatter_and_prompt() -> None:
    head = "show running-config\nBuilding configuration...\n\nCurrent configuration : 80 bytes\n"
    talk = Talk(ios(running=said(f"{head}{CONFIG}\nR1#")))

    running = talk.running()

    assert running.text == CONFIG
    assert running.hostname == "R1"
    assert (running.echo_seen, running.prompt_seen, running.confirmed) == (True, True, None)
    assert talk.device.typed[-1] == "exit\r"


def test_a_whole_answer_is_not_waited_for() -> None:
    talk = Talk(ios())

    talk.running()

    assert talk.took_s < 1.5, "only the second until the device hangs up"


class TestPaging:
    @pytest.mark.parametrize(
        ("pager", "erased"),
        [
            (b" --More-- ", b"\b" * 9 + b" " * 8 + b"\b" * 9),
            (b"--More--", b"\r        \r"),
            (b" --More-- ", b"\r\x1b[K"),
            (b"--More--", b"\x1b[2K\r"),
            (b"--More--", b"\r\n"),
        ],
    )
    def test_a_pager_leaves_no_trace(self, pager: bytes, erased: bytes) -> None:
        head, tail = said("show running-config\nhostname R1\n!\n"), said("!\n ip x\n!\nend\n\nR1#")
        script = ios(running=head + pager, **{" ": erased + tail})

        running = Talk(script).running()

        assert running.text == "hostname R1\n!\n!\n ip x\n!\nend\n"
        assert running.oddities == ()

    def test_a_pager_before_a_blank_line_keeps_the_blank_line(self) -> None:
        head, tail = said("show running-config\nhostname R1\n"), said("\nend\n\nR1#")
        script = ios(running=head + b" --More-- ", **{" ": b"\r          \r" + tail})

        assert Talk(script).running().text == "hostname R1\n\nend\n"

    def test_a_pager_that_arrives_in_pieces_is_answered_once(self) -> None:
        pieces = (said("show running-config\nhostname R1\n") + b" --Mo", b"re--", b" ")
        script = ios(running=pieces, **{" ": (b"", b"", b"", b"\b" * 9, said("end\nR1#"))})
        talk = Talk(script)

        assert talk.running().text == "hostname R1\nend\n"
        assert talk.device.typed.count(" ") == 1

    def test_a_refused_paging_command_is_tolerated_and_reported(self) -> None:
        refusal = said("terminal length 0\n           ^\n% Invalid input detected\n\nR1#")
        talk = Talk(ios(**{"terminal length 0": refusal}))

        assert talk.running().text == CONFIG
        assert talk.session.refused == ("terminal length 0",)


class TestEcho:
    @pytest.mark.parametrize(
        "echo",
        [
            b"show running-config\r\n",
            b"show running-\r\nconfig\r\n",
            b"show running- \rconfig\r\n",
            b"\rR1#show running-config\r\n",
            b"s\rR1#sh\rR1#show\rR1#show running-config\x1b[K\r\n",
            b"show runxx\b\b  \b\bning-config\r\n",
            b"\r\n*Mar  3 06:11:09: %SYS-5-CONFIG_I: Configured\r\nR1#show running-config\r\n",
            b"\x1b[?2004l\rshow running-config\r\r\n",
        ],
    )
    def test_every_way_of_echoing_is_known(self, echo: bytes) -> None:
        running = Talk(ios(running=echo + said(f"{CONFIG}R1#"))).running()

        assert (running.text, running.echo_seen) == (CONFIG, True)

    def test_an_answer_without_an_echo_is_not_vouched_for(self) -> None:
        running = Talk(ios(running=said(f"\n{CONFIG}R1#"))).running()

        assert running.echo_seen is False


class TestTheEndOfAnAnswer:
    def test_a_line_that_looks_like_the_prompt_does_not_end_it(self) -> None:
        banner = "banner motd ^C\nR1#"
        script = ios(
            running=[said(f"show running-config\n{banner}\n^C\nend\nR1#")],
        )

        assert Talk(script).running().text == "banner motd ^C\nR1#\n^C\nend\n"

    def test_nor_does_it_when_the_device_pauses_behind_it(self) -> None:
        pieces = (said("show running-config\nbanner motd ^C\nR1#"), said("\n^C\nend\nR1#"))

        assert Talk(ios(running=pieces)).running().text == "banner motd ^C\nR1#\n^C\nend\n"

    def test_a_longer_silence_ends_it_without_its_end_marker(self) -> None:
        cut = said("show running-config\nversion 15.2\nR1#")

        assert Talk(ios(running=cut)).running().text == "version 15.2\n"

    def test_before_the_deadline_it_is_taken_as_it_is(self) -> None:
        limits = Limits(idle_s=60, deadline_s=40)
        talk = Talk(ios(running=said("show running-config\nversion 15.2\nR1#")), limits=limits)

        assert talk.running().text == "version 15.2\n"
        assert talk.took_s < limits.deadline_s

    def test_another_devices_prompt_does_not_end_it(self) -> None:
        error = Talk(ios(running=said("show running-config\nhostname R1\nR2#"))).error()

        assert isinstance(error, DeviceTimeout)
        assert error.awaited == "the prompt after 'show running-config'"

    def test_the_session_ends_in_the_middle(self) -> None:
        error = Talk(ios(running=(said("show running-config\nhostn"), HANG_UP))).error()

        assert isinstance(error, SessionLost)
        assert error.step == "running a command"

    def test_endless_output_is_cut_at_its_limit(self) -> None:
        limits = Limits(max_bytes=1000)
        error = Talk(ios(running=said("x" * 2000)), limits=limits).error()

        assert isinstance(error, OutputTooLarge)

    def test_a_trickle_is_cut_at_the_absolute_deadline(self) -> None:
        talk = Talk(ios(running=(b"x\r\n",) * 1000), limits=Limits(deadline_s=60))

        error = talk.error()

        assert isinstance(error, DeviceTimeout)
        assert str(error) == "the deadline of 60 s passed while running a command"
        assert 60 <= talk.took_s <= 61

    def test_a_refused_configuration_is_no_configuration(self) -> None:
        refusal = said("show running-config\n        ^\n% Invalid input detected at '^'.\n\nR1#")

        error = Talk(ios(running=refusal)).error()

        assert isinstance(error, DialogueFailed)
        assert str(error) == "the device refuses 'show running-config'"


class TestSecondReadings:
    def test_a_log_line_in_the_first_reading_is_gone_in_the_second(self) -> None:
        log = "*Mar  3 06:11:09.123: %LINK-3-UPDOWN: Interface Gi1/0/7, changed state to down\n"
        spoilt = CONFIG.replace("interface", f"\n{log}interface")
        script = ios(
            running=[
                said(f"show running-config\n{spoilt}R1#"),
                said(f"show running-config\n{CONFIG}R1#"),
            ]
        )

        running = Talk(script).running()

        assert (running.text, running.oddities) == (CONFIG, ())

    def test_damage_in_every_reading_is_told(self) -> None:
        erased = CONFIG.replace("interface Gi", "inter\x1b[2K\x1b[1Gface Gi")
        running = Talk(ios(running=said(f"show running-config\n{erased}R1#"))).running()

        assert running.oddities == (Oddity.TEXT_OVERWRITTEN,)

    def test_two_encodings_in_one_text_are_believed_when_read_twice(self) -> None:
        mixed = b" description caf\xe9 and caf\xc3\xa9\r\nend\r\nR1#"
        running = Talk(ios(running=b"show running-config\r\n" + mixed)).running()

        assert (running.oddities, running.confirmed, running.encoding) == ((), True, "latin-1")

    def test_two_encodings_that_are_not_there_again_are_told(self) -> None:
        noise = [b"\xff\xfe", b"\xfe\xff", b"\xff\xff"]
        answers = [b"show running-config\r\n" + some + b"!\r\nend\r\nR1#" for some in noise]

        assert Talk(ios(running=answers)).running().oddities == (Oddity.MIXED_ENCODING,)


class TestProofByAskingTwice:
    COUNT = "show configuration | display omit | count"
    SHOW = "show configuration | display omit"
    TEXT = "## Last commit: 2024-12-06 11:41:05 UTC by root\nversion 22.4R3;\nsystem {\n}\n"

    def junos(self, shown: list[str], count: str) -> Talk:
        tail = "\n{master:0}\nnetops@mx1> "
        lines = {text: said(f"{text}\nScreen set\n{tail}") for text in JUNIPER_JUNOS.paging_off}
        script: dict[str, Said] = {
            **lines,
            self.SHOW: [said(f"{self.SHOW}\n{text}{tail}") for text in shown],
            self.COUNT: said(f"{self.COUNT}\n{count}\n{tail}"),
        }
        return Talk(script, greeting=said(f"--- JUNOS\n{tail}"), platform=JUNIPER_JUNOS)

    def test_the_number_of_lines_confirms_it(self) -> None:
        talk = self.junos([self.TEXT], "Count: 4 lines")

        running = talk.running()

        assert (running.text, running.confirmed, running.hostname) == (self.TEXT, True, "mx1")
        assert talk.device.typed.count(f"{self.SHOW}\r") == 1

    def test_where_the_number_differs_a_second_reading_decides(self) -> None:
        running = self.junos(
            ["version 22.4R3;\n", self.TEXT, self.TEXT], "Count: 4 lines"
        ).running()

        assert (running.text, running.confirmed) == (self.TEXT, True)

    def test_readings_that_never_agree_confirm_nothing(self) -> None:
        shown = ["version 1;\n", "version 2;\n", "version 3;\n"]

        assert self.junos(shown, "unknown command.").running().confirmed is False

    def test_lines_that_change_by_themselves_do_not_count(self) -> None:
        other = self.TEXT.replace("11:41:05", "11:41:06")

        running = self.junos([self.TEXT, other], "unknown command.").running()

        assert running.confirmed is True


class TestFiles:
    ASK = "cat /etc/motd && printf '\\n:size %s:\\n' $(wc -c < /etc/motd)"

    def reading(self, answer: bytes) -> Observation:
        platform = linux_reading("/etc/motd")
        assert platform is not None
        prompt = b"[admin@h1 ~]$ "
        script = {
            "true": b"true\r\n" + prompt,
            self.ASK: self.ASK.encode() + b"\r\n" + answer + prompt,
        }
        return Talk(script, greeting=b"Last login\r\n" + prompt, platform=platform).running()

    def test_a_file_is_proven_by_its_size(self) -> None:
        running = self.reading(said("\none\n\n$ \n\n\n:size 10:\n"))

        assert (running.text, running.confirmed) == ("\none\n\n$ \n\n", True)

    def test_a_file_of_another_size_is_not_confirmed(self) -> None:
        assert self.reading(said("one\n\n:size 11:\n")).confirmed is False

    def test_a_file_without_a_last_newline_gets_one(self) -> None:
        assert self.reading(said("one\n:size 3:\n")).text == "one\n"

    def test_an_absent_file_is_a_refusal(self) -> None:
        platform = LINUX
        (command,) = platform.commands_for(Yields.RUNNING)
        answer = said(f"{command.text}\ncat: /etc/network/interfaces: No such file\nh1:~# ")
        script = {"true": b"true\r\nh1:~# ", command.text: answer}

        assert isinstance(
            Talk(script, greeting=b"h1:~# ", platform=platform).error(), DialogueFailed
        )


def test_an_answer_that_breaks_off_with_an_error_is_not_waited_for() -> None:
    head = "show running-config\nBuilding configuration...\n\n"
    lines = "".join(f"interface Vlan{number}\n" for number in range(40))
    cut = f"{head}{lines}% Invalid input detected\nR1#"
    talk = Talk(ios(running=said(cut)))

    running = talk.running()

    assert Oddity.ERROR_IN_TEXT in running.oddities
    assert talk.took_s < LIMITS.idle_s


def test_alternative_spellings_are_tried_where_one_is_refused() -> None:
    refusal = said("show inventory | no-more\n% Invalid input\nR1#")
    asked, plain = "show running-config | no-more | exclude ! Time:", "show running-config"
    script = {
        "terminal length 0": said("terminal length 0\nR1#"),
        "terminal width 32767": said("terminal width 32767\nR1#"),
        asked: refusal.replace(b"show inventory | no-more", asked.encode()),
        plain: said(f"{plain}\n{CONFIG}R1#"),
    }

    running = Talk(script, platform=ARISTA_EOS).running()

    assert (running.text, running.command) == (CONFIG, plain)


def test_a_session_that_is_not_open_runs_nothing() -> None:
    async def work() -> None:
        session = Session(ScriptedDevice(b"", {}), CISCO_IOS, LIMITS)
        with pytest.raises(DialogueFailed):
            await session.run(CISCO_IOS.commands[0])

    run_virtual(work())


def test_the_record_is_bounded_however_much_a_device_says() -> None:
    filler = "".join(f"line {number}\n" for number in range(20_000))
    talk = Talk(ios(running=said(f"show running-config\n{filler}end\nR1#")))

    talk.running()

    record = talk.session.dialogue.text()
    assert len(record) < 50 * 1024
    assert "bytes left out" in record
    assert record.endswith("R1#")


def test_a_version_that_is_refused_in_every_spelling_is_an_answer_all_the_same() -> None:
    refusal = "% Invalid input\nR1#"
    script: dict[str, Said] = {
        text: said(f"{text}\n{refusal}")
        for text in (
            *ARISTA_EOS.paging_off,
            *("show version", "show version | no-more"),
        )
    }

    async def work() -> Observation:
        session = Session(ScriptedDevice(b"R1#", script), ARISTA_EOS, LIMITS)
        await session.open()
        return await session.run(ARISTA_EOS.commands_for(Yields.VERSION)[0])

    version = run_virtual(work())

    assert (version.text, version.command) == ("% Invalid input\n", "show version")


def test_an_answer_that_pauses_without_an_echo_is_waited_for_the_whole_idle_time() -> None:
    talk = Talk(ios(running=(b"\r\nhostname R1", b"\r\n")))

    assert isinstance(talk.error(), DeviceTimeout)

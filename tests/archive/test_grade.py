from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.archive.grade import PreviousCapture, Verdict, doubt_in_words, grade, name_mark
from netraven.db.enums import BackupStatus, Grade
from netraven.platforms.observation import Observation, Oddity, Yields
from netraven.platforms.platform import Completeness, Platform
from netraven.platforms.registry import PLATFORMS, get_platform

IOS_TEXT = """hostname core-1
!
interface GigabitEthernet0/1
 description Uplink --More-- % Invalid input
!
interface GigabitEthernet0/2
 shutdown
!
interface GigabitEthernet0/3
 shutdown
!
router ospf 1
 network 10.0.0.0 0.0.0.255 area 0
!
banner motd ^C
% Invalid hands off core-1#
^C
line vty 0 4
 transport input ssh
end
"""
JUNOS_TEXT = """version 22.4R3;
system {
    host-name core-2;
}
interfaces {
    ge-0/0/0 {
        disable;
    }
}
"""


def platform(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found


def seen(text: str, **facts: object) -> Observation:
    """Return what a flawless session saw, but for these facts."""
    flawless = Observation(
        yields=Yields.RUNNING,
        command="show running-config",
        text=text,
        echo_seen=True,
        prompt_seen=True,
        hostname="core-1",
        encoding="utf-8",
        took_s=0.5,
    )
    return replace(flawless, **facts)  # type: ignore[arg-type]


def ios(text: str = IOS_TEXT, previous: PreviousCapture | None = None, **facts: object) -> Verdict:
    return grade(seen(text, **facts), platform("cisco_ios"), previous)


def junos(**facts: object) -> Verdict:
    return grade(seen(JUNOS_TEXT, **facts), platform("juniper_junos"), None)


def doubts(verdict: Verdict) -> object:
    return verdict.evidence.get("doubts", [])


class TestCompleteCaptures:
    def test_an_end_marker_is_positive_proof(self) -> None:
        verdict = ios()

        assert (verdict.grade, verdict.status) == (Grade.A, BackupStatus.COMPLETED)
        assert verdict.reason == "complete, proven by its end marker"

    def test_so_is_a_proof_that_the_session_made(self) -> None:
        assert junos(confirmed=True).grade is Grade.A

    def test_a_platform_that_shows_no_end_is_never_better_than_b(self) -> None:
        endless = replace(platform("cisco_ios"), completeness=Completeness())

        verdict = grade(seen(IOS_TEXT), endless, None)

        assert (verdict.grade, verdict.status) == (Grade.B, BackupStatus.COMPLETED)

    def test_blank_lines_behind_the_end_do_no_harm(self) -> None:
        assert ios(IOS_TEXT + "\n \n").grade is Grade.A

    def test_the_encoding_stays_with_the_evidence(self) -> None:
        assert ios(encoding="latin-1").evidence["encoding"] == "latin-1"


class TestDoubts:
    def test_a_missing_echo_is_quarantined(self) -> None:
        verdict = ios(echo_seen=False)

        assert (verdict.grade, verdict.status) == (Grade.C, BackupStatus.QUARANTINED)
        assert doubts(verdict) == ["echo_not_seen"]

    @pytest.mark.parametrize("oddity", Oddity)
    def test_what_may_have_altered_the_answer_is_quarantined(self, oddity: Oddity) -> None:
        verdict = ios(oddities=(oddity,))

        assert (verdict.grade, verdict.status) == (Grade.C, BackupStatus.QUARANTINED)
        assert doubts(verdict) == [oddity.value]

    def test_without_the_closing_prompt_nothing_is_kept(self) -> None:
        verdict = ios(prompt_seen=False, echo_seen=False)

        assert (verdict.grade, verdict.status) == (Grade.F, BackupStatus.FAILED)
        assert verdict.reason == "the closing prompt was not seen"

    def test_a_text_cut_anywhere_is_no_good(self) -> None:
        lines = IOS_TEXT.splitlines(keepends=True)

        verdicts = [ios("".join(lines[:number])) for number in range(len(lines))]

        assert {verdict.grade for verdict in verdicts} == {Grade.C}

    def test_an_end_that_is_only_part_of_the_last_line_is_none(self) -> None:
        assert doubts(ios(IOS_TEXT.removesuffix("end\n") + "end-set\n")) == ["end_missing"]
        assert doubts(ios(IOS_TEXT + " end of it\n")) == ["end_missing"]

    @pytest.mark.parametrize("confirmed", [None, False])
    def test_a_proof_that_was_not_made_or_failed_is_quarantined(
        self, *, confirmed: bool | None
    ) -> None:
        assert doubts(junos(confirmed=confirmed)) == ["not_confirmed"]

    def test_nothing_is_said_of_an_empty_text_but_that(self) -> None:
        verdict = ios(" \n")

        assert verdict.grade is Grade.C
        assert verdict.reason == "the device answered with nothing"
        assert doubts(verdict) == ["empty"]

    def test_the_first_doubt_in_the_order_of_suspicion_is_the_reason(self) -> None:
        verdict = ios(
            "% Invalid input\n",
            PreviousCapture(size_bytes=5000, name_mark=name_mark("core-9"), sections=9),
            echo_seen=False,
            oddities=(Oddity.LOG_LINE, Oddity.ERROR_IN_TEXT),
        )

        assert verdict.reason == "the device did not echo the command"
        assert doubts(verdict) == [
            "echo_not_seen",
            "error_in_text",
            "log_line",
            "end_missing",
            "hostname_differs",
            "size_halved",
            "sections_vanished",
        ]


class TestWhatStandsOnRecord:
    def test_the_gravest_doubt_is_told_in_words(self) -> None:
        verdict = ios(IOS_TEXT.replace("end\n", ""), echo_seen=False)

        assert doubt_in_words(verdict.evidence) == verdict.reason

    @pytest.mark.parametrize("oddity", Oddity)
    def test_each_oddity_has_its_words(self, oddity: Oddity) -> None:
        verdict = ios(oddities=(oddity,))

        assert doubt_in_words(verdict.evidence) == verdict.reason

    def test_without_a_doubt_there_are_no_words(self) -> None:
        assert doubt_in_words(ios().evidence) == ""
        assert doubt_in_words(None) == ""

    def test_a_doubt_of_another_program_is_told_by_its_name(self) -> None:
        assert "moon phase" in doubt_in_words({"doubts": ["moon_phase"]})


class TestComparison:
    def test_the_first_backup_is_compared_with_nothing(self) -> None:
        assert ios("hostname core-1\nend\n", None).grade is Grade.A

    def test_another_name_is_another_device(self) -> None:
        verdict = ios(previous=PreviousCapture(size_bytes=500, name_mark=name_mark("core-2")))

        assert doubts(verdict) == ["hostname_differs"]
        assert "core-1" in verdict.reason

    def test_the_same_name_and_no_name_are_fine(self) -> None:
        known = PreviousCapture(size_bytes=500, name_mark=name_mark("core-1"))

        assert ios(previous=known).grade is Grade.A
        assert ios(previous=known, hostname=None).grade is Grade.A
        assert ios(previous=PreviousCapture(size_bytes=500)).grade is Grade.A

    def test_where_the_prompt_is_bare_the_configuration_says_the_name(self) -> None:
        def firepower(name: str, previous: PreviousCapture | None = None) -> Verdict:
            text = f": Saved\nNGFW Version 7.2.5\nhostname {name}\n: end\n"
            return grade(seen(text, hostname=None), platform("cisco_ftd"), previous)

        before = PreviousCapture.of(60, firepower("ftd-1").evidence)

        assert firepower("ftd-1", before).grade is Grade.A
        assert doubts(firepower("ftd-2", before)) == ["hostname_differs"]

    def test_half_the_size_is_fine_and_less_is_not(self) -> None:
        size = len(IOS_TEXT)

        assert ios(previous=PreviousCapture(size_bytes=2 * size)).grade is Grade.A
        assert doubts(ios(previous=PreviousCapture(size_bytes=2 * size + 1))) == ["size_halved"]

    def test_a_small_text_may_shrink(self) -> None:
        assert ios("hostname core-1\nend\n", PreviousCapture(size_bytes=399)).grade is Grade.A

    def test_more_than_half_of_the_sections_must_not_vanish(self) -> None:
        sections = ios().evidence["sections"]
        assert sections == 5

        assert ios(previous=PreviousCapture(size_bytes=600, sections=10)).grade is Grade.A
        verdict = ios(previous=PreviousCapture(size_bytes=600, sections=11))
        assert doubts(verdict) == ["sections_vanished"]

    def test_blocks_in_braces_are_sections_too(self) -> None:
        assert junos(confirmed=True).evidence["sections"] == 2

    def test_evidence_that_was_stored_is_what_the_next_capture_is_compared_with(self) -> None:
        stored = json.loads(json.dumps(ios().evidence))

        previous = PreviousCapture.of(len(IOS_TEXT), stored)

        assert previous == PreviousCapture(
            size_bytes=len(IOS_TEXT), name_mark=name_mark("core-1"), sections=5
        )
        assert ios(previous=previous).grade is Grade.A

    @pytest.mark.parametrize("evidence", [None, {}, {"sections": "many", "name_mark": None}])
    def test_a_backup_without_evidence_is_compared_by_its_size(
        self, evidence: dict[str, str | None] | None
    ) -> None:
        assert PreviousCapture.of(7, evidence) == PreviousCapture(size_bytes=7)


OBSERVATIONS = st.builds(
    seen,
    text=st.text(alphabet="abzüÄ {}\n!%#", max_size=60).map(lambda text: text + "Zebra9\n"),
    echo_seen=st.booleans(),
    prompt_seen=st.booleans(),
    hostname=st.none() | st.just("core-1"),
    encoding=st.sampled_from(["utf-8", "latin-1"]),
    confirmed=st.none() | st.booleans(),
    oddities=st.lists(st.sampled_from(Oddity), unique=True).map(tuple),
)
PREVIOUS = st.none() | st.builds(
    PreviousCapture,
    size_bytes=st.integers(0, 5000),
    name_mark=st.none() | st.integers(0, 2**48 - 1),
    sections=st.none() | st.integers(0, 50),
)


class TestProperties:
    @given(OBSERVATIONS, st.sampled_from(PLATFORMS), PREVIOUS)
    def test_evidence_is_json_and_holds_no_text_of_the_device(
        self, observation: Observation, platform: Platform, previous: PreviousCapture | None
    ) -> None:
        verdict = grade(observation, platform, previous)

        assert "Zebra9" not in json.dumps(verdict.evidence) + verdict.reason
        assert "core-1" not in json.dumps(verdict.evidence)

    @given(OBSERVATIONS, st.sampled_from(PLATFORMS), PREVIOUS)
    def test_the_status_follows_from_the_grade_and_doubts_from_nothing_completed(
        self, observation: Observation, platform: Platform, previous: PreviousCapture | None
    ) -> None:
        verdict = grade(observation, platform, previous)

        expected = {
            Grade.A: BackupStatus.COMPLETED,
            Grade.B: BackupStatus.COMPLETED,
            Grade.C: BackupStatus.QUARANTINED,
            Grade.F: BackupStatus.FAILED,
        }
        assert verdict.status is expected[verdict.grade]
        assert bool(doubts(verdict)) is (verdict.status is not BackupStatus.COMPLETED)

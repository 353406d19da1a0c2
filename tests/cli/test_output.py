from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.cli import output
from netraven.cli.output import Column
from netraven.cli.pages import Page, take, take_all
from netraven.db.enums import BackupStatus

HOSTILE = "\x1b]0;owned\x07\x1b[31mred\x1b[0m\r\x9b2J\u202eevil\u2066[bold]x[/bold]\x00\udc9b"


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_what_is_shown_is_printable_whatever_came(text: str) -> None:
    shown = output.visible(text)

    assert shown.isprintable()


@given(st.text())
def test_line_ends_and_tabs_can_be_kept(text: str) -> None:
    shown = output.visible(text, keep="\n\t")

    assert shown.count("\n") == text.count("\n")
    assert shown.replace("\n", "").replace("\t", "").isprintable()


def test_printable_text_of_any_script_stays_as_it_is() -> None:
    text = "Büro Süd, 東京 ‹secret:7f3a2c91b04e› [bold]"

    shown = output.visible(text)

    assert shown == text


def test_a_byte_that_is_no_utf8_is_shown_as_that_byte() -> None:
    text = b"caf\xe9".decode("utf-8", "surrogateescape")

    shown = output.visible(text)

    assert shown == "caf\\xe9"


@pytest.mark.parametrize("speak", [output.say, output.note])
def test_sentences_hold_no_escape_sequence_and_no_markup(
    speak: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(speak)

    speak(HOSTILE)

    written = "".join(capsys.readouterr())
    assert "\x1b" not in written
    assert "\x9b" not in written
    assert "[bold]x[/bold]" in written


def test_a_hostile_cell_stays_in_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_table((Column("Device"), Column("Notes", wraps=True)), [("core-1\nfake", HOSTILE)])

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("core-1\\x0afake")
    assert "\x1b" not in lines[1]


def test_what_is_piped_is_not_broken_at_a_terminals_width(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "word " * 100

    output.say(long.strip())
    output.say_table((Column("A", wraps=True),), [(long.strip(),)])

    assert [len(line) for line in capsys.readouterr().out.splitlines()] == [499, 1, 499]


def test_json_is_ascii_with_moments_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    berlin = timezone(timedelta(hours=2))

    output.say_json(
        {
            "at": datetime(2026, 3, 2, 12, tzinfo=berlin),
            "id": UUID(int=1),
            "status": BackupStatus.COMPLETED,
            "text": HOSTILE,
        }
    )

    written = capsys.readouterr().out
    told = json.loads(written)
    assert written.isascii()
    assert told["at"] == "2026-03-02T10:00:00Z"
    assert told["id"] == "00000000-0000-0000-0000-000000000001"
    assert told["status"] == "completed"
    assert told["text"] == HOSTILE.replace("\udc9b", r"\x9b")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("banner \udce9t\udce9", r"banner \xe9t\xe9"),
        (r"a written \udce9 stays", r"a written \udce9 stays"),
        ("\U00010480 is two escapes", "\U00010480 is two escapes"),
        ("\U0001f600\udc80", "\U0001f600" + r"\x80"),
    ],
)
def test_a_byte_that_is_no_utf_8_is_told_as_such_in_json(
    capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    output.say_json({"text": text})

    assert json.loads(capsys.readouterr().out) == {"text": told}


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**40, "5.0 TiB")]
)
def test_sizes_are_told_in_units_that_people_read(size: int, words: str) -> None:
    assert output.bytes_in_words(size) == words


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [(400, "0.4 s"), (59_900, "59.9 s"), (65_000, "1m05"), (7_320_000, "2h02m")],
)
def test_durations_are_told_in_units_that_people_read(duration_ms: int, words: str) -> None:
    assert output.milliseconds_in_words(duration_ms) == words


def test_states_are_coloured_and_names_that_look_like_states_are_not() -> None:
    state, name = output.cell(BackupStatus.FAILED), output.cell("failed")

    assert str(state.style) == "red"
    assert not name.style


def test_a_moment_is_shown_without_a_zone_of_its_own() -> None:
    shown = output.local_time(datetime(2026, 3, 2, 12, tzinfo=UTC))

    assert datetime.strptime(shown, "%Y-%m-%d %H:%M:%S").astimezone() == datetime(
        2026, 3, 2, 12, tzinfo=UTC
    )


@pytest.mark.parametrize("stored", [0, 1, 999, 1000, 1001, 2500])
def test_all_rows_are_taken_in_calls_of_at_most_a_thousand(stored: int) -> None:
    asked: list[int] = []

    def fetch(skip: int, limit: int) -> list[int]:
        asked.append(limit)
        return list(range(stored))[skip : skip + limit]

    everything, page = take_all(fetch), take(Page(skip=5, limit=1200), fetch)

    assert everything == list(range(stored))
    assert page == list(range(stored))[5:1205]
    assert max(asked) <= 1000

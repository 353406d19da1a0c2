from __future__ import annotations

from netraven.collect.dialogue import Dialogue


def record(*pieces: bytes, secrets: tuple[str, ...] = ()) -> Dialogue:
    dialogue = Dialogue()
    for secret in secrets:
        dialogue.hide(secret)
    for piece in pieces:
        dialogue.received(piece)
    return dialogue


def test_a_short_dialogue_is_kept_whole() -> None:
    assert record(b"one\r\n", b"two").text() == "one\r\ntwo"


def test_of_a_long_one_the_beginning_and_the_end_are_kept() -> None:
    dialogue = record(b"first\r\n", *[b"middle line\r\n" * 100] * 100, b"last")

    text = dialogue.text()

    assert text.startswith("first")
    assert text.endswith("last")
    assert "bytes left out ...]" in text
    assert len(text) < 50 * 1024
    assert dialogue.received_bytes > 100_000


def test_one_large_piece_is_bounded_too() -> None:
    text = record(b"x" * 10_000_000 + b"\nthe end").text()

    assert len(text) < 50 * 1024
    assert text.endswith("the end")


def test_a_typed_secret_is_masked_even_where_pieces_cut_it() -> None:
    dialogue = record(b"Password: hun", b"ter2\r\nR1#", secrets=("hunter2",))

    assert dialogue.text() == "Password: ‹typed secret›\r\nR1#"
    assert "hunter2" not in dialogue.last()


def test_the_last_bytes_are_printable() -> None:
    assert record(b"R1#\x1b[K\r\n\0").last() == "R1#\\x1b[K\\r\\n\\x00"


def test_the_last_bytes_are_few() -> None:
    assert record(b"x" * 5000 + b"end").last(10) == "xxxxxxxend"


def test_what_was_typed_stands_at_its_place_with_its_times() -> None:
    dialogue = Dialogue()
    dialogue.received(b"R1>", at_s=5)
    dialogue.typed("enable", at_s=6)
    dialogue.received(b"enable\r\nPassword: ", at_s=6.5)
    dialogue.typed_secret("hunter2", at_s=7)
    dialogue.received(b"hunter2\r\nR1#", at_s=9)

    enable, secret = dialogue.marks()

    assert (enable.text, enable.at_s, enable.answered_s) == ("enable", 1, 0.5)
    assert dialogue.text()[: enable.offset] == "R1>"
    assert secret.text == "‹typed secret›"
    assert dialogue.text()[enable.offset : secret.offset] == "enable\r\nPassword: "
    assert "hunter2" not in repr(dialogue.marks())


def test_of_very_much_typing_the_first_and_the_last_is_kept() -> None:
    dialogue = Dialogue()
    for number in range(1000):
        dialogue.typed(f"command {number}")
        dialogue.received(b"an answer of some length\r\n" * 10)

    marks = dialogue.marks()

    assert len(marks) == 80
    assert (marks[0].text, marks[-1].text) == ("command 0", "command 999")
    assert [mark.offset for mark in marks] == sorted(mark.offset for mark in marks)
    assert dialogue.text()[: marks[-1].offset].endswith("length\r\n")

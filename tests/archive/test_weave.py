"""Weaves: every version comes back exactly, whatever happened to the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import compress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netraven.archive.weave import MOST_BYTES, OPEN, Weave, WeaveBytes, WeaveMisfit, unpack_weave

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

# Few different lines, so that they repeat, move and come back.
LINES = st.sampled_from([b"", b"!", b" exit", b"interface Gi0/1", b" no shutdown", b"\xff\r", b"a"])
TEXTS = st.lists(LINES, max_size=12).map(b"\n".join)


@dataclass
class Known:
    """What a weave should hold: each version's text, and which are still there."""

    weave: Weave = field(default_factory=Weave)
    past: list[Weave] = field(default_factory=list)
    texts: dict[int, bytes] = field(default_factory=dict)
    newest: int = 0

    def store(self, text: bytes, *, skipped: int = 0) -> None:
        self.newest += 1 + skipped
        self.weave.append(self.newest, moment(self.newest), text.split(b"\n"))
        self.texts[self.newest] = text

    def part(self) -> None:
        past = self.weave.part_past()
        if past is not None:
            self.past.append(unpack_weave(past.pack()))

    def remove(self, numbers: set[int]) -> None:
        self.weave.remove(numbers)
        for past in self.past:
            past.remove_past(numbers)
        self.texts = {number: text for number, text in self.texts.items() if number not in numbers}

    def check(self) -> None:
        parts = [*self.past, self.weave]
        assert [number for part in parts for number in part.kept] == [*self.texts]
        for part in parts:
            for number in part.kept:
                assert b"\n".join(part.text_lines(number)) == self.texts[number]


def moment(number: int) -> datetime:
    return NOON + timedelta(hours=number, microseconds=number)


@given(st.data())
def test_every_version_comes_back_after_any_mix_of_changes(data: st.DataObject) -> None:
    known = Known()
    for step in data.draw(st.lists(st.sampled_from("sssrpo"), max_size=14)):
        if step == "s":
            known.store(data.draw(TEXTS), skipped=data.draw(st.integers(0, 2)))
        elif step == "r" and known.texts:
            known.remove(data.draw(st.sets(st.sampled_from([*known.texts]))))
        elif step == "o":
            known.newest += 1
            known.weave.pass_over(known.newest, moment(known.newest))
        else:
            known.weave = unpack_weave(known.weave.pack())
        known.check()


# Lines that make a weave overgrown after a few versions.
LONG = st.lists(st.integers(0, 40), min_size=150, max_size=250).map(
    lambda numbers: b"\n".join(b"%d " % number * 1000 for number in numbers)
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(st.data())
def test_every_version_comes_back_from_the_parts_of_an_overgrown_weave(data: st.DataObject) -> None:
    known = Known()
    for step in data.draw(st.lists(st.sampled_from("sssr"), min_size=4, max_size=8)):
        if step == "s":
            known.part()
            known.store(data.draw(LONG))
        elif removable := [*known.texts][:-1]:
            known.remove(data.draw(st.sets(st.sampled_from(removable))))
        known.check()


def test_an_overgrown_weave_is_parted_from_what_stands_no_more() -> None:
    weave = Weave()
    standing = [b"%07d" % number for number in range(1000)]
    for version in (1, 2, 3):
        changed = [b"%d of %d" % (number, version) * 100 for number in range(500)]
        weave.append(version, moment(version), [*standing, *changed])
    before = weave.size_bytes

    past = weave.part_past()

    assert past is not None
    assert (past.kept, weave.kept) == ((1, 2, 3), ())
    assert past.size_bytes == before > MOST_BYTES > weave.size_bytes
    assert {*weave.lasts} == {OPEN}
    assert [*weave.firsts] == [1] * 1000 + [3] * 500
    assert [version.at for version in weave.versions] == [moment(1), moment(2), moment(3)]
    assert WeaveBytes(weave.pack()).has_past()
    assert not WeaveBytes(past.pack()).has_past()
    assert weave.part_past() is None


@given(st.lists(TEXTS, min_size=1, max_size=8), st.data())
def test_nothing_of_removed_versions_lingers(texts: list[bytes], data: st.DataObject) -> None:
    known = Known()
    for text in texts:
        known.store(text)

    known.remove(data.draw(st.sets(st.integers(1, len(texts)))))

    known.check()
    left = {line for text in known.texts.values() for line in text.split(b"\n")}
    assert set(known.weave.lines) == left


@given(TEXTS, TEXTS)
def test_what_a_version_changed_is_told(older: bytes, newer: bytes) -> None:
    weave = Weave()
    weave.append(1, moment(1), older.split(b"\n"))

    change = weave.append(2, moment(2), newer.split(b"\n"))

    assert weave.change_of(2) == change
    left = older.split(b"\n")
    for line in change.removed:
        left.remove(line)
    assert sorted([*left, *change.added]) == sorted(newer.split(b"\n"))


@given(st.lists(TEXTS, min_size=1, max_size=6), st.data())
def test_what_is_plain_stays_with_its_line(texts: list[bytes], data: st.DataObject) -> None:
    plain = data.draw(st.sets(LINES))
    known = Known()
    for number, text in enumerate(texts, start=1):
        lines = text.split(b"\n")
        are_plain = bytes(line in plain for line in lines)
        known.weave.append(number, moment(number), lines, are_plain)
    known.weave.remove(data.draw(st.sets(st.integers(1, len(texts)))))

    found = known.weave.plain_lines

    assert len(known.weave.are_plain) == len(known.weave.lines)
    assert found == plain.intersection(known.weave.lines)


def test_a_weave_without_it_learns_what_is_plain() -> None:
    weave = Weave()
    weave.append(1, moment(1), [b"a", b"b", b"a"])

    weave.append(2, moment(2), [b"a", b"b", b"c"], b"\1\0\1")

    assert weave.plain_lines == {b"a", b"c"}
    assert [*compress(weave.lines, weave.are_plain)] == [b"a", b"a", b"c"]


def test_what_is_seen_of_lines_comes_back_with_them_and_goes_with_them() -> None:
    weave = Weave()
    weave.append(1, moment(1), [b"a", b"b"], b"\1\0", seen={7: b"b"})
    weave.append(2, moment(2), [b"a", b"c"], b"\1\0", seen={8: b"c", 9: b"d"})

    back = unpack_weave(weave.pack(), weave.pack_known())
    weave.remove({2})
    without = unpack_weave(weave.pack(), weave.pack_known())

    assert back.seen == {8: b"c"}
    assert back.plain_lines == without.plain_lines == {b"a"}
    assert without.seen == {}


@pytest.mark.parametrize("damage", [b"", b"\0", b"\1\0"])
def test_of_lines_that_do_not_fit_nothing_is_known(damage: bytes) -> None:
    weave = Weave()
    weave.append(1, moment(1), [b"a", b"b"], b"\1\0", seen={7: b"b"})

    found = unpack_weave(weave.pack(), damage)

    assert found.lines == [b"a", b"b"]
    assert not found.seen
    assert not found.plain_lines
    assert len(found.are_plain) == len(found.lines)


def test_lines_know_since_when_and_until_when_they_stand() -> None:
    weave = Weave()
    weave.append(1, moment(1), [b"a", b"b", b"c"])
    weave.append(4, moment(4), [b"a", b"x", b"c"])
    weave.append(5, moment(5), [b"a", b"b", b"c"])

    spans = [*zip(weave.lines, weave.firsts, weave.lasts, strict=True)]

    assert spans == [
        (b"a", 1, OPEN),
        (b"b", 1, 1),
        (b"x", 4, 4),
        (b"b", 5, OPEN),
        (b"c", 1, OPEN),
    ]


def test_lines_keep_their_bounds_when_the_versions_there_go() -> None:
    weave = Weave()
    weave.append(1, moment(1), [b"a"])
    weave.append(2, moment(2), [b"a", b"b"])
    weave.append(3, moment(3), [b"a", b"b", b"c"])

    weave.remove({2})

    assert [*weave.firsts] == [1, 2, 3]
    assert [version.at for version in weave.versions] == [moment(1), moment(2), moment(3)]


def test_what_only_a_removed_version_had_is_gone() -> None:
    weave = Weave()
    weave.append(1, moment(1), [b"a"])
    weave.append(2, moment(2), [b"a", b"only here"])
    weave.append(3, moment(3), [b"a"])

    weave.remove({2})

    assert b"only here" not in weave.pack()


def test_lines_that_a_removed_newest_version_lost_stand_again() -> None:
    weave = Weave()
    weave.append(1, moment(1), [b"a", b"b"])
    weave.append(2, moment(2), [b"a"])

    weave.remove({2})

    assert [*weave.lasts] == [OPEN, OPEN]
    assert weave.last_version == 1


def test_a_version_follows_those_before_it() -> None:
    weave = Weave()
    weave.append(3, moment(3), [b"a"])

    with pytest.raises(WeaveMisfit, match="version 3 does not follow"):
        weave.append(3, moment(4), [b"b"])
    weave.append(4, moment(2), [b"b"])
    assert weave.versions[-1].at == moment(3)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_weave_are_refused_or_read(packed: bytes) -> None:
    try:
        found = unpack_weave(packed)
    except (WeaveMisfit, OverflowError):
        return
    assert len(found.lines) == len(found.firsts) == len(found.lasts)


def test_an_offset_leads_to_its_line() -> None:
    weave = Weave()
    weave.append(1, moment(1), [b"first", b"", b"third"])

    found = WeaveBytes(weave.pack())

    assert found.line_at(found.text.index(b"third")) == 2
    assert found.line_at(found.start) == 0

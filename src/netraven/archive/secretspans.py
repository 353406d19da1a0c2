"""Where the secrets of a text are, by the rules of the platform that wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TypeAlias

from netraven.archive.linematch import LineFinder, LinePattern, LineRules, Span
from netraven.platforms.platform import Literal, Platform
from netraven.platforms.secrets import (
    FreeText,
    HiddenBlock,
    HiddenRest,
    HiddenValue,
    SecretRule,
)


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A secret, or one line of a secret of several lines, between two offsets of a text."""

    start: int
    end: int
    value: bytes


def find_secrets(content: bytes, platform: Platform) -> Iterator[FoundSecret]:
    """Yield the secrets in order, apart from each other and none across the end of a line.

    Takes time in proportion to the text. A line of more than 4 KiB, or with more than 32 secrets,
    is no command: if it holds a secret, all of it is one.
    """
    return SecretSearch(content, platform).secrets()


class SecretSearch:
    """One text of a platform being searched.

    Whether any rule has to do with a line follows from that line alone; whether it is a secret,
    from what stands around it too. `among` are spans of whole lines: no rule has to do with the
    others.
    """

    def __init__(
        self, content: bytes, platform: Platform, among: Iterable[Span] | None = None
    ) -> None:
        self._content = content
        self._text = _with_one_break(content)
        self._rules = _compiled(platform)
        self._headers = _Headers(self._text)
        self._sections = _Sections(self._text)
        self._free_to = 0
        self._next = 0
        self.lone: list[Span] = []
        """Lines read so far that come out the same wherever they stand outside `reaches`."""
        self.reaches: list[Span] = []
        """Where lines read so far say how others are to be read: those that begin in there."""
        whole = ((0, len(content)),)
        self.told = self._found(whole) if among is None else self._asked([*among])
        """Where the lines are that some rule has to do with, in order."""

    def secrets(self) -> Iterator[FoundSecret]:
        """Yield the secrets in order, apart from each other; to be called once."""
        at = 0
        while (line := self._line_behind(at)) is not None:
            at = yield from self._read(*line)

    def _found(self, among: Iterable[Span]) -> list[Span]:
        """Return the lines that are told, looked for in the text as a whole."""
        next_line = self._rules.finder.next_line
        told: list[Span] = []
        for start, end in among:
            at = start
            while at <= end and (line := next_line(self._text, at, end)) is not None:
                told.append(line)
                at = line[1] + 1
        return told

    def _asked(self, among: Sequence[Span]) -> list[Span]:
        """Return the same, each line asked about by itself: quicker for few."""
        told: list[Span] = []
        others: list[bytes] = []
        for start, end in among:
            at = start
            for line in self._text[start:end].split(b"\n"):
                if self._rules.is_told(line):
                    told.append((at, at + len(line)))
                else:
                    others.append(line)
                at += len(line) + 1
        # As in `_read`: a set of patterns may miss one, which a single pattern does not.
        is_missing = self._rules.finder.next_line(b"\n".join(others), 0) is not None
        return self._found(among) if is_missing else told

    def _line_behind(self, at: int) -> Span | None:
        """Return the next line told, or what is left of it where a secret ends within it."""
        while self._next < len(self.told):
            start, end = self.told[self._next]
            self._next += 1
            if start >= at:
                return start, end
            if at <= end and (rest := self._rules.finder.next_line(self._text, at, end)):
                return rest
        return None

    def _read(self, start: int, end: int) -> Generator[FoundSecret, None, int]:
        """Yield the secrets that begin in a line; return where to go on."""
        line = self._text[start:end]
        numbers = self._rules.lines.matching(line)
        if not numbers:  # The finder saw a rule match: which one cannot be told, so show nothing.
            yield FoundSecret(start, end, self._content[start:end])
            return end + 1
        told = self._rules.told_by(numbers)
        block_at = None if told.block is None else self._first_span(told.block[0], line)[1]
        for opened in told.literals:
            if start >= self._free_to:
                self._enter_literal(opened, line, start)
        if told.is_lone and start >= self._free_to and self._is_line(start, end):
            self.lone.append((start, end))
        for first, last in self._values(told, line, start):
            if block_at is None or first < block_at:
                span = start + first, start + last
                yield FoundSecret(*span, self._content[slice(*span)])
        if told.sections:
            self._sections.enter(told.sections, start)
        if told.block is not None and block_at is not None:
            goes_on_at = yield from self._block_lines(start + block_at, told.block[1])
        elif told.rest is not None:
            goes_on_at = yield from self._read_below(told.rest, end + 1)
        else:
            return end + 1
        self.reaches.append((start, goes_on_at))
        return goes_on_at

    def _is_line(self, start: int, end: int) -> bool:
        """Tell whether this is a line of the content too, and all of it."""
        around = self._content[max(0, start - 1) : start], self._content[end : end + 1]
        return all(each in _AROUND_LINE for each in around)

    def _first_span(self, number: int, line: bytes) -> Span:
        return next(iter(self._rules.lines.spans(number, line)))[0]

    def _read_below(self, rule: HiddenRest, start: int) -> Generator[FoundSecret, None, int]:
        """Yield the secrets of the lines that a value goes on in; return where to go on."""
        finder, goes_on = self._rules.rests[rule.name]
        is_going_on = True
        while is_going_on and start < len(self._text):
            end = self._text.find(b"\n", start)
            end = len(self._text) if end < 0 else end
            line = self._text[start:end]
            if line.strip():
                told = self._rules.told_by(self._rules.lines.matching(line))
                found = self._values(told, line, start)
                if finder.matching(line):
                    for span in next(iter(finder.spans(0, line))):
                        _add(found, span, joins=True)
                for first, last in sorted(found):
                    span = start + first, start + last
                    yield FoundSecret(*span, self._content[slice(*span)])
                if told.sections:
                    self._sections.enter(told.sections, start)
                is_going_on = goes_on.matches(line)
                if told.rest is not None and not is_going_on:
                    finder, goes_on = self._rules.rests[told.rest.name]
                    is_going_on = True
            start = end + 1
        return start

    def _values(self, told: _Told, line: bytes, start: int) -> list[Span]:
        """Return where the secrets within a line are, in order and apart from each other."""
        found: list[Span] = []
        free: list[Span] | None = None
        for number, rule in told.values:
            if not self._applies(rule, start):
                continue
            if len(line) > _OPAQUE_LINE_BYTES:
                return [(0, len(line))]
            free = self._free_spans(told, line) if free is None else free
            for spans in self._rules.lines.spans(number, line):
                for span in spans:
                    if rule.anywhere or not any(first <= span[0] < last for first, last in free):
                        _add(found, _without_quotes(line, span), joins=rule.anywhere)
                if len(found) > _OPAQUE_LINE_SECRETS:
                    return [(0, len(line))]
        return sorted(span for span in found if not _MASK.fullmatch(line[slice(*span)]))

    def _applies(self, rule: HiddenValue, start: int) -> bool:
        if rule.anywhere:
            return True
        if start < self._free_to:
            return False
        if rule.outside is not None:
            header = self._headers.of(start)
            if self._rules.headers[rule.outside].matches(header):
                return False
        return rule.inside is None or self._sections.has(rule.inside, start)

    def _free_spans(self, told: _Told, line: bytes) -> list[Span]:
        return [spans[0] for number in told.free for spans in self._rules.lines.spans(number, line)]

    def _enter_literal(self, opened: tuple[int, Literal], line: bytes, start: int) -> None:
        """Note how far the free text reaches that a line opens; one never closed is none."""
        number, literal = opened
        first, last = self._first_span(number, line)
        if "end" in literal.opens.groupindex:
            end = self._text.find(line[first:last], start + last)
        else:
            end = self._line_of(literal.closes.encode(), start + last)
        if end > self._free_to:
            self._free_to = end
            self.reaches.append((start, end))

    def _line_of(self, wanted: bytes, start: int) -> int:
        """Return where the next line that says exactly this begins, or -1."""
        at = start
        while (at := self._text.find(wanted, at)) >= 0:
            first = self._text.rfind(b"\n", 0, at) + 1
            last = self._text.find(b"\n", at)
            if self._text[first : len(self._text) if last < 0 else last].strip() == wanted:
                return first
            at += len(wanted)
        return -1

    def _block_lines(self, start: int, rule: HiddenBlock) -> Generator[FoundSecret, None, int]:
        """Yield each line of a block with the block's whole text as value; return its end."""
        end = self._text.find(rule.end.encode(), start)
        end = len(self._text) if end < 0 else end
        value = b"".join(self._text[start:end].split())
        at = start
        for line in self._text[start:end].split(b"\n"):
            if stripped := line.strip():
                first = at + line.index(stripped)
                yield FoundSecret(first, first + len(stripped), value)
            at += len(line) + 1
        return end


_FORGED = HiddenValue(name="forged-token", pattern=r"(‹(?:secret:[^\s›]*|hidden)›?)", anywhere=True)
# What a device shows in a secret's place, and the one of a user who has no password.
_MASK = re.compile(rb"[*.\"]*|!")
# Beyond these a line is no command; both bound the work that a line can make.
_OPAQUE_LINE_BYTES = 4096
_OPAQUE_LINE_SECRETS = 32
# Whatever a terminal or an editor takes for the end of a line ends one here too.
_LINE_BREAKS = bytes.maketrans(b"\r\v\f", b"\n\n\n")
_BREAKS = (b"\r", b"\v", b"\f")
# Such lines stand between a header and its section without being either.
_NO_HEADERS = (b"", b"!", b"#")
_BEHIND_QUOTED = b" \t;,)]}"
_AROUND_LINE = (b"", b"\n")
# So many sets of rules that match the same line are kept of a platform.
_KEPT_SETS = 1024


@dataclass(frozen=True, slots=True)
class _SectionHeader:
    """A line that a rule asks for above, or above what is above, the lines that it means."""

    pattern: str


_Kind: TypeAlias = SecretRule | Literal | _SectionHeader


@dataclass(frozen=True, slots=True)
class _Told:
    """What the rules that match a line say of it, each kind in the rules' order.

    It `is_lone` where they ask for nothing but the line itself, and say nothing of others.
    """

    values: tuple[tuple[int, HiddenValue], ...]
    free: tuple[int, ...]
    literals: tuple[tuple[int, Literal], ...]
    sections: tuple[str, ...]
    block: tuple[int, HiddenBlock] | None
    rest: HiddenRest | None
    is_lone: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    """A platform's rules, ready to run; `kinds` are numbered as the patterns of `lines` are.

    `told_by` gives what those of some numbers say together. `rests` find, for each value that may
    go on below, the rest of it and whether it goes on still.
    """

    finder: LineFinder
    lines: LineRules
    kinds: tuple[_Kind, ...]
    told_by: Callable[[tuple[int, ...]], _Told]
    headers: dict[str, LinePattern]
    rests: dict[str, tuple[LineRules, LinePattern]]

    def is_told(self, line: bytes) -> bool:
        """Tell whether a rule that may find a secret has to do with the line."""
        kinds = (self.kinds[number] for number in self.lines.matching(line))
        return any(not isinstance(kind, FreeText) for kind in kinds)


@lru_cache(maxsize=256)
def _compiled(platform: Platform) -> _Rules:
    rules = (_FORGED, *platform.secrets, *platform.literals)
    values = [rule for rule in rules if isinstance(rule, HiddenValue)]
    sections = sorted({rule.inside for rule in values if rule.inside is not None})
    kinds = (*rules, *map(_SectionHeader, sections))
    return _Rules(
        finder=LineFinder([_pattern(rule) for rule in kinds if not isinstance(rule, FreeText)]),
        lines=LineRules([_pattern(rule) for rule in kinds]),
        kinds=kinds,
        told_by=lru_cache(_KEPT_SETS)(partial(_told_by, kinds)),
        headers={rule.outside: LinePattern(rule.outside) for rule in values if rule.outside},
        rests={
            rule.name: (LineRules([rule.rest]), LinePattern(rule.goes_on))
            for rule in kinds
            if isinstance(rule, HiddenRest)
        },
    )


def _is_lone(kind: _Kind) -> bool:
    if isinstance(kind, HiddenValue):
        return kind.anywhere or (kind.inside is None and kind.outside is None)
    return isinstance(kind, FreeText)


def _told_by(kinds: Sequence[_Kind], numbers: Sequence[int]) -> _Told:
    some = [(number, kinds[number]) for number in numbers]
    blocks = [(number, kind) for number, kind in some if isinstance(kind, HiddenBlock)]
    rests = [kind for _, kind in some if isinstance(kind, HiddenRest)]
    return _Told(
        values=tuple((number, kind) for number, kind in some if isinstance(kind, HiddenValue)),
        free=tuple(number for number, kind in some if isinstance(kind, FreeText)),
        literals=tuple((number, kind) for number, kind in some if isinstance(kind, Literal)),
        sections=tuple(kind.pattern for _, kind in some if isinstance(kind, _SectionHeader)),
        block=blocks[0] if blocks else None,
        rest=rests[0] if rests else None,
        is_lone=all(_is_lone(kind) for _, kind in some),
    )


def _pattern(rule: _Kind) -> str:
    if isinstance(rule, HiddenBlock):
        return rule.begin
    return f"^(?:{rule.opens.pattern})" if isinstance(rule, Literal) else rule.pattern


def _with_one_break(content: bytes) -> bytes:
    has_others = any(each in content for each in _BREAKS)
    return content.translate(_LINE_BREAKS) if has_others else content


class _Sections:
    """In which sections lines stand, asked for from the first line to the last.

    What stands below a header and is indented more belongs to its section.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._open: list[tuple[int, Collection[str]]] = []

    def enter(self, headers: Collection[str], start: int) -> None:
        """Note that the line that begins there is the header of sections of these names."""
        depth = self._depth_at(start)
        self._open.append((depth, headers))
        self._at = self._end_of(start) + 1

    def has(self, header: str, start: int) -> bool:
        """Tell whether the line that begins there stands in a section of this name."""
        self._depth_at(start)
        return any(header in headers for _, headers in self._open)

    def _depth_at(self, start: int) -> int:
        """Close the sections that end above the line or with it; return its depth."""
        while self._open and self._at < start:
            end = self._end_of(self._at)
            line = self._text[self._at : end]
            self._at = end + 1
            if line.strip() not in _NO_HEADERS:
                self._close(_depth(line))
        self._at = max(self._at, start)
        depth = _depth(self._text[start : self._end_of(start)])
        self._close(depth)
        return depth

    def _close(self, depth: int) -> None:
        while self._open and self._open[-1][0] >= depth:
            self._open.pop()

    def _end_of(self, start: int) -> int:
        end = self._text.find(b"\n", start)
        return len(self._text) if end < 0 else end


class _Headers:
    """Under which header each line of a text stands."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._known: dict[int, tuple[int, int | None]] = {}

    def of(self, start: int) -> bytes:
        """Return the nearest line above that is indented less, without blanks; empty without."""
        at = self._header_at(start)
        return b"" if at is None else self._line(at).strip()

    def _header_at(self, start: int) -> int | None:
        """Return where the nearest line above that is indented less begins.

        The way up ends at the last line of the same depth whose header is known, so that many
        questions cost no more than reading the text.
        """
        depth = _depth(self._line(start))
        if depth == 0:
            return None
        known_at, known = self._known.get(depth, (-1, None))
        header, at = None, start
        while at > 0:
            at = self._text.rfind(b"\n", 0, at - 1) + 1
            if at == known_at:
                header = known
                break
            line = self._line(at)
            if line.strip() not in _NO_HEADERS and _depth(line) < depth:
                header = at
                break
        self._known[depth] = start, header
        return header

    def _line(self, start: int) -> bytes:
        end = self._text.find(b"\n", start)
        return self._text[start : len(self._text) if end < 0 else end]


def _depth(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" \t"))


def _add(found: list[Span], span: Span, *, joins: bool) -> None:
    """Add a capture to those of earlier rules, which know better where a secret begins."""
    first, last = span
    for other in tuple(found):
        if other[0] <= first < other[1] and not joins:
            return
        if first < other[1] and other[0] < last:
            found.remove(other)
            first, last = min(first, other[0]), max(last, other[1])
    found.append((first, last))


def _without_quotes(line: bytes, span: Span) -> Span:
    """Return the span of the value itself.

    A value that goes on behind its closing quote was not quoted; a lone quote at its end closes
    the command that it stands in.
    """
    first, last = span
    value = line[first:last]
    if line[first - 1 : first] == line[last : last + 1] == b'"':
        behind = line[last + 1 : last + 2]
        if behind and behind not in _BEHIND_QUOTED and not line.startswith(b": ", last + 1):
            return first, last + 1 + len(line[last + 1 :].split(maxsplit=1)[0])
    elif value.endswith(b'"') and value.count(b'"') == 1:
        return first, last - 1
    return first, last

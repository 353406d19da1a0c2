"""Where the secrets of a text are, by the rules of the platform that wrote it."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
        self._sections = _Sections(self._text)
        self._free_to = 0
        self._next = 0
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
        block = self._block(numbers, line)
        self._enter_literal(numbers, line, start)
        for first, last in self._values(numbers, line, start):
            if block is None or first < block[0]:
                span = start + first, start + last
                yield FoundSecret(*span, self._content[slice(*span)])
        if block is not None:
            return (yield from self._block_lines(start + block[0], block[1]))
        rest = self._rest(numbers)
        return end + 1 if rest is None else (yield from self._read_below(rest, end + 1))

    def _rest(self, numbers: Sequence[int]) -> HiddenRest | None:
        kinds = (self._rules.kinds[number] for number in numbers)
        return next((kind for kind in kinds if isinstance(kind, HiddenRest)), None)

    def _read_below(self, rule: HiddenRest, start: int) -> Generator[FoundSecret, None, int]:
        """Yield the secrets of the lines that a value goes on in; return where to go on."""
        finder, goes_on = self._rules.rests[rule.name]
        is_going_on = True
        while is_going_on and start < len(self._text):
            end = self._text.find(b"\n", start)
            end = len(self._text) if end < 0 else end
            line = self._text[start:end]
            if line.strip():
                numbers = self._rules.lines.matching(line)
                found = self._values(numbers, line, start)
                if finder.matching(line):
                    for span in next(iter(finder.spans(0, line))):
                        _add(found, span, joins=True)
                for first, last in sorted(found):
                    span = start + first, start + last
                    yield FoundSecret(*span, self._content[slice(*span)])
                following = self._rest(numbers)
                is_going_on = goes_on.matches(line)
                if following is not None and not is_going_on:
                    finder, goes_on = self._rules.rests[following.name]
                    is_going_on = True
            start = end + 1
        return start

    def _values(self, numbers: Sequence[int], line: bytes, start: int) -> list[Span]:
        """Return where the secrets within a line are, in order and apart from each other."""
        found: list[Span] = []
        free: list[Span] | None = None
        for number in numbers:
            rule = self._rules.kinds[number]
            if not isinstance(rule, HiddenValue) or not self._applies(rule, start):
                continue
            if len(line) > _OPAQUE_LINE_BYTES:
                return [(0, len(line))]
            free = self._free_spans(numbers, line) if free is None else free
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
        if rule.outside is None and rule.inside is None:
            return True
        headers = self._sections.headers(start)
        nearest = next(headers, b"")
        if rule.outside is not None and self._rules.headers[rule.outside].matches(nearest):
            return False
        if rule.inside is None:
            return True
        is_inside = self._rules.headers[rule.inside].matches
        return is_inside(nearest) or any(map(is_inside, headers))

    def _free_spans(self, numbers: Sequence[int], line: bytes) -> list[Span]:
        return [
            spans[0]
            for number in numbers
            if isinstance(self._rules.kinds[number], FreeText)
            for spans in self._rules.lines.spans(number, line)
        ]

    def _enter_literal(self, numbers: Sequence[int], line: bytes, start: int) -> None:
        """Note how far the free text reaches that a line opens; one never closed is none."""
        for number in numbers:
            literal = self._rules.kinds[number]
            if not isinstance(literal, Literal) or start < self._free_to:
                continue
            first, last = next(iter(self._rules.lines.spans(number, line)))[0]
            if "end" in literal.opens.groupindex:
                end = self._text.find(line[first:last], start + last)
            else:
                end = self._line_of(literal.closes.encode(), start + last)
            self._free_to = max(self._free_to, end)

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

    def _block(self, numbers: Sequence[int], line: bytes) -> tuple[int, HiddenBlock] | None:
        for number in numbers:
            rule = self._rules.kinds[number]
            if isinstance(rule, HiddenBlock):
                return next(iter(self._rules.lines.spans(number, line)))[0][1], rule
        return None

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


@dataclass(frozen=True, slots=True)
class _Rules:
    """A platform's rules, ready to run; `kinds` are numbered as the patterns of `lines` are.

    `rests` find, for each value that may go on below, the rest of it and whether it goes on still.
    """

    finder: LineFinder
    lines: LineRules
    kinds: tuple[SecretRule | Literal, ...]
    headers: dict[str, LinePattern]
    rests: dict[str, tuple[LineRules, LinePattern]]

    def is_told(self, line: bytes) -> bool:
        """Tell whether a rule that may find a secret has to do with the line."""
        kinds = (self.kinds[number] for number in self.lines.matching(line))
        return any(not isinstance(kind, FreeText) for kind in kinds)


@lru_cache(maxsize=256)
def _compiled(platform: Platform) -> _Rules:
    kinds = (_FORGED, *platform.secrets, *platform.literals)
    values = [rule for rule in kinds if isinstance(rule, HiddenValue)]
    conditions = {text for rule in values for text in (rule.inside, rule.outside) if text}
    return _Rules(
        finder=LineFinder([_pattern(rule) for rule in kinds if not isinstance(rule, FreeText)]),
        lines=LineRules([_pattern(rule) for rule in kinds]),
        kinds=kinds,
        headers={text: LinePattern(text) for text in conditions},
        rests={
            rule.name: (LineRules([rule.rest]), LinePattern(rule.goes_on))
            for rule in kinds
            if isinstance(rule, HiddenRest)
        },
    )


def _pattern(rule: SecretRule | Literal) -> str:
    if isinstance(rule, HiddenBlock):
        return rule.begin
    return f"^(?:{rule.opens.pattern})" if isinstance(rule, Literal) else rule.pattern


def _with_one_break(content: bytes) -> bytes:
    has_others = any(each in content for each in _BREAKS)
    return content.translate(_LINE_BREAKS) if has_others else content


class _Sections:
    """Under which header each line of a text stands."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._known: dict[int, tuple[int, int | None]] = {}

    def headers(self, start: int) -> Iterator[bytes]:
        """Yield the nearest line above that is indented less, then that line's own, and so on."""
        at = self._header_at(start)
        while at is not None:
            yield self._line(at).strip()
            at = self._header_at(at)

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

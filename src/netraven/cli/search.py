"""`netraven search`: every line that any device ever had."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.search_found import Asked, Found
from netraven.cli.search_options import (
    AnyConfigType,
    At,
    Context,
    Count,
    Devices,
    IgnoreCase,
    MostLines,
    Pattern,
    PlatformNames,
    Regex,
    SearchDeadline,
    Section,
    Since,
    Tags,
    Until,
    Words,
    read_scope,
)
from netraven.errors import ExitCode

if TYPE_CHECKING:
    from netraven.archive.search_history import DeviceHits, SearchPage
    from netraven.archive.search_pattern import PatternKind
    from netraven.cli.home import AnyHome, Home
    from netraven.cli.progress import Bar
    from netraven.cli.remote.installation import RemoteHome

# What is found is told page by page, and the first is there soon.
_FIRST_PAGE_S = 0.1
_FIRST_PAGE_LINES = 100
_PAGE_S = 0.5
_PAGE_LINES = 1000


def search(
    pattern: Pattern,
    *,
    regex: Regex = False,
    words: Words = False,
    ignore_case: IgnoreCase = False,
    at: At = None,
    since: Since = None,
    until: Until = None,
    device: Devices = None,
    tag: Tags = None,
    platform: PlatformNames = None,
    config_type: AnyConfigType = None,
    section: Section = None,
    context: Context = 0,
    count: Count = False,
    limit: MostLines = 10_000,
    deadline: SearchDeadline = 60,
    as_json: AsJson = False,
) -> None:
    """Find a line in all versions of all devices, each secret as its token.

    Each line with the days between which it stood. Ends with 1 where nothing was found.
    """
    from netraven.archive.search_history import read_window
    from netraven.cli.home import reach_home
    from netraven.cli.moments import read_moment
    from netraven.cli.weaves import bring_histories

    kind = pattern_kind(is_regex=regex, is_words=words)
    moments = (read_moment(at, "at"), read_moment(since, "since"), read_moment(until, "until"))
    home = reach_home()
    asked = Asked(
        pattern=pattern,
        kind=kind,
        case=not ignore_case,
        window=read_window(*moments),
        scope=read_scope(home, device, tag, platform),
        config_type=config_type,
        section=section,
        context=context,
        is_counting=count,
        limit=limit,
        deadline_s=deadline,
    )
    bring_histories(home, is_quiet=as_json)
    found = _tell_json(home, asked) if as_json else tell(home, asked)
    if found.unreadable:
        raise typer.Exit(ExitCode.CORRUPT)
    if not found.lines:
        raise typer.Exit(ExitCode.ERROR)


def tell(home: AnyHome, asked: Asked) -> Found:
    """Search, writing what is found as it is found; return what it came to."""
    from netraven.cli.pager import paged
    from netraven.cli.progress import progress_bar
    from netraven.cli.search_view import sum_up, write_device

    found = Found()
    with progress_bar("Searching", _total(home, asked)) as bar:
        devices = _devices(home, asked, found, bar)
        first = next(devices, None)
    # From the first line on, the answer itself shows that it goes on.
    if first is not None:
        with paged() as console:
            for each, goes_on in chain([first], devices):
                write_device(console, each, asked, goes_on=goes_on)
    sum_up(found)
    return found


def pattern_kind(*, is_regex: bool, is_words: bool) -> PatternKind:
    """Return how the options say that a pattern is read; raises Invalid for both."""
    from netraven.archive.search_pattern import PatternKind
    from netraven.errors import Invalid

    if is_regex and is_words:
        raise Invalid("pattern", "choose --regex or --words")
    if is_regex:
        return PatternKind.REGEX
    return PatternKind.WORDS if is_words else PatternKind.LITERAL


def _total(home: AnyHome, asked: Asked) -> int | None:
    """Return how many configurations are searched, None where that is a server's matter."""
    from netraven.archive.search_scope import SearchScope, count_series
    from netraven.cli.home import Home

    if not isinstance(home, Home):
        return None
    scope = asked.scope
    wanted = SearchScope(
        devices=scope.devices,
        tags=scope.tags,
        platforms=scope.platforms,
        config_type=asked.config_type,
    )
    with home.reading() as db:
        return count_series(db, wanted)


def _pages(home: AnyHome, asked: Asked, found: Found) -> Iterator[tuple[SearchPage, bool]]:
    """Yield the pages, each with whether it begins within the last device of the one before."""
    from netraven.cli.home import Home

    end_s = time.monotonic() + asked.deadline_s
    if isinstance(home, Home):
        pages = _pages_here(home, asked, found)
    else:
        pages = _pages_there(home, asked, end_s)
    for page, goes_on in pages:
        found.add(page)
        yield page, goes_on
        if page.cursor is None:
            continue
        if found.shown >= asked.limit:
            found.cut = f"after {output.counted(asked.limit, 'line')}; --limit shows more"
            return
        if time.monotonic() >= end_s:
            found.cut = f"at its deadline of {asked.deadline_s} s; --deadline gives it more"
            return


def _pages_there(home: RemoteHome, asked: Asked, end_s: float) -> Iterator[tuple[SearchPage, bool]]:
    from netraven.cli.remote.lines import search_pages

    wanted = {
        "pattern": asked.pattern,
        "kind": asked.kind,
        "case": asked.case,
        "at": asked.window.at,
        "since": asked.window.since,
        "until": asked.window.until,
        "device_id": asked.scope.devices,
        "tag_id": asked.scope.tags,
        "platform": asked.scope.platforms,
        "config_type": asked.config_type,
        "section": asked.section,
        "context": asked.context,
        "counts_only": asked.is_counting,
    }
    return search_pages(home.server, wanted, is_enough=asked.limit, end_s=end_s)


def _pages_here(home: Home, asked: Asked, found: Found) -> Iterator[tuple[SearchPage, bool]]:
    from netraven.archive.search_history import search_history

    cursor, goes_on = None, False
    lines, within_s = _FIRST_PAGE_LINES, _FIRST_PAGE_S
    while True:
        with home.reading() as db:
            page = search_history(
                db,
                asked.pattern,
                kind=asked.kind,
                case=asked.case,
                at=asked.window.at,
                since=asked.window.since,
                until=asked.window.until,
                devices=asked.scope.devices,
                tags=asked.scope.tags,
                platforms=asked.scope.platforms,
                config_type=asked.config_type,
                section=asked.section,
                context=asked.context,
                counts_only=asked.is_counting,
                limit=min(lines, asked.limit - found.shown),
                cursor=cursor,
                within_s=within_s,
            )
        yield page, goes_on
        cursor = page.cursor
        if cursor is None:
            return
        lines, within_s = _PAGE_LINES, _PAGE_S
        goes_on = not cursor.endswith("/0")


def _devices(
    home: AnyHome, asked: Asked, found: Found, bar: Bar | None = None
) -> Iterator[tuple[DeviceHits, bool]]:
    """Yield what is found, each with whether it goes on with the device before."""
    for page, goes_on in _pages(home, asked, found):
        if bar is not None:
            bar.advance(page.searched)
            bar.tell(output.counted(found.lines, "line"))
        for place, each in enumerate(page.devices):
            is_same = goes_on and place == 0
            if not is_same:
                found.devices += 1
                found.lines += each.count
            yield each, is_same


def _tell_json(home: AnyHome, asked: Asked) -> Found:
    found = Found()
    devices: list[dict[str, object]] = []
    lines: list[object] = []
    for each, goes_on in _devices(home, asked, found):
        if not goes_on:
            lines = []
            devices.append(
                {
                    "device_id": each.device_id,
                    "hostname": each.hostname,
                    "config_type": each.config_type,
                    "platform": each.device_type,
                    "count": each.count,
                    "lines": lines,
                }
            )
        lines += each.hits
    output.say_json(
        {
            "devices": devices,
            "lines": found.lines,
            "searched": found.searched,
            "too_young": found.too_young,
            "pruned": found.pruned,
            "not_made_yet": found.unwoven,
            "unreadable": found.unreadable,
            "complete": found.is_complete,
        }
    )
    return found

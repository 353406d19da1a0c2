"""What devices of any platform put between a login and its first prompt, and what it wants typed.

A platform's own questions come first; these are the ones that a banner, not the system, asks.
"""

from __future__ import annotations

import re
from typing import Final

_PRESS: Final = re.compile(
    r"(?i).*\b(?:press|hit|push|strike|touch)\b.{0,40}?"
    r"(?:\b(?:any|a|any other) key\b|\b(?:return|enter)\b|\bspace(?: ?bar)?\b|<[\w ]{1,12}>).*"
)
_WANTS_SPACE: Final = re.compile(r"(?i)\bspace")
_TERMS: Final = re.compile(
    r"(?i)\b(?:agree|accept|acknowledge|consent|comply|understood|understand)\w*"
)
_ENDS_AS_QUESTION: Final = re.compile(r"[:?>\])]$")
_CHOICE: Final = re.compile(
    r"(?i)[\[(<{] ?(?P<yes>y(?:es)?|agree|accept) ?[/|,]|\b(?P<or>y(?:es)?)(?: or |/)n(?:o)?\b"
)
_PROCEEDS: Final = re.compile(
    r"(?i)\W*(?:(?:do you|would you|if you)\b.{0,16}\b)?(?:continue|proceed)\b.{0,24}"
)
_USE: Final = re.compile(r"(?i)\b(?:unauthori[sz]ed|authori[sz]ed (?:use|access)|monitored)\b")
_OFFERS_CHANGE: Final = re.compile(
    r"(?i).*\b(?:change|reset|modify|update)\b.{0,60}?[\[(<{]? ?y(?:es)?/n(?:o)?\b.{0,8}"
)
_WORD: Final = re.compile(
    r"(?i)\b(?:type|enter|write|say|press|reply)\b(?: the)?(?: words?)?"
    r" ?(?P<quote>[\"'`«‹<]?)(?P<word>(?:i )?(?:agree|accept|acknowledge|consent)|yes|y|a)\b"
)
_ASKS_NAME: Final = re.compile(
    r"(?i)(?:.*[^\w-])?(?<!last )(?:user ?name|user ?id|user|login(?: name| as| id)?"
    r"|account(?: name)?|name)(?: ?\([^)]*\))? ?[:>]"
)

_ASKS_PASSWORD: Final = re.compile(
    r"(?i)(?:.*\W)?(?:password|passwd|passcode|passphrase)\b.{0,60}[:>]"
)
_ASKS_NEW: Final = re.compile(
    r"(?i)\b(?:new|old|current|re-?type|re-?enter|confirm|again|expired|change)\b"
)


def asks_for_name(line: str) -> bool:
    """Tell whether a visible last line asks for a user name."""
    return _ASKS_NAME.fullmatch(line) is not None


def asks_for_password(line: str) -> bool:
    """Tell whether a visible last line asks for a password, be it the present one or another."""
    return _ASKS_PASSWORD.fullmatch(line) is not None and _CHOICE.search(line) is None


def asks_for_new_password(line: str) -> bool:
    """Tell whether a visible last line belongs to the change of a password."""
    return asks_for_password(line) and _ASKS_NEW.search(line) is not None


def answer_to_greeting(line: str, above: str = "") -> str | None:
    """Return what is typed before Enter at a visible last line, None where it asks for nothing.

    A key that is to be pressed is pressed. Terms of use, in the line or in the text `above` it,
    are agreed to in the words that the question asks for: whoever gave NetRaven the login lets it
    in under them. An offer to change the password is declined. No other question is answered:
    nobody knows what a yes would do.
    """
    choice = _CHOICE.search(line) if _ENDS_AS_QUESTION.search(line) is not None else None
    if choice is not None and _OFFERS_CHANGE.fullmatch(line) is not None:
        return "n"
    if _TERMS.search(line) is not None and _ENDS_AS_QUESTION.search(line) is not None:
        word = _WORD.search(line)
        if word is not None:
            return word["word"]
        if choice is not None:
            return choice["yes"] or choice["or"]
    if choice is not None and _PROCEEDS.fullmatch(line) is not None and _states_terms(above):
        return choice["yes"] or choice["or"]
    if _PRESS.fullmatch(line) is not None:
        return " " if _WANTS_SPACE.search(line) is not None else ""
    return None


def _states_terms(text: str) -> bool:
    return _TERMS.search(text) is not None or _USE.search(text) is not None

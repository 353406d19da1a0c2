"""How far a capture may be believed, and why: the guard before anything is stored as good."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from netraven.db.enums import BackupStatus, Grade
from netraven.platforms.facts import read_facts
from netraven.platforms.observation import Observation, Oddity
from netraven.platforms.platform import BlockSyntax, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousCapture:
    """What is known of the device's latest completed backup: its size and its evidence."""

    size_bytes: int
    name_mark: int | None = None
    sections: int | None = None

    @classmethod
    def of(cls, size_bytes: int, evidence: Mapping[str, JsonValue] | None) -> PreviousCapture:
        """Return what a stored backup's size and evidence say; what is not there is None."""
        found = {name: (evidence or {}).get(name) for name in ("name_mark", "sections")}
        numbers = {name: value for name, value in found.items() if isinstance(value, int)}
        return cls(size_bytes=size_bytes, **numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The grade of a capture, its evidence without any text of the device, and one sentence."""

    grade: Grade
    status: BackupStatus
    evidence: dict[str, JsonValue]
    reason: str


@dataclass(frozen=True, slots=True)
class _Doubt:
    rule: str
    sentence: str
    is_failure: bool = False


def grade(
    observation: Observation, platform: Platform, previous: PreviousCapture | None
) -> Verdict:
    """Return what the capture is worth: the first doubt, in the order of suspicion, decides.

    A: complete with positive proof, B: without one, C: suspicious and quarantined, F: failed.
    """
    sections = _count_sections(observation.text, platform)
    evidence: dict[str, JsonValue] = {"sections": sections}
    if observation.encoding != "utf-8":
        evidence["encoding"] = observation.encoding
    # A bare prompt shows no name; then the configuration may say it.
    name = observation.hostname or read_facts((observation,), platform).hostname
    if name is not None:
        evidence["name_mark"] = name_mark(name)
    doubts = [
        *_doubts_of_session(observation),
        *_doubts_of_text(observation, platform),
        *_doubts_of_name(name, previous),
        *_doubts_of_size(observation.text, sections, previous),
    ]
    if doubts:
        evidence["doubts"] = [doubt.rule for doubt in doubts]
        return _doubtful(doubts, evidence)
    proof = _proof(observation, platform)
    if proof is None:
        sentence = "complete as far as can be seen; the platform shows no end of its text"
        return _verdict(Grade.B, BackupStatus.COMPLETED, evidence, sentence)
    evidence["proof"] = proof
    return _verdict(Grade.A, BackupStatus.COMPLETED, evidence, f"complete, proven by {proof}")


def doubt_in_words(evidence: Mapping[str, JsonValue] | None) -> str:
    """Return the gravest doubt that a backup's evidence names, as a sentence; "" without one."""
    doubts = (evidence or {}).get("doubts")
    if not isinstance(doubts, list) or not doubts:
        return ""
    rule = str(doubts[0])
    return _IN_WORDS.get(rule, f"the answer may have been altered: {rule.replace('_', ' ')}")


def advise_on_doubts(evidence: Mapping[str, JsonValue], platform: Platform) -> Iterator[str]:
    """Yield each doubt that the evidence names, and what would have dispelled it."""
    doubts = evidence.get("doubts")
    for rule in doubts if isinstance(doubts, list) else ():
        yield doubt_in_words({"doubts": [rule]})
        remedy = _remedy(str(rule), platform)
        if remedy:
            yield remedy


def name_mark(hostname: str) -> int:
    """Return a number that stands for a device's own name: evidence holds no text of a device."""
    return int.from_bytes(hashlib.sha256(hostname.encode("utf-8", "surrogateescape")).digest()[:6])


# Changes of fewer sections or bytes are an ordinary day's work.
_FEW_SECTIONS = 4
_SMALL_BYTES = 400

# A line is looked at where the one before it ends: four times as fast as `^` on each line. What
# was matched is not given back: no shorter match could go on.
_INDENTED_BLOCK = re.compile(r"\n[^\s!#].*+\n[ \t]++\S")
_BRACED_BLOCK = re.compile(r"\n(?=\S.*\{[ \t]*\n)")

# In the order of suspicion.
_ODDITIES = {
    Oddity.ERROR_IN_TEXT: "the device reported an error in its answer",
    Oddity.TEXT_OVERWRITTEN: "part of the answer was drawn over while it arrived",
    Oddity.LOG_LINE: "a log message or a broadcast stands in the answer",
    Oddity.PROMPT_IN_TEXT: "a prompt stands in the middle of the answer",
    Oddity.PAGER_IN_TEXT: "a pager stands in the middle of the answer",
    Oddity.MIXED_ENCODING: "the answer mixes two encodings",
    Oddity.END_IN_TEXT: "the end of the configuration stands in the middle of the answer",
    Oddity.END_IN_FREE_TEXT: "the answer ends within a banner",
    Oddity.BLOCKS_UNBALANCED: "a block of the answer is not closed",
}

# What is said of a doubt where only its rule is on record; for the rest the rule is the oddity.
_IN_WORDS: Mapping[str, str] = {
    "prompt_not_seen": "the closing prompt was not seen",
    "echo_not_seen": "the device did not echo the command",
    "empty": "the device answered with nothing",
    "not_confirmed": "the device's own proof of completeness did not agree",
    "end_missing": "the configuration breaks off before its end marker",
    "sections_missing": "sections that must be there are missing",
    "hostname_differs": "the device calls itself by another name than before",
    "size_halved": "the text shrank by more than half",
    "sections_vanished": "more than half of its sections are gone",
    **{oddity.value: sentence for oddity, sentence in _ODDITIES.items()},
}


_ADVICE: Mapping[str, str] = {
    "echo_not_seen": "a device that echoes nothing cannot be told from one that answers late",
    "not_confirmed": "a second reading that is the same would have confirmed it",
    "hostname_differs": "where the device was renamed, accept the backup with that reason",
    "size_halved": "where that much was removed on purpose, accept the backup with that reason",
    "sections_vanished": "where they were removed on purpose, accept it with that reason",
    Oddity.ERROR_IN_TEXT: "patterns under `errors` decide what an error is",
    Oddity.LOG_LINE: "a device that prints no log messages into sessions would not be doubted; "
    "patterns under `intruders` decide what one is",
    Oddity.PROMPT_IN_TEXT: "the pattern `prompt` matches a line in the middle; a block of free "
    "text under `literals` may hold such lines",
    Oddity.PAGER_IN_TEXT: "`paging_off` switches a pager off; `pagers` say how one is answered",
    Oddity.END_IN_FREE_TEXT: "a block of free text is open until the line that closes it, as "
    "`literals` says",
    Oddity.BLOCKS_UNBALANCED: "each line that ends in { needs one that is }",
}


def _remedy(rule: str, platform: Platform) -> str:
    end = platform.completeness.end_marker
    if rule == "end_missing" and end is not None:
        return f"a last line that matches `{end.pattern}` would have made it complete"
    return _ADVICE.get(rule, "")


def _verdict(
    grade: Grade, status: BackupStatus, evidence: dict[str, JsonValue], reason: str
) -> Verdict:
    return Verdict(grade=grade, status=status, evidence=evidence, reason=reason)


def _doubtful(doubts: list[_Doubt], evidence: dict[str, JsonValue]) -> Verdict:
    worst = next((doubt for doubt in doubts if doubt.is_failure), doubts[0])
    if worst.is_failure:
        return _verdict(Grade.F, BackupStatus.FAILED, evidence, worst.sentence)
    return _verdict(Grade.C, BackupStatus.QUARANTINED, evidence, worst.sentence)


def _doubts_of_session(observation: Observation) -> Iterator[_Doubt]:
    if not observation.prompt_seen:
        yield _Doubt("prompt_not_seen", _IN_WORDS["prompt_not_seen"], is_failure=True)
    if not observation.echo_seen:
        yield _Doubt("echo_not_seen", _IN_WORDS["echo_not_seen"])
    known = [oddity for oddity in _ODDITIES if oddity in observation.oddities]
    others = [oddity for oddity in observation.oddities if oddity not in _ODDITIES]
    for oddity in (*known, *others):
        words = f"the answer may have been altered: {oddity.value.replace('_', ' ')}"
        yield _Doubt(oddity.value, _ODDITIES.get(oddity, words))


def _doubts_of_text(observation: Observation, platform: Platform) -> Iterator[_Doubt]:
    completeness = platform.completeness
    if not observation.text.strip():
        # Everything else that could be said of the text follows from that.
        yield _Doubt("empty", _IN_WORDS["empty"])
        return
    if completeness.is_confirmed_by_session and observation.confirmed is not True:
        yield _Doubt("not_confirmed", _IN_WORDS["not_confirmed"])
    if completeness.end_marker is not None and not _has_end(observation, platform):
        yield _Doubt("end_missing", _IN_WORDS["end_missing"])
    missing = [s for s in completeness.sections if s.search(observation.text) is None]
    if missing:
        yield _Doubt("sections_missing", f"{len(missing)} sections that must be there are missing")


def _doubts_of_name(name: str | None, previous: PreviousCapture | None) -> Iterator[_Doubt]:
    if previous is None or previous.name_mark is None or name is None:
        return
    if name_mark(name) != previous.name_mark:
        sentence = f"the device calls itself {name}, which it did not before"
        yield _Doubt("hostname_differs", sentence)


def _doubts_of_size(text: str, sections: int, previous: PreviousCapture | None) -> Iterator[_Doubt]:
    if previous is None:
        return
    # A character has a byte at least, so most texts need not be counted.
    if previous.size_bytes >= _SMALL_BYTES and len(text) * 2 < previous.size_bytes:
        size_bytes = len(text.encode("utf-8", "surrogateescape"))
        if size_bytes * 2 < previous.size_bytes:
            sentence = f"the text shrank from {previous.size_bytes} to {size_bytes} bytes"
            yield _Doubt("size_halved", sentence)
    before = previous.sections or 0
    if before >= _FEW_SECTIONS and sections * 2 < before:
        yield _Doubt("sections_vanished", f"of {before} sections only {sections} are left")


def _has_end(observation: Observation, platform: Platform) -> bool:
    marker = platform.completeness.end_marker
    last = observation.text.rstrip().rpartition("\n")[2].rstrip()
    return marker is not None and marker.fullmatch(last) is not None


def _proof(observation: Observation, platform: Platform) -> str | None:
    if platform.completeness.end_marker is not None:
        return "its end marker"
    if not observation.confirmed:
        return None
    if platform.completeness.count is not None:
        return "its number of lines or a second reading"
    return "a second reading" if platform.completeness.reread else "its declared length"


def _count_sections(text: str, platform: Platform) -> int:
    match platform.blocks:
        case BlockSyntax.INDENT:
            return len(_INDENTED_BLOCK.findall(f"\n{text}"))
        case BlockSyntax.BRACES:
            return len(_BRACED_BLOCK.findall(f"\n{text}"))
        case BlockSyntax.FLAT:
            return 0

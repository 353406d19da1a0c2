"""What must hold after the demonstration, said in sentences and found in what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from netraven.cli.demo_story import LEGACY_CODE, Stage, Story, Sweep
from netraven.db.enums import BackupStatus, ResultStatus
from netraven.lab.faults import Fault

_LEAST_DEVICES = 40
_PLATFORMS = 7
# What the result of a device with such a fault names as its reason.
_REASONS = {
    Fault.DEAD: "unreachable",
    Fault.REFUSE_LOGIN: "login_refused",
    Fault.HANG: "timeout",
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """A sentence that must hold, and what was found instead where it does not."""

    sentence: str
    holds: bool
    found: str = ""


def expectations(stage: Stage, story: Story) -> tuple[Expectation, ...]:
    """Return every expectation, in the order of the story."""
    return (
        *_of_fleet(stage, story),
        *_of_first_sweep(stage, story.first),
        *_of_second_sweep(stage, story),
        *_of_differences(stage, story),
        *_of_archive(story),
        *_of_history(stage, story),
    )


def _of_fleet(stage: Stage, story: Story) -> Iterator[Expectation]:
    specs = stage.plan.specs
    platforms = {spec.platform for spec in specs}
    created = story.verdicts["create"]
    yield Expectation(
        f"all devices of {_PLATFORMS} platforms were imported, at least {_LEAST_DEVICES}",
        created == len(specs) >= _LEAST_DEVICES and len(platforms) == _PLATFORMS,
        f"{created} of {len(specs)} devices, {len(platforms)} platforms",
    )


def _of_first_sweep(stage: Stage, sweep: Sweep) -> Iterator[Expectation]:
    healthy = _hostnames(stage, None)
    legacy = {spec.hostname for spec in stage.plan.specs if spec.legacy}
    yield _same("the first sweep backed up every healthy device", sweep.completed, healthy - legacy)
    yield from _failures(stage, sweep, "first")
    refused = {name for name, each in sweep.results.items() if each.reason == LEGACY_CODE}
    yield _same("old SSH was refused until it was allowed for the one device", refused, legacy)


def _of_second_sweep(stage: Stage, story: Story) -> Iterator[Expectation]:
    sweep = story.second
    healthy = _hostnames(stage, None)
    changed = {change.hostname for change in stage.plan.changes}
    legacy = {spec.hostname for spec in stage.plan.specs if spec.legacy}
    yield _same("the second sweep backed up every healthy device", sweep.completed, healthy)
    yield from _failures(stage, sweep, "second")
    new = {name for name in sweep.completed if sweep.results[name].is_new}
    yield _same("only changed devices got a new version", new, changed | legacy)
    yield _none("what is stored is what the devices have, byte for byte", story.inexact)


def _failures(stage: Stage, sweep: Sweep, which: str) -> Iterator[Expectation]:
    for fault, reason in _REASONS.items():
        found = {
            name
            for name, each in sweep.results.items()
            if each.status is ResultStatus.FAILED and each.reason == reason and each.message
        }
        sentence = f"the {which} sweep tells the fault {fault} as {reason}"
        yield _same(sentence, found, _hostnames(stage, fault))
    quarantined = {
        name
        for name, each in sweep.results.items()
        if each.backup_status is BackupStatus.QUARANTINED and each.message
    }
    sentence = f"the {which} sweep put the cut output in quarantine, with a reason"
    yield _same(sentence, quarantined, _hostnames(stage, Fault.CUT))


def _of_differences(stage: Stage, story: Story) -> Iterator[Expectation]:
    shown = {each.newer.device.hostname: each.comparison for each in story.differences}
    changed = {change.hostname for change in stage.plan.changes}
    with_lines = {name for name, each in shown.items() if each.added and each.diff}
    yield _same("every change shows as lines of a diff", with_lines, changed)
    secret = {change.hostname for change in stage.plan.changes if change.changes_secret}
    tokens = {name for name in secret if _has_both_tokens(shown[name].diff)}
    yield _same("a changed secret shows as one token replaced by another", tokens, secret)
    clear = {
        name
        for name, each in shown.items()
        if any(word in each.diff for word in stage.fleet.device(name).secrets)
    }
    yield _none("no diff shows a secret in clear", sorted(clear))
    yield _none("no view shows a secret in clear", story.leaking)


def _of_archive(story: Story) -> Iterator[Expectation]:
    in_quarantine = {each.device.hostname for each in story.quarantined}
    good = {name for name in in_quarantine if name in story.second.completed}
    yield _none("nothing in quarantine counts as a good backup", sorted(good))
    usage = story.usage
    yield Expectation(
        "the archive is smaller than the texts in it",
        0 < usage.stored_bytes < usage.text_bytes,
        f"{usage.stored_bytes} bytes for {usage.text_bytes}",
    )
    yield Expectation(
        "verify read every content and found each as it was stored",
        story.findings.is_clean and story.findings.checked == usage.contents > 0,
        f"{story.findings.checked} of {usage.contents} read, "
        f"{len(story.findings.corrupt)} corrupt, {len(story.findings.unavailable)} without key",
    )


def _of_history(stage: Stage, story: Story) -> Iterator[Expectation]:
    back = story.back
    shared = Counter(change.edit.summary for change in stage.plan.changes).most_common(1)[0][0]
    wanted = {each.hostname for each in stage.plan.changes if each.edit.summary == shared}
    healthy = wanted & story.second.completed
    yield _same(
        "the search found the new time server on the devices that got it", back.hostnames, healthy
    )
    told = {line.text: line.version for line in back.annotation.lines if back.pattern in line.text}
    yield Expectation(
        "blame names the second version for the new line, the first for others",
        set(told.values()) == {2} and back.annotation.lines[0].version == 1,
        f"{sorted(told.values())}",
    )
    of_server = [each for each in back.stories if any(back.pattern in line for line in each.lines)]
    told_of = {device.hostname for each in of_server for device in each.same}
    # Two systems write the line in two ways.
    sentence = (
        "what happened to several devices is told as two stories, one for each way to write it"
    )
    yield _same(sentence, told_of if len(of_server) == 2 else (), healthy)  # noqa: PLR2004
    yield Expectation(
        "every change is in a story",
        sum(each.device_count for each in back.stories) == len(stage.plan.changes),
        f"{sum(each.device_count for each in back.stories)} of {len(stage.plan.changes)}",
    )


def _hostnames(stage: Stage, fault: Fault | None) -> set[str]:
    return {spec.hostname for spec in stage.plan.specs if spec.fault is fault}


def _has_both_tokens(diff: str) -> bool:
    with_token = [line[:1] for line in diff.splitlines() if "‹secret:" in line]
    return "-" in with_token and "+" in with_token


def _same(sentence: str, found: Collection[str], wanted: Collection[str]) -> Expectation:
    missing, surplus = set(wanted) - set(found), set(found) - set(wanted)
    parts = [f"not {_listed(missing)}"] if missing else []
    parts += [f"but {_listed(surplus)}"] if surplus else []
    return Expectation(sentence, not missing and not surplus, ", ".join(parts))


def _none(sentence: str, found: Collection[str]) -> Expectation:
    return Expectation(sentence, not found, _listed(found))


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))

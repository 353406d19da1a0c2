"""How the demonstration is told: each step with the command that an operator would type."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from netraven.cli import output
from netraven.cli.backup_run import is_good, show_bad, summed_up
from netraven.cli.backup_show import reason_of, show_diff
from netraven.cli.demo_history import show_blame, show_search, show_story
from netraven.cli.output import Column
from netraven.lab.faults import Fault

if TYPE_CHECKING:
    from netraven.cli.demo_check import Expectation
    from netraven.cli.demo_story import Difference, LookBack, Stage, Story, Sweep
    from netraven.lab.demo import DemoFleet
    from netraven.models import Backup
    from netraven.tasks.progress import DeviceDone

_TROUBLES = {
    Fault.DEAD: "does not listen",
    Fault.REFUSE_LOGIN: "refuses every login",
    Fault.HANG: "accepts, then says nothing",
    Fault.CUT: "breaks its output off",
}


class View:
    """Tells the story as it goes; silent where only figures are wanted."""

    def __init__(self, *, is_quiet: bool) -> None:
        self.is_quiet = is_quiet

    def begin(self, stage: Stage) -> None:
        """Tell what there is before anything happens."""
        self._title("A fleet to keep", "netraven init")
        specs = stage.plan.specs
        platforms = Counter(spec.platform for spec in specs)
        told = ", ".join(f"{number}×{name}" for name, number in platforms.most_common())
        self._say(f"{len(specs)} simulated devices, over real SSH on loopback: {told}.")
        self._say("Some are in trouble:")
        for spec in specs:
            if spec.fault is not None:
                self._say(f"  {spec.hostname} {_TROUBLES.get(spec.fault, spec.fault)}")
            if spec.legacy:
                self._say(f"  {spec.hostname} speaks old SSH only")

    def imported(self, verdicts: dict[str, int], plan: DemoFleet) -> None:
        """Tell what the import made of the fleet's file."""
        first, *others = plan.sites
        self._title("Import the inventory", f"netraven tag add {first} ...")
        self._command("netraven device import fleet.csv")
        counts = (f"{number} {verdict}" for verdict, number in verdicts.items() if number)
        self._say(f"{output.counted(sum(verdicts.values()), 'row')}: {', '.join(counts)}.")
        self._title("One login a site", f"netraven credential add {first} --tag {first} ...")
        self._say(f"The same for {', '.join(others)}. Passwords are sealed.")

    def sweeps(self, title: str, deadline_s: int) -> None:
        """Tell that a sweep begins."""
        self._title(title, f"netraven backup run --all --deadline {deadline_s}")

    def swept(self, sweep: Sweep, *, before: Sweep | None = None) -> None:
        """Tell what a sweep came to; what went wrong `before` in the same way is not repeated."""
        if self.is_quiet:
            return
        bad = {name: each for name, each in sweep.results.items() if not is_good(each)}
        if before is not None and _outcomes(bad) <= _outcomes(before.results):
            self._say(f"{', '.join(sorted(bad))}: as before.", style="dim")
        elif bad:
            show_bad(list(bad.values()))
            self._say("")
        output.say_text(summed_up(sweep.summary))

    def changed(self, plan: DemoFleet, allowed: tuple[str, ...]) -> None:
        """Tell what happens between the sweeps."""
        for name in allowed:
            self._title("Allow old SSH for the one that needs it")
            self._command(f"netraven device update {name} --legacy-ssh")
        self._title("Meanwhile on the network")
        where: dict[str, list[str]] = {}
        for change in plan.changes:
            where.setdefault(change.edit.summary, []).append(change.hostname)
        for summary, (first, *others) in where.items():
            more = f" (and {len(others)} more like it)" if others else ""
            self._say(f"  {first} {summary}{more}")

    def differences(self, differences: tuple[Difference, ...], plan: DemoFleet) -> None:
        """Show the change of a secret and one other change."""
        secret = {change.hostname for change in plan.changes if change.changes_secret}
        chosen = [each for each in differences if each.newer.device.hostname in secret]
        others = [each for each in differences if each not in chosen]
        for each in (*chosen, *others[-1:]):
            hostname = each.newer.device.hostname
            title = "A secret that changed" if each in chosen else "A change of another kind"
            self._title(title, f"netraven backup diff {hostname}")
            if not self.is_quiet:
                show_diff(each.older, each.newer, each.comparison)

    def quarantined(self, backups: tuple[Backup, ...]) -> None:
        """Show what was not believed, and why."""
        self._title("Not believed", "netraven backup list --status quarantined")
        if self.is_quiet:
            return
        columns = (
            Column("Backup", wraps=True),
            Column("Grade"),
            Column("Size", right=True),
            Column("Why", wraps=True),
        )
        rows = (
            (
                output.versioned(each.device.hostname, each.version),
                Text(each.grade or "-"),
                output.bytes_in_words(each.size),
                reason_of(each),
            )
            for each in backups
        )
        output.say_table(columns, rows)

    def end(self, story: Story) -> None:
        """Tell what all of it takes, and that it is sound."""
        usage = story.usage
        self._title("What it takes")
        text, stored = (
            output.bytes_in_words(size) for size in (usage.text_bytes, usage.stored_bytes)
        )
        share = usage.stored_bytes / max(usage.text_bytes, 1)
        versions = output.counted(usage.versions, "version")
        self._say(f"{versions} hold {text} of text; sealed and packed: {stored} ({share:.0%}).")
        self._title("Is all of it sound?", "netraven verify")
        read = output.counted(story.findings.checked, "content")
        if story.findings.is_clean:
            self._say(f"{read} read; every one is exactly as it was stored.", style="green")
        else:
            self._say(f"{read} read; some are not as they were stored.", style="red")
        self._look_back(story.back)
        self._say("")
        self._say(f"Done in {story.took_s:.0f} s. The home was temporary and is gone.", style="dim")
        self._say("Your own devices: `netraven init`, then docs/operations/cli.md.", style="dim")

    def _look_back(self, back: LookBack) -> None:
        if self.is_quiet:
            return
        self._title("Who has it?", f"netraven search {back.pattern}")
        show_search(back)
        self._title("Since when?", f"netraven blame {back.hostnames[0]}")
        show_blame(back)
        self._title("What happened?", "netraven changes")
        show_story(back)

    def _title(self, title: str, command: str = "") -> None:
        if self.is_quiet:
            return
        output.say("")
        output.say(title, style="bold")
        if command:
            self._command(command)

    def _command(self, command: str) -> None:
        self._say(f"$ {command}", style="cyan")

    def _say(self, sentence: str, *, style: str = "") -> None:
        if not self.is_quiet:
            output.say(sentence, style=style)


def _outcomes(results: dict[str, DeviceDone]) -> set[tuple[str, str, str | None]]:
    return {(name, each.status, each.reason) for name, each in results.items()}


def show_checks(checks: tuple[Expectation, ...]) -> None:
    """Show which expectations hold, and of the others what was found instead."""
    output.say("")
    output.say("Checked", style="bold")
    for check in checks:
        if check.holds:
            output.say_text(Text("✓ ", style="green") + Text(output.visible(check.sentence)))
        else:
            sentence = f"✗ {check.sentence}: {check.found}"
            output.say(sentence, style="red")


def figures(story: Story, checks: tuple[Expectation, ...]) -> dict[str, object]:
    """Return the story in figures, for `--json`."""
    return {
        "imported": story.verdicts,
        "first": story.first.summary,
        "second": story.second.summary,
        "quarantined": [
            output.versioned(each.device.hostname, each.version) for each in story.quarantined
        ],
        "usage": story.usage,
        "verify": story.findings,
        "found": {each.hostname: each.count for each in story.back.found},
        "stories": [[each.device_count, each.lines] for each in story.back.stories],
        "took_s": round(story.took_s, 1),
        "checks": checks,
    }

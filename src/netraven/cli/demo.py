"""`netraven demo`: the whole program at work on a simulated fleet, through the same code paths.

A temporary home, real SSH on loopback, two sweeps with changes between them. Nothing is shown
that an operator's own commands would not show.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr

from netraven import clock
from netraven.cli import output
from netraven.cli.demo_history import look_back
from netraven.cli.demo_story import LEGACY_CODE, Difference, Stage, Story, Sweep
from netraven.cli.options import AsJson
from netraven.errors import NetRavenError

if TYPE_CHECKING:
    from netraven.archive.usage import StorageUsage
    from netraven.cli.demo_view import View
    from netraven.cli.verify import Findings
    from netraven.models import Backup

DEADLINE_S = 15
"""Longest work on one device: what the silent one costs each sweep."""

# Read by the device's clock at each call, so NetRaven asks Arista's devices to leave it out.
_NOT_ASKED_FOR = "! Time: "


def demo(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Assert every outcome; end with 1 where one fails.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """See NetRaven at work on a simulated fleet, over real SSH, in a temporary home."""
    from netraven.cli import demo_view
    from netraven.cli.demo_check import expectations

    with stage_in_temporary_home() as stage:
        story = play(stage, demo_view.View(is_quiet=as_json))
        checks = expectations(stage, story)
    failed = [expectation for expectation in checks if not expectation.holds]
    if as_json:
        output.say_json(demo_view.figures(story, checks))
    elif check:
        demo_view.show_checks(checks)
    if failed and check:
        raise NetRavenError(f"{failed[0].sentence}: it does not hold ({failed[0].found})")


@contextmanager
def stage_in_temporary_home() -> Iterator[Stage]:
    """Serve the fleet and set NetRaven up beside it; both are gone afterwards."""
    from netraven.cli.home import open_installation
    from netraven.cli.init import install
    from netraven.lab.demo import demo_fleet
    from netraven.lab.fleet import Fleet, run_in_thread
    from netraven.log import configure_logging
    from netraven.settings import load_settings

    plan = demo_fleet()
    with tempfile.TemporaryDirectory(prefix="netraven-demo-") as folder:
        settings = load_settings({"NETRAVEN_HOME": str(Path(folder) / "home")})
        configure_logging(level=settings.log_level, log_format=settings.log_format)
        install(settings)
        home = open_installation(settings)
        with run_in_thread(Fleet(plan.specs, shares_host_key=True)) as fleet:
            yield Stage(plan, fleet, home)


def play(stage: Stage, view: View) -> Story:
    """Do what an operator would do, showing each step, and return what came of it."""
    began, began_at = time.monotonic(), clock.now()
    view.begin(stage)
    verdicts = _import_fleet(stage)
    view.imported(verdicts, stage.plan)
    _add_credentials(stage)
    view.sweeps("The first sweep", DEADLINE_S)
    first = _sweep(stage, is_quiet=view.is_quiet)
    inexact = _inexact(stage, first.completed)
    view.swept(first)
    allowed = _allow_legacy(stage, first)
    stage.plan.make_changes(stage.fleet)
    view.changed(stage.plan, allowed)
    view.sweeps("The second sweep", DEADLINE_S)
    second = _sweep(stage, is_quiet=view.is_quiet)
    inexact += _inexact(stage, {change.hostname for change in stage.plan.changes})
    view.swept(second, before=first)
    differences = _differences(stage)
    view.differences(differences, stage.plan)
    quarantined = _quarantined(stage)
    view.quarantined(quarantined)
    leaking = _leaking(stage, second.completed)
    usage, findings = _usage(stage), _verify(stage)
    back = look_back(stage, began_at)
    story = Story(
        verdicts=verdicts,
        first=first,
        second=second,
        differences=differences,
        quarantined=quarantined,
        inexact=inexact,
        leaking=leaking,
        usage=usage,
        findings=findings,
        back=back,
        took_s=time.monotonic() - began,
    )
    view.end(story)
    return story


def _import_fleet(stage: Stage) -> dict[str, int]:
    """Make the fleet's tags, import its CSV as `device import` does, and count the verdicts."""
    from netraven.cli.device_import import import_content
    from netraven.inventory.tags import create_tag
    from netraven.schemas.imports import RowAction
    from netraven.schemas.tag import TagCreate

    names = sorted({tag for spec in stage.plan.specs for tag in spec.tags})
    with stage.home.writing() as db:
        for name in names:
            create_tag(db, TagCreate(name=name))
    verdicts = import_content(stage.home, stage.fleet.inventory_csv().encode(), is_quiet=True)
    counts = Counter(verdict.action for verdict in verdicts)
    return {action.value: counts[action] for action in RowAction}


def _add_credentials(stage: Stage) -> None:
    """Keep one login a site and offer it to the site's devices, by their tag."""
    from netraven.cli.names import named_tag
    from netraven.schemas.credential import CredentialCreate, CredentialTagLink
    from netraven.vault.credentials import create_credential

    endpoints = stage.fleet.endpoints
    enable = next(each.enable_secret for each in endpoints if each.enable_secret)
    with stage.home.writing() as db:
        for site in stage.plan.sites:
            login = CredentialCreate(
                name=site,
                username=endpoints[0].username,
                password=SecretStr(endpoints[0].password),
                enable_secret=SecretStr(enable),
                tags=[CredentialTagLink(tag_id=named_tag(db, site).id)],
            )
            create_credential(db, login)


def _sweep(stage: Stage, *, is_quiet: bool) -> Sweep:
    from netraven.cli.backup_run import chosen_devices, sweep
    from netraven.db.enums import RunStatus

    with stage.home.reading() as db:
        device_ids = chosen_devices(db, [], [], everything=True)
    done, summary = sweep(stage.home, device_ids, deadline_s=DEADLINE_S, is_quiet=is_quiet)
    if summary.status is RunStatus.CANCELLED:
        raise KeyboardInterrupt
    return Sweep(summary, {each.hostname: each for each in done})


def _allow_legacy(stage: Stage, sweep: Sweep) -> tuple[str, ...]:
    """Do for devices that speak old SSH only what the message of their failure says."""
    from netraven.cli.names import named_device
    from netraven.inventory.devices import update_device
    from netraven.schemas.device import DeviceUpdate

    names = [name for name, each in sweep.results.items() if each.reason == LEGACY_CODE]
    with stage.home.writing() as db:
        for name in names:
            device = named_device(db, name)
            update_device(db, device.id, DeviceUpdate(legacy_ssh=True))
    return tuple(sorted(names))


def _differences(stage: Stage) -> tuple[Difference, ...]:
    """Return what changed on each device that was changed, as `backup diff` shows it."""
    from netraven.archive.views import redacted_diff
    from netraven.cli.names import last_two_versions

    found = []
    with stage.home.reading() as db:
        for change in stage.plan.changes:
            older, newer = last_two_versions(db, change.hostname)
            comparison = redacted_diff(db, older.id, newer.id, with_volatile=False)
            if comparison is not None:
                found.append(Difference(older, newer, comparison))
    return tuple(found)


def _quarantined(stage: Stage) -> tuple[Backup, ...]:
    from netraven.archive.backups import get_backups

    with stage.home.reading() as db:
        return tuple(get_backups(db, status="quarantined"))


def _inexact(stage: Stage, hostnames: Iterable[str]) -> tuple[str, ...]:
    """Return the devices whose stored text is not, byte for byte, what they have."""
    from netraven.archive.backups import get_backup_content_bytes
    from netraven.cli.names import named_backup

    wrong = []
    with stage.home.reading() as db:
        for hostname in sorted(hostnames):
            stored = get_backup_content_bytes(db, named_backup(db, hostname).id)
            lines = stage.fleet.device(hostname).running_config().splitlines(keepends=True)
            asked_for = [line for line in lines if not line.startswith(_NOT_ASKED_FOR)]
            if stored != "".join(asked_for).encode():
                wrong.append(hostname)
    return tuple(wrong)


def _leaking(stage: Stage, hostnames: Iterable[str]) -> tuple[str, ...]:
    """Return the devices whose view shows one of their secrets in clear."""
    from netraven.archive.views import get_redacted_content
    from netraven.cli.names import named_backup

    leaking = []
    with stage.home.reading() as db:
        for hostname in sorted(hostnames):
            view = get_redacted_content(db, named_backup(db, hostname).id) or ""
            if any(secret in view for secret in stage.fleet.device(hostname).secrets):
                leaking.append(hostname)
    return tuple(leaking)


def _usage(stage: Stage) -> StorageUsage:
    from netraven.archive.usage import get_storage_usage

    with stage.home.reading() as db:
        return get_storage_usage(db)


def _verify(stage: Stage) -> Findings:
    from netraven.cli.verify import verify_contents

    return verify_contents(stage.home, is_quiet=True)

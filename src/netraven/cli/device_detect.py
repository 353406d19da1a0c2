"""`netraven device detect`: which platform a device says it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Deadline, DeviceName

if TYPE_CHECKING:
    from netraven.cli.home import Home
    from netraven.tasks.probing import ProbedDevice


def detect_platform(
    name: DeviceName,
    *,
    change: Annotated[
        bool, typer.Option("--change", help="Give the device the platform, even if it has another.")
    ] = False,
    deadline: Deadline = None,
    as_json: AsJson = False,
) -> None:
    """Ask a device which platform it is, by at most three harmless commands.

    A device that was added without a platform gets the one that it says. Nothing is guessed:
    where not exactly one platform names itself, it tells what was seen.
    """
    from netraven.cli.home import open_home
    from netraven.cli.names import named_device

    home = open_home()
    with home.reading() as db:
        device = named_device(db, name)
        before, device_id = device.device_type, device.id
    found = find_out(home, device_id, device.hostname, deadline_s=deadline, is_quiet=as_json)
    platform = found.probe.platform.name if found.probe.error is None else None
    if change and platform is not None:
        _change(home, device_id, platform)
    if as_json:
        output.say_json(
            {
                "hostname": found.target.hostname,
                "platform": platform,
                "was": before,
                "error": None if found.probe.error is None else str(found.probe.error),
                "steps": found.probe.steps,
            }
        )
    elif found.probe.error is None:
        _say_found(found, before, is_changed=change)
    if found.probe.error is not None:
        raise found.probe.error


def find_out(
    home: Home,
    device_id: UUID,
    hostname: str,
    *,
    deadline_s: float | None = None,
    is_quiet: bool = False,
) -> ProbedDevice:
    """Return what a walk to the device found out; a device without a platform is given it."""
    from netraven.tasks.probing import probe_device

    with output.waiting(f"Asking {hostname} what it is", is_quiet=is_quiet):
        return probe_device(
            home.sessions, device_id, actor=home.actor, deadline_s=deadline_s, is_anything=True
        )


def _say_found(found: ProbedDevice, before: str, *, is_changed: bool) -> None:
    from netraven.platforms.undetermined import UNDETERMINED

    name, platform = found.target.hostname, found.probe.platform
    told = f"{name} is {platform.label} ({platform.name})"
    if before in {platform.name, UNDETERMINED.name} or is_changed:
        output.say(f"{told}.", style="green")
    else:
        output.say(
            f"{told}, but its platform is set to {before};"
            f" `netraven device detect {name} --change` corrects it."
        )


def _change(home: Home, device_id: UUID, platform: str) -> None:
    from netraven.inventory.devices import update_device
    from netraven.schemas.device import DeviceUpdate

    with home.writing() as db:
        update_device(db, device_id, DeviceUpdate(device_type=platform))

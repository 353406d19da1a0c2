"""`netraven device`: the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import hostkey, output
from netraven.cli.device_detect import detect_platform, find_out
from netraven.cli.device_import import import_devices_from
from netraven.cli.device_list import list_devices, show_device
from netraven.cli.device_options import (
    PORTS,
    CredentialName,
    HostKeyPolicy,
    JumpName,
    LegacySsh,
    PlatformName,
    Port,
    Telnet,
    Text,
)
from netraven.cli.device_probe import try_device
from netraven.cli.device_update import change_device
from netraven.cli.noun import Noun
from netraven.cli.options import AsJson, DeviceName, Yes

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.schemas.device import DeviceRead

UNKNOWN = "auto"
"""The platform of a device that has not been asked yet."""

app = typer.Typer(help="Keep the inventory of devices.", no_args_is_help=True)


@app.command("add")
def add_device(
    hostname: Annotated[str, typer.Argument(help="Name of the device, unique.")],
    address: Annotated[str, typer.Argument(help="IP address or name to connect to.")],
    *,
    platform: PlatformName = None,
    port: Port = None,
    telnet: Telnet = None,
    credential: CredentialName = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="NAME", help="Tag it; may be repeated.")
    ] = None,
    jump: JumpName = None,
    host_key_policy: HostKeyPolicy = None,
    legacy_ssh: LegacySsh = None,
    site: Text = None,
    description: Text = None,
    serial_number: Text = None,
    model: Text = None,
    notes: Text = None,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Keep it, but leave it out of runs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a device; without a platform it is asked at once which one it is."""
    from netraven.cli import names
    from netraven.cli.home import reach_home
    from netraven.inventory.devices import create_device
    from netraven.schemas.device import DeviceCreate, DeviceRead

    home, protocol = reach_home(), "telnet" if telnet else "ssh"
    with home.writing() as db:
        wanted = {
            "hostname": hostname,
            "ip_address": address,
            "device_type": names.platform_name(platform or UNKNOWN, home.platforms),
            "port": port or PORTS[protocol],
            "protocol": protocol,
            "legacy_ssh": bool(legacy_ssh),
            "host_key_policy": host_key_policy,
            "site": site,
            "description": description,
            "serial_number": serial_number,
            "model": model,
            "notes": notes,
            "enabled": not disabled,
            "jump_device_id": names.named_device(db, jump).id if jump else None,
            "credential_id": names.named_credential(db, credential).id if credential else None,
            "tag_ids": [names.named_tag(db, name).id for name in tag or ()],
        }
        device = create_device(db, DeviceCreate.model_validate(wanted))
        created = DeviceRead.model_validate(device)
    if platform is None and not disabled:
        created = _ask_platform(home, created, is_quiet=as_json)
    if as_json:
        output.say_json(created)
    else:
        insecure = ", telnet: not encrypted" if telnet else ""
        told = f"{created.ip_address}, {created.device_type}{insecure}"
        output.say(f"Added {created.hostname} ({told}).")


def _ask_platform(home: AnyHome, created: DeviceRead, *, is_quiet: bool) -> DeviceRead:
    """Return the device with the platform that it says it is; without one it stays `auto`."""
    from netraven.cli.home import Home
    from netraven.cli.names import named_device
    from netraven.errors import DevicesFailed
    from netraven.schemas.device import DeviceRead

    if not isinstance(home, Home):
        output.note("Its platform is not known yet; the first backup asks it.", style="yellow")
        return created
    try:
        error: Exception | None = find_out(
            home, created.id, created.hostname, is_quiet=is_quiet
        ).probe.error
    except DevicesFailed as fault:
        error = fault
    if error is not None:
        name = created.hostname
        output.note(
            f"Its platform is not known yet: {error}. `netraven device detect {name}` and every"
            " backup ask again.",
            style="yellow",
        )
    with home.reading() as db:
        return DeviceRead.model_validate(named_device(db, str(created.id)))


app.command("list")(list_devices)
app.command("show")(show_device)
app.command("update")(change_device)


@app.command("delete")
def remove_device(name: DeviceName, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a device with all its backups; pinned ones protect it."""
    from netraven.archive.backups import count_backups
    from netraven.archive.devices import delete_device
    from netraven.cli import names
    from netraven.cli.home import reach_home
    from netraven.cli.questions import confirm

    home = reach_home()
    with home.reading() as db:
        device = names.named_device(db, name)
        backups = count_backups(db, device.id)
    confirm(f"Delete {device.hostname} with {output.counted(backups, 'backup')}?", is_answered=yes)
    with home.writing() as db:
        delete_device(db, device.id)
    if as_json:
        output.say_json({"deleted": device.id, "hostname": device.hostname, "backups": backups})
    else:
        output.say(f"Deleted {device.hostname} and {output.counted(backups, 'backup')}.")


app.command("import")(import_devices_from)
app.command("test")(try_device)
app.command("detect")(detect_platform)
app.add_typer(hostkey.app, name="hostkey", cls=Noun)

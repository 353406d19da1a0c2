"""`netraven device`: the inventory."""

from __future__ import annotations

from typing import Annotated

import typer

from netraven.cli import hostkey, output
from netraven.cli.device_import import import_devices_from
from netraven.cli.device_list import list_devices, show_device
from netraven.cli.device_options import (
    CredentialName,
    HostKeyPolicy,
    JumpName,
    LegacySsh,
    PlatformName,
    Port,
    Text,
)
from netraven.cli.device_probe import try_device
from netraven.cli.device_update import change_device
from netraven.cli.noun import Noun
from netraven.cli.options import AsJson, DeviceName, Yes

app = typer.Typer(help="Keep the inventory of devices.", no_args_is_help=True)


@app.command("add")
def add_device(
    hostname: Annotated[str, typer.Argument(help="Name of the device, unique.")],
    address: Annotated[str, typer.Argument(help="IP address or name to connect to.")],
    *,
    platform: PlatformName,
    port: Port = 22,
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
    """Add a device."""
    from netraven.cli import names
    from netraven.cli.home import open_home
    from netraven.inventory.devices import create_device
    from netraven.schemas.device import DeviceCreate, DeviceRead

    home = open_home()
    with home.writing() as db:
        wanted = {
            "hostname": hostname,
            "ip_address": address,
            "device_type": names.platform_name(platform, home.platforms),
            "port": port,
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
    if as_json:
        output.say_json(created)
    else:
        output.say(f"Added {created.hostname} ({created.ip_address}, {created.device_type}).")


app.command("list")(list_devices)
app.command("show")(show_device)
app.command("update")(change_device)


@app.command("delete")
def remove_device(name: DeviceName, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a device with all its backups; pinned ones protect it."""
    from netraven.archive.backups import count_backups
    from netraven.archive.devices import delete_device
    from netraven.cli import names
    from netraven.cli.home import open_home
    from netraven.cli.questions import confirm

    home = open_home()
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
app.add_typer(hostkey.app, name="hostkey", cls=Noun)
